/**
 * Runs `work` under a signal that aborts after `timeoutMs`, or with `outer`. Unlike `AbortSignal.timeout()` it leaves no
 * timer behind when the work is done earlier.
 *
 * @param isMoving asked when the time is over: where it holds there is as much again
 */
export async function withDeadline<T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  isMoving: () => boolean = () => false
): Promise<T> {
  const controller = new AbortController()
  const expire = (): void => {
    if (isMoving()) timer = setTimeout(expire, timeoutMs)
    else controller.abort(new Error(`it took longer than ${timeoutMs} ms`))
  }
  let timer = setTimeout(expire, timeoutMs)
  const abort = (): void => {
    controller.abort(outer?.reason)
  }
  outer?.addEventListener('abort', abort)
  if (outer?.aborted === true) abort()
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', abort)
  }
}

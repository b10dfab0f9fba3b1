/** What a process held open at one time. Node only. */
export interface LeakCheck {
  /**
   * Fails where the process holds more than when the check began.
   *
   * @param options.graceMs how long to wait for things that close asynchronously @default 2_000
   * @throws {LeakError}
   */
  done(options?: { graceMs?: number }): Promise<void>
}

/** The process still holds sockets, timers or the like that it did not hold before. */
export class LeakError extends Error {
  static override readonly name = 'LeakError'
  override readonly name = 'LeakError'
  readonly code = 'ERR_LEAK'
  /** Kinds of resources, one entry for each that is left, as `process.getActiveResourcesInfo()` names them. */
  readonly resources: readonly string[]

  constructor(resources: readonly string[]) {
    super(`left behind: ${resources.join(', ')}: close whatever the test has opened`)
    this.resources = resources
  }
}

/** Comes and goes by itself: what Node does in its thread pool, and what it has queued for this very turn. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'Immediate',
  'FSReqCallback',
  'FSReqPromise',
  'GetAddrInfoReqWrap'
])

/**
 * Notes what the process holds open now, to be compared with later.
 *
 * @example
 * ```ts
 * const leaks = leakCheck()
 * await something()
 * await leaks.done()
 * ```
 */
export function leakCheck(): LeakCheck {
  const before = count(process.getActiveResourcesInfo())
  return {
    async done({ graceMs = 2_000 } = {}) {
      const deadline = performance.now() + graceMs
      for (;;) {
        const left = excess(before, count(process.getActiveResourcesInfo()))
        if (left.length === 0) return
        if (performance.now() > deadline) throw new LeakError(left)
        // The check's own timer must not count: by the time this resolves it is gone.
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }
}

function count(resources: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of resources) {
    if (!TRANSIENT.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function excess(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  const left: string[] = []
  for (const [name, now] of after) {
    for (let extra = now - (before.get(name) ?? 0); extra > 0; extra--) left.push(name)
  }
  return left
}

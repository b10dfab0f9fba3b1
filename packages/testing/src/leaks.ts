import { createHook } from 'node:async_hooks'

/** What a process held open at one time. Node only. */
export interface LeakCheck {
  /**
   * Fails where the process holds more than when the check began. The check is over then.
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
  /** One entry for each resource that is left; a timer says where it was set. */
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

/** Timers are told apart one by one: a test runner sets its own after the check has begun. */
const TIMER = 'Timeout'

/** Where timers are set that are nobody's leak. */
const RUNNERS = /[/\\]node_modules[/\\]mocha[/\\]|node:internal\/test_runner/

const OWN_OF_TIMERS = /node:(internal\/)?(timers|async_hooks)/

const POLL_MS = 10

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
  const timers = new TimerWatch()
  return {
    async done({ graceMs = 2_000 } = {}) {
      try {
        for (let waitedMs = 0; ; waitedMs += POLL_MS) {
          const left = [...excess(before, count(process.getActiveResourcesInfo())), ...timers.left()]
          if (left.length === 0) return
          if (waitedMs >= graceMs) throw new LeakError(left)
          await timers.pause(POLL_MS)
        }
      } finally {
        timers.stop()
      }
    }
  }
}

/** Knows every timer set since it was made that is neither run, nor cleared, nor unreferenced. */
class TimerWatch {
  readonly #timers = new Map<number, { timer: NodeJS.Timeout; place: string }>()
  readonly #hook = createHook({
    init: (id, type, _trigger, resource) => {
      if (type !== TIMER || this.#pausing) return
      const place = placeOf(new Error('set').stack ?? '')
      if (!RUNNERS.test(place)) this.#timers.set(id, { timer: resource as NodeJS.Timeout, place })
    },
    destroy: (id) => {
      this.#timers.delete(id)
    }
  })
  #pausing = false

  constructor() {
    this.#hook.enable()
  }

  left(): string[] {
    return [...this.#timers.values()]
      .filter(({ timer }) => timer.hasRef())
      .map(({ place }) => `${TIMER} set ${place}`)
  }

  /** Waits by a timer that does not count. */
  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#pausing = true
      setTimeout(resolve, ms)
      this.#pausing = false
    })
  }

  stop(): void {
    this.#hook.disable()
  }
}

/** The first line of a stack that is neither this file's nor of Node's own timers and hooks. */
function placeOf(stack: string): string {
  const lines = stack.split('\n').slice(1)
  const line = lines.find((each) => !each.includes(import.meta.filename) && !OWN_OF_TIMERS.test(each))
  return line?.trim() ?? 'somewhere'
}

function count(resources: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of resources) {
    if (name !== TIMER && !TRANSIENT.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
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

/** Time as a session sees it. Tests hand in a virtual one, such as that of `@hearsay/testing`. */
export interface Clock {
  /** Milliseconds since the Unix epoch; never runs backwards. */
  now(): number
  /** Calls `callback` once after `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

/** The real time: monotonic, unlike `Date.now()`. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => {
    clearTimeout(handle as ReturnType<typeof setTimeout>)
  }
}

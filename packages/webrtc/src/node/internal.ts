/** The key to constructors that scripts may not call. */
export const INTERNAL = Symbol('hearsay.internal')

/** @throws {TypeError} as Web IDL has it for interfaces without a constructor */
export function requireInternal(key: unknown): void {
  if (key !== INTERNAL) throw new TypeError('Illegal constructor')
}

/** Tasks of one connection, in order, each in a turn of the event loop of its own (webrtc-pc, "queue a task"). */
export class TaskQueue {
  #pending = 0

  queue(task: () => void): void {
    this.#pending++
    setImmediate(() => {
      this.#pending--
      task()
    })
  }

  /**
   * Whether no task waits. What comes out of a socket is in a turn of its own already, and may then be run at once.
   */
  get isIdle(): boolean {
    return this.#pending === 0
  }
}

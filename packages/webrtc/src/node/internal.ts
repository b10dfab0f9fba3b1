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

  /** For what comes out of a socket: that is a turn of its own already, unless earlier tasks still wait. */
  runInOrder(task: () => void): void {
    if (this.#pending === 0) task()
    else this.queue(task)
  }
}

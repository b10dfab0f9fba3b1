/** The operations chain of webrtc-pc §4.4.1.2: one operation at a time, in order. */
export class OperationsChain {
  readonly #operations: (() => void)[] = []
  readonly #isClosed: () => boolean
  readonly #onEmpty: () => void

  /** @param onEmpty called when the last operation has ended */
  constructor(isClosed: () => boolean, onEmpty: () => void) {
    this.#isClosed = isClosed
    this.#onEmpty = onEmpty
  }

  get isEmpty(): boolean {
    return this.#operations.length === 0
  }

  /**
   * Runs an operation when those before it have ended. After `close()` the promise never settles, as the standard has
   * it.
   */
  chain<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#isClosed()) {
      return Promise.reject(new DOMException('the connection is closed', 'InvalidStateError'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const run = (): void => {
      // What the operation throws rejects too.
      const ended = (async () => operation())()
      ended.then(
        (value) => {
          this.#settle(() => {
            resolve(value)
          })
        },
        (error: unknown) => {
          this.#settle(() => {
            reject(error)
          })
        }
      )
    }
    this.#operations.push(run)
    if (this.#operations.length === 1) run()
    return promise
  }

  #settle(settle: () => void): void {
    if (this.#isClosed()) return
    settle()
    // What hangs on the promise goes first.
    queueMicrotask(() => {
      if (this.#isClosed()) return
      this.#operations.shift()
      if (this.#operations.length > 0) this.#operations[0]()
      else this.#onEmpty()
    })
  }
}

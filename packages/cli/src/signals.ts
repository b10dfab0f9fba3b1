import { EXIT } from './exit-code.ts'

/**
 * Aborts on SIGINT and SIGTERM, so that the command closes what it opened; a second signal ends the process at once.
 */
export class SignalListener implements Disposable {
  readonly #controller = new AbortController()
  #interrupted = false

  constructor() {
    process.on('SIGINT', this.#onInterrupt)
    process.on('SIGTERM', this.#onTerminate)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** SIGINT came. */
  get interrupted(): boolean {
    return this.#interrupted
  }

  /** Ends the command for another reason, such as output that nobody reads. */
  stop(): void {
    this.#controller.abort()
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onInterrupt)
    process.off('SIGTERM', this.#onTerminate)
  }

  readonly #onInterrupt = (): void => {
    this.#interrupted = true
    this.#abortOrExit(EXIT.interrupted)
  }

  readonly #onTerminate = (): void => {
    this.#abortOrExit(EXIT.failed)
  }

  #abortOrExit(code: number): void {
    if (this.#controller.signal.aborted) {
      process.exit(code)
    }
    this.#controller.abort()
  }
}

import { Certificate } from './certificate.ts'

/** Certificates kept ready: as many connections as are commonly opened at one go. */
const DEFAULT_SIZE = 4

/** A certificate is not handed out with less than this to live. */
const MIN_LIFETIME_LEFT_MS = 24 * 60 * 60 * 1000

/** Runs a task when the loop is free; not worth staying alive for. */
export type Defer = (task: () => void) => void

function whenIdle(task: () => void): void {
  setImmediate(task).unref()
}

/**
 * Certificates made ahead of time, one at a time when the event loop is free, so that no connection waits for
 * its keys. Each is handed out once: connections with the same certificate could be linked by who sees them.
 */
export class CertificatePool {
  readonly #size: number
  readonly #defer: Defer
  readonly #ready: Certificate[] = []
  #isFilling = false

  /**
   * @param size certificates to keep ready @default 4
   * @param defer how to put work off @default `setImmediate`, which does not keep the process alive
   */
  constructor({ size = DEFAULT_SIZE, defer = whenIdle }: { size?: number; defer?: Defer } = {}) {
    this.#size = size
    this.#defer = defer
    this.#fill()
  }

  /** A certificate of its own for each caller; made on the spot if none is ready. */
  take(now = Date.now()): Certificate {
    let certificate = this.#ready.shift()
    while (certificate !== undefined && certificate.expires - now < MIN_LIFETIME_LEFT_MS) {
      certificate = this.#ready.shift()
    }
    this.#fill()
    return certificate ?? Certificate.generate({ now })
  }

  #fill(): void {
    if (this.#isFilling || this.#ready.length >= this.#size) return
    this.#isFilling = true
    this.#defer(() => {
      this.#isFilling = false
      this.#ready.push(Certificate.generate())
      this.#fill()
    })
  }
}

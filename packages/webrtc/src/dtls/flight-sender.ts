import type { Flight } from './flight.ts'

/** No flight waits longer, so that a link that comes back is soon made use of. */
const MAX_TIMEOUT_MS = 3_000

/** After so many timeouts the path may be dropping our size rather than our luck (RFC 6347, section 4.1.1.1). */
const TIMEOUTS_BEFORE_SMALLER = 3

/** What IPv4 hosts must take in one piece, 576 bytes, less the headers of IP, UDP and TURN. */
const SMALL_MTU = 508

/** The flight in the air, and when to send it again (RFC 6347, section 4.2.4). */
export class FlightSender {
  readonly #initialTimeoutMs: number
  readonly #mtu: number
  #flight: Flight | undefined
  #timeoutMs = 0
  #timeouts = 0
  #sentAt = 0
  #isTimed = false

  constructor(initialTimeoutMs: number, mtu: number) {
    this.#initialTimeoutMs = initialTimeoutMs
    this.#mtu = mtu
  }

  get flight(): Flight | undefined {
    return this.#flight
  }

  /** Largest datagram to pack the flight into. */
  get mtu(): number {
    return this.#timeouts >= TIMEOUTS_BEFORE_SMALLER ? Math.min(this.#mtu, SMALL_MTU) : this.#mtu
  }

  /** When the flight is to be sent again, in ms, or undefined. */
  get dueAt(): number | undefined {
    return this.#isTimed ? this.#sentAt + this.#timeoutMs : undefined
  }

  /** A new flight goes out now. The last flight of a handshake is not timed: nothing answers it. */
  begin(flight: Flight, isTimed: boolean, now: number): void {
    this.#flight = flight
    this.#isTimed = isTimed
    this.#timeoutMs = this.#initialTimeoutMs
    this.#timeouts = 0
    this.#sentAt = now
  }

  /** The timer fired and the flight goes out again. */
  noteTimeout(now: number): void {
    this.#timeouts++
    this.#timeoutMs = Math.min(this.#timeoutMs * 2, MAX_TIMEOUT_MS)
    this.#sentAt = now
  }

  /**
   * The peer repeats what this flight answers: true if the flight is to go out again. At most once in half a
   * timeout, or each repeated or forged record would set off a flight; what repeats before an untimed one is
   * authentic, and cannot be replayed.
   */
  noteRepeat(now: number): boolean {
    if (this.#flight === undefined) return false
    if (this.#isTimed && now - this.#sentAt < this.#timeoutMs / 2) return false
    this.#sentAt = now
    return true
  }

  stop(): void {
    this.#flight = undefined
    this.#isTimed = false
  }
}

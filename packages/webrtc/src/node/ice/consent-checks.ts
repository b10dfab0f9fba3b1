import type { CandidatePair } from 'werift'
import { Consent, type ConsentChange } from './consent.ts'
import type { ConnectionInternals } from './werift.ts'

/** An answer counts as missed after twice the round trip, and not before this (RFC 8445 §14.3). */
const MIN_RESPONSE_TIMEOUT_MS = 500
const RESPONSE_TIMEOUT_MARGIN_MS = 200

/** Asks the peer for its consent on one pair, again and again until `stop()`. */
export class ConsentChecks {
  readonly pair: CandidatePair
  readonly #connection: ConnectionInternals
  readonly #onChange: (change: Exclude<ConsentChange, 'none'>) => void
  readonly #consent = new Consent(performance.now())
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(
    connection: ConnectionInternals,
    pair: CandidatePair,
    onChange: (change: Exclude<ConsentChange, 'none'>) => void
  ) {
    this.#connection = connection
    this.pair = pair
    this.#onChange = onChange
    this.#schedule()
  }

  stop(): void {
    this.#abort.abort()
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#abort.signal.aborted) return
    this.#timer = setTimeout(() => {
      void this.#check()
    }, this.#consent.nextDelay(Math.random()))
  }

  async #check(): Promise<void> {
    const answered = await this.#ask()
    if (this.#abort.signal.aborted) return
    const now = performance.now()
    const change = answered ? this.#consent.onAnswer(now) : this.#consent.onMiss(now)
    if (change !== 'none') this.#onChange(change)
    if (change !== 'expired') this.#schedule()
  }

  async #ask(): Promise<boolean> {
    const { pair } = this
    const { localUsername, remoteUsername, remotePassword, iceControlling } = this.#connection
    const request = this.#connection.buildRequest({
      nominate: iceControlling,
      localUsername,
      remoteUsername,
      iceControlling,
      localCandidate: pair.localCandidate
    })
    const doubleRtt = (pair.rtt ?? 0) * 2000
    const responseTimeout = Math.max(MIN_RESPONSE_TIMEOUT_MS, doubleRtt + RESPONSE_TIMEOUT_MARGIN_MS)
    const sentAt = performance.now()
    pair.consentRequestsSent++
    pair.requestsSent++
    try {
      const key = Buffer.from(remotePassword, 'utf8')
      const { signal } = this.#abort
      await pair.protocol.request(request, pair.remoteAddr, key, {
        retransmissions: 0,
        responseTimeout,
        signal
      })
    } catch {
      return false
    }
    pair.rtt = (performance.now() - sentAt) / 1000
    pair.totalRoundTripTime += pair.rtt
    pair.roundTripTimeMeasurements++
    pair.responsesReceived++
    return true
  }
}

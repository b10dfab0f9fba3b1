import type { Clock } from '@hearsay/session'
import { SeededRandom } from '@hearsay/testing'
import type { FakePeerConnection } from './fake-peer-connection.ts'

export interface FakeNetworkOptions {
  seed?: number
  /** One-way delay. */
  delayMs?: number
  /** Bytes a millisecond that one connection sends; what waits counts as `bufferedAmount`. */
  bytesPerMs?: number
  /** Probability that a message of a channel without retransmissions is lost. */
  loss?: number
  /** Delay of the reflexive candidate after the host candidates. */
  reflexiveDelayMs?: number
  maxMessageSize?: number
}

/** Where fake peer connections find each other: by the ICE user name fragments in their descriptions. */
export class FakeNetwork {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly options: Required<FakeNetworkOptions>
  readonly connections = new Set<FakePeerConnection>()
  /** No two connections find each other any more. */
  unreachable = false

  constructor(clock: Clock, options: FakeNetworkOptions = {}) {
    this.clock = clock
    this.options = {
      seed: 1,
      delayMs: 5,
      bytesPerMs: 10_000,
      loss: 0,
      reflexiveDelayMs: 0,
      maxMessageSize: 262_144,
      ...options
    }
    this.random = new SeededRandom(this.options.seed)
  }

  /** Connections that are neither closed nor crashed. */
  get open(): readonly FakePeerConnection[] {
    return [...this.connections].filter((connection) => connection.connectionState !== 'closed')
  }

  iceChars(length: number): string {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
    return Array.from({ length }, () => alphabet.charAt(this.random.integer(0, alphabet.length - 1))).join('')
  }

  /** Connects the pair that knows each other's descriptions, as ICE and DTLS would. */
  tryToConnect(one: FakePeerConnection): void {
    const remoteFingerprint = one.remoteFingerprint
    const other = this.open.find(
      (candidate) =>
        candidate !== one && candidate.ufrag === one.remoteUfrag && candidate.remoteUfrag === one.ufrag
    )
    if (this.unreachable || other === undefined || remoteFingerprint === undefined) return
    // DTLS: each side presents its own certificate.
    if (!equal(remoteFingerprint, other.fingerprint) || !equal(other.remoteFingerprint, one.fingerprint))
      return
    this.clock.setTimeout(() => {
      one.connectTo(other)
      other.connectTo(one)
    }, this.options.delayMs * 4)
  }
}

function equal(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && one.every((byte, index) => byte === other[index])
}

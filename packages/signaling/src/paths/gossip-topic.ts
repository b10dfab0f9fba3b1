import type { ComponentLogger, Logger, PeerId } from '@libp2p/interface'
import { compareBytes } from '../bytes.ts'
import { decodeEnvelope } from '../envelope/envelope.ts'
import { PathUnavailableError } from '../errors.ts'
import { TokenBucket } from '../quota/token-bucket.ts'
import type { Arrival, SignalingPath } from '../path.ts'
import { peerIdBytes, publicKeyOf } from '../peer-key.ts'

/**
 * What we put on a room's topic at most, dials and answers together: a message costs each member about 2 ms of CPU, so
 * one who uses up the rate costs everybody 7 % of a core.
 */
const PUBLISH_BURST = 64
const PUBLISHES_PER_SECOND = 32

/** A message as gossipsub delivers it, with who passed it on. */
export interface GossipMessage {
  readonly propagationSource: PeerId
  readonly msg:
    | { readonly type: 'signed'; readonly from: PeerId; readonly topic: string; readonly data: Uint8Array }
    | { readonly type: 'unsigned'; readonly topic: string; readonly data: Uint8Array }
}

/** The part of gossipsub that this path needs. It must sign (StrictSign, which is its default). */
export interface GossipPubSub {
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  getTopics(): string[]
  getSubscribers(topic: string): PeerId[]
  publish(topic: string, data: Uint8Array): Promise<unknown>
  addEventListener(type: 'gossipsub:message', listener: (event: CustomEvent<GossipMessage>) => void): void
  removeEventListener(type: 'gossipsub:message', listener: (event: CustomEvent<GossipMessage>) => void): void
}

export interface GossipTopicComponents {
  pubsub: GossipPubSub
  logger: ComponentLogger
}

export interface GossipTopicInit {
  /** The room's topic. */
  topic: string
  /** Our own peer ID: what is addressed to others is dropped at once. */
  localPeer: string
}

/** The path to everybody in a room, which everybody pays for. The recipient stands in the clear. */
export class GossipTopicPath implements SignalingPath {
  readonly name: string = 'gossip'
  readonly cost = 100
  readonly kind = 'broadcast'
  readonly #pubsub: GossipPubSub
  readonly #topic: string
  readonly #recipient: Uint8Array
  readonly #log: Logger
  readonly #budget = new TokenBucket(PUBLISH_BURST, PUBLISHES_PER_SECOND, performance.now())
  readonly #listener = ({ detail }: CustomEvent<GossipMessage>) => this.#handle(detail)
  #receive: ((envelope: Uint8Array, arrival: Arrival) => void) | undefined
  #subscribed = false

  /** @throws {UnsupportedKeyError} `localPeer` is not an Ed25519 peer ID */
  constructor({ pubsub, logger }: GossipTopicComponents, { topic, localPeer }: GossipTopicInit) {
    this.#pubsub = pubsub
    this.#topic = topic
    this.#recipient = peerIdBytes(publicKeyOf(localPeer))
    this.#log = logger.forComponent('hearsay:signaling:gossip')
  }

  /** Somebody has joined the topic: whether the peer is among those who hear of it, nobody can know. */
  reaches(): boolean {
    return this.#receive !== undefined && this.#pubsub.getSubscribers(this.#topic).length > 0
  }

  async send(_remotePeer: string, envelope: Uint8Array): Promise<void> {
    if (!this.#budget.take(performance.now())) {
      throw new PathUnavailableError(this.name, 'we have said enough to the whole room for now')
    }
    try {
      await this.#pubsub.publish(this.#topic, envelope)
    } catch (cause) {
      // Just after a subscription nobody may be there yet: whoever sends tries again.
      throw new PathUnavailableError(this.name, 'nobody has subscribed to the topic yet', { cause })
    }
  }

  async start(receive: (envelope: Uint8Array, arrival: Arrival) => void): Promise<void> {
    this.#receive = receive
    this.#pubsub.addEventListener('gossipsub:message', this.#listener)
    // Somebody else (presence) may use the topic too.
    this.#subscribed = !this.#pubsub.getTopics().includes(this.#topic)
    if (this.#subscribed) {
      this.#pubsub.subscribe(this.#topic)
    }
  }

  async stop(): Promise<void> {
    this.#receive = undefined
    this.#pubsub.removeEventListener('gossipsub:message', this.#listener)
    if (this.#subscribed) {
      this.#subscribed = false
      this.#pubsub.unsubscribe(this.#topic)
    }
  }

  #handle({ msg, propagationSource }: GossipMessage): void {
    if (msg.topic !== this.#topic || msg.type !== 'signed') {
      return
    }
    const recipient = decodeEnvelope(msg.data)?.recipient
    if (recipient === undefined || compareBytes(recipient, this.#recipient) !== 0) {
      return
    }
    this.#log.trace('an envelope of %s through %s', msg.from, propagationSource)
    this.#receive?.(msg.data, {
      path: this.name,
      origin: msg.from.toString(),
      neighbour: propagationSource.toString()
    })
  }
}

import { AbortError } from '@hearsay/session'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { defaultLogger } from '@libp2p/logger'
import { Broadcast } from '../../src/broadcast/broadcast.ts'
import { sealFlood } from '../../src/broadcast/flood-seal.ts'
import { MeshMetrics } from '../../src/metrics.ts'
import { RecordedMetrics } from './recorded-metrics.ts'
import { floodOf, INSTANCE } from './floods.ts'
import type { BroadcastInit } from '../../src/broadcast/broadcast.ts'
import type { KnownOrigin } from '../../src/broadcast/broadcast-core.ts'
import type { Flood } from '../../src/broadcast/flood.ts'
import type { MeshMessage } from '../../src/index.ts'
import type { TopicValidatorResult } from '@libp2p/gossipsub'
import type { Ed25519PrivateKey } from '@libp2p/interface'

export const ROOM = { topic: '/room', broadcastKey: new Uint8Array(32).fill(7) }

const TOPIC = '/room/broadcast'

type Validator = (
  neighbour: { toString(): string },
  message: { data: Uint8Array }
) => Promise<TopicValidatorResult>

/** `Broadcast` of one member, in whose place of gossipsub, presence and sessions a test stands. */
export class BroadcastMember {
  readonly broadcast: Broadcast
  readonly peerId: string
  readonly known = new Map<string, KnownOrigin>()
  /** Peers with a session that make room for nothing. */
  readonly stuck = new Set<string>()
  /** Members that answer nobody. */
  readonly lost = new Set<string>()
  /** What has left for each, in bytes. */
  bytesSent: () => number = () => 0
  /** Peers with a session; what is sent to them fails where there is an error. */
  readonly sessions = new Map<string, Error | undefined>()
  readonly published: Uint8Array[] = []
  readonly copies: { peerId: string; message: unknown; mark: number }[] = []
  readonly metrics = new RecordedMetrics()
  subscribers = 1
  readonly #validators = new Map<string, Validator>()
  readonly #privateKey: Ed25519PrivateKey

  private constructor(privateKey: Ed25519PrivateKey, options: Partial<BroadcastInit>) {
    this.#privateKey = privateKey
    const peerId = peerIdFromPrivateKey(privateKey)
    this.peerId = peerId.toString()
    const { known, sessions } = this
    const pubsub = {
      topicValidators: this.#validators,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
      getSubscribers: () => Array.from({ length: this.subscribers }),
      publish: (_topic: string, data: Uint8Array) => Promise.resolve(this.published.push(data))
    }
    this.broadcast = new Broadcast({
      components: { peerId, pubsub: pubsub as never, logger: defaultLogger() },
      privateKey,
      room: ROOM,
      instance: INSTANCE,
      channels: {},
      presence: {
        get size() {
          return known.size
        },
        get: (peer) => known.get(peer) as never,
        isFull: false,
        setSettled: () => undefined
      },
      sessions: () => ({
        get peers() {
          return [...sessions.keys()].map((peer) => ({ peerId: peer })) as never
        },
        peer: (peer) => (sessions.has(peer) ? ({ peerId: peer } as never) : undefined),
        lost: this.lost,
        bytesSentTo: () => this.bytesSent(),
        sendBroadcast: (peer, message, { mark, signal }) => {
          if (this.stuck.has(peer)) return untilAborted(signal)
          const error = sessions.get(peer)
          if (error !== undefined) {
            sessions.delete(peer)
            return Promise.reject(error)
          }
          this.copies.push({ peerId: peer, message, mark })
          return Promise.resolve()
        }
      }),
      maxMembers: 100,
      admit: () => Promise.resolve(true),
      floods: true,
      metrics: new MeshMetrics(this.metrics, {
        peers: () => 0,
        members: () => 0,
        neighbours: () => 0
      }),
      ...options
    })
    this.broadcast.start()
  }

  static async create(options: Partial<BroadcastInit> = {}): Promise<BroadcastMember> {
    return new BroadcastMember(await generateKeyPair('Ed25519'), options)
  }

  /** Whose presence both know. */
  static async pair(options: Partial<BroadcastInit> = {}): Promise<[BroadcastMember, BroadcastMember]> {
    const [one, other] = await Promise.all([BroadcastMember.create(), BroadcastMember.create(options)])
    one.meet(other)
    other.meet(one)
    return [one, other]
  }

  meet({ peerId }: BroadcastMember, known: KnownOrigin = { instance: INSTANCE, settled: 0 }): void {
    this.known.set(peerId, known)
    this.broadcast.handleMember(peerId)
  }

  /** A flood as it would say it, made by hand. */
  seal(flood: Partial<Flood> = {}): Promise<Uint8Array> {
    const nonce = crypto.getRandomValues(new Uint8Array(24))
    const body = new TextEncoder().encode('"by hand"')
    return sealFlood({ ...floodOf(1), body, ...flood }, this.#privateKey, { ...ROOM, topic: TOPIC }, nonce)
  }

  /** What gossipsub is told to do with what a neighbour passes on. */
  async hear(data: Uint8Array, neighbour = 'neighbour'): Promise<TopicValidatorResult | undefined> {
    return this.#validators.get(TOPIC)?.(neighbour, { data })
  }

  /** Takes so many messages. */
  async take(count: number): Promise<MeshMessage[]> {
    const iterator = this.broadcast.messages[Symbol.asyncIterator]()
    const taken: MeshMessage[] = []
    while (taken.length < count) {
      const { value } = await iterator.next()
      if (value === undefined) break
      taken.push(value)
    }
    return taken
  }

  get results(): ReadonlySet<string> {
    return this.metrics.keys('hearsay_flooded_broadcasts_total')
  }
}

/** As a channel without credit. */
function untilAborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new AbortError(signal)))
  })
}

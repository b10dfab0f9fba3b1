import { AbortError, bytesCodec, jsonCodec, PayloadEncodeError, textCodec } from '@hearsay/session'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { Alarm, monotonicNow } from '../alarm.ts'
import { DEFAULT_CHANNEL } from '../constants.ts'
import { withDeadline } from '../deadline.ts'
import {
  BroadcastRateError,
  BroadcastTimeoutError,
  BroadcastTooLargeError,
  BroadcastUnheardError,
  MeshClosedError,
  reasonOf
} from '../errors.ts'
import { BroadcastCore, OWN_BURST, OWN_PER_SECOND } from './broadcast-core.ts'
import { MAX_BODY_BYTES } from './flood.ts'
import { FloodDelivery } from './flood-delivery.ts'
import { openFlood, sealFlood } from './flood-seal.ts'
import type { HearsayComponents } from '../components.ts'
import type { BroadcastOptions, BroadcastResult, MeshMessage } from '../mesh.ts'
import type { MeshMetrics } from '../metrics.ts'
import type { Presence } from '../presence/presence.ts'
import type { Member } from '../presence/presence-table.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { BroadcastOutput, FloodVerdict } from './broadcast-core.ts'
import type { Flood } from './flood.ts'
import type { BroadcastRoom } from './flood-seal.ts'
import type { ChannelCodec, ChannelOptions } from '@hearsay/session'
import type { Message } from '@libp2p/gossipsub'
import type { Ed25519PrivateKey, Logger, PeerId } from '@libp2p/interface'

export interface BroadcastInit {
  readonly components: Pick<HearsayComponents, 'peerId' | 'pubsub' | 'logger'>
  readonly privateKey: Ed25519PrivateKey
  /** The room's gossipsub topic; broadcasts have one of their own beneath it. */
  readonly room: BroadcastRoom
  readonly instance: Uint8Array
  /** Declared channels, by label: the default one's codec writes what is flooded, too. */
  readonly channels: Readonly<Record<string, ChannelOptions>>
  readonly presence: Pick<Presence, 'size' | 'get' | 'isFull' | 'setSettled'>
  /** Those with peers that are in the room; the lost ones may be of others. */
  readonly sessions: () => Pick<SessionRegistry, 'peers' | 'peer' | 'lost' | 'sendBroadcast' | 'bytesSentTo'>
  /** The counter of a broadcast of ours. @default this room has counters of its own */
  readonly nextCounter?: () => number
  readonly maxMembers: number
  /** Whether a member without a session may speak to us. */
  readonly admit: (peerId: string) => Promise<boolean>
  /** Whether to flood where nobody says. */
  readonly floods: boolean
  /** How long a copy waits for its peer to make room. @default 5 seconds, and half a second where it did not before */
  readonly copyTimeouts?: CopyTimeouts
  readonly metrics: MeshMetrics
}

interface CopyTimeouts {
  readonly ms: number
  /** For a peer that made no room for the copy before. */
  readonly lateMs: number
}

/**
 * A peer that reads makes room within a round trip. One that does not read, and may never, keeps the sender from its
 * next broadcast so long, and the others with it; once is enough.
 */
const COPY_TIMEOUTS: CopyTimeouts = { ms: 5_000, lateMs: 500 }

/** A peer that takes so much meanwhile reads, and has as much time again: a copy may have megabytes. */
const LEAST_BYTES_PER_SECOND = 16_384

/** Presence forgets some members for others: we keep account of those for a while. */
const ORIGINS_PER_MEMBER = 2

/** Signatures that are being verified at the same time; who floods must not fill memory. */
const MAX_VERIFYING = 256

/** What a member says to its whole room: over sessions, and by gossip to those without one, each once at most. */
export class Broadcast {
  readonly #init: BroadcastInit
  readonly #room: BroadcastRoom
  readonly #core: BroadcastCore
  readonly #codec: ChannelCodec<unknown>
  readonly #delivery: FloodDelivery
  readonly #log: Logger
  readonly #alarm = new Alarm((now) => {
    this.#core.handleTimeout(now)
    this.#drain()
  })
  /** Who waits for a verdict, by ticket. */
  readonly #tickets = new Map<number, (verdict: FloodVerdict) => void>()
  /** Connected peers that made no room for the last copy in time. */
  readonly #late = new Set<string>()
  #ticket = 0
  #verifying = 0
  #running = false
  /** Floods are sealed one after another, so that they leave in order. */
  #sealing: Promise<unknown> = Promise.resolve()

  constructor(init: BroadcastInit) {
    this.#init = init
    // A topic of its own: what is refused here must not be charged to those who carry signaling or presence.
    this.#room = { topic: `${init.room.topic}/broadcast`, broadcastKey: init.room.broadcastKey }
    this.#log = init.components.logger.forComponent('hearsay:broadcast')
    this.#codec = codecOf(init.channels[DEFAULT_CHANNEL]?.codec)
    this.#delivery = new FloodDelivery({ ...init, codec: this.#codec, log: this.#log })
    this.#core = new BroadcastCore(
      {
        localPeer: init.components.peerId.toString(),
        lookUp: (peerId) => init.presence.get(peerId),
        isPartial: () => init.presence.isFull,
        ...(init.nextCounter !== undefined && { nextCounter: init.nextCounter }),
        maxOrigins: ORIGINS_PER_MEMBER * init.maxMembers
      },
      monotonicNow()
    )
  }

  /** What came by gossip. */
  get messages(): AsyncIterable<MeshMessage, undefined> {
    return this.#delivery.messages
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    const { pubsub } = this.#init.components
    pubsub.topicValidators.set(this.#room.topic, this.#validate)
    pubsub.subscribe(this.#room.topic)
  }

  /** Hears and says nothing more. */
  stop(): void {
    if (!this.#running) return
    const { pubsub } = this.#init.components
    this.#core.handleClose()
    this.#drain()
    this.#running = false
    this.#alarm.set(undefined)
    this.#delivery.close()
    pubsub.topicValidators.delete(this.#room.topic)
    pubsub.unsubscribe(this.#room.topic)
  }

  /** `Mesh.broadcast()`. */
  async send(message: unknown, options: BroadcastOptions = {}): Promise<BroadcastResult> {
    const { signal, flood = this.#init.floods } = options
    signal?.throwIfAborted()
    const sessions = this.#init.sessions()
    const { presence } = this.#init
    const counter = this.#core.nextCounter()
    const peers = sessions.peers.map(({ peerId }) => peerId)
    const isAnybodyLeft = presence.isFull || this.#membersBeside(peers) > 0
    const early = flood && isAnybodyLeft ? this.#flood(message, counter) : undefined
    const sent: string[] = []
    const failed: { peerId: string; error: Error }[] = []
    await Promise.all(
      peers.map(async (peerId) => {
        try {
          await this.#sendCopy(peerId, message, counter, signal)
          sent.push(peerId)
        } catch (error) {
          failed.push({ peerId, error: errorOf(error) })
        }
      })
    )
    // Whose session has ended meanwhile can still be reached.
    const isAnybodyLost = failed.some(({ peerId }) => this.#isWithoutSession(peerId))
    const late = flood && early === undefined && isAnybodyLost ? this.#flood(message, counter) : undefined
    const floodError = await (early ?? late)
    return {
      sent,
      failed,
      unconnected: this.#membersBeside(sent),
      flooded: (early ?? late) !== undefined && floodError === undefined,
      ...(floodError !== undefined && { floodError })
    }
  }

  /** A broadcast came over a session. @returns whether it is to be delivered */
  acceptCopy(peerId: string, instance: Uint8Array, counter: number): boolean {
    return this.#core.handleCopy(peerId, instance, counter, monotonicNow())
  }

  /** A session can be used, or cannot any more. */
  handleSession(peerId: string, isUsable: boolean): void {
    if (!isUsable) this.#late.delete(peerId)
    this.#core.handleSession(peerId, isUsable, monotonicNow())
    this.#drain()
  }

  /** Presence tells of a member, or something new of it. */
  handleMember(peerId: string): void {
    this.#core.handleMember(peerId, monotonicNow())
    this.#drain()
  }

  /** A member has left, as far as presence can tell. */
  handleLeft(member: Member): void {
    this.#core.handleLeft(member.peerId, member, monotonicNow())
  }

  /** Takes it back where the peer makes no room in time: nobody is to wait for who does not read. */
  async #sendCopy(peerId: string, message: unknown, mark: number, outer?: AbortSignal): Promise<void> {
    const { copyTimeouts: { ms, lateMs } = COPY_TIMEOUTS } = this.#init
    const sessions = this.#init.sessions()
    const timeoutMs = this.#late.has(peerId) ? lateMs : ms
    let before = sessions.bytesSentTo(peerId)
    const isMoving = (): boolean => {
      const atLeast = before + (LEAST_BYTES_PER_SECOND * timeoutMs) / 1_000
      before = sessions.bytesSentTo(peerId)
      return before >= atLeast
    }
    const send = (signal: AbortSignal): Promise<void> =>
      sessions.sendBroadcast(peerId, message, { mark, signal })
    try {
      await withDeadline(timeoutMs, outer, send, isMoving)
    } catch (error) {
      if (!(error instanceof AbortError) || outer?.aborted === true) throw error
      if (sessions.peer(peerId) !== undefined) this.#late.add(peerId)
      throw new BroadcastTimeoutError(peerId, timeoutMs, error)
    }
    this.#late.delete(peerId)
  }

  /** Without those that are lost: most are dead, and to flood for them until presence forgets them would cost everybody. */
  #membersBeside(peerIds: readonly string[]): number {
    const { presence, sessions } = this.#init
    const left = new Set([...peerIds, ...sessions().lost])
    return presence.size - [...left].filter((peerId) => presence.get(peerId) !== undefined).length
  }

  #isWithoutSession(peerId: string): boolean {
    const { presence, sessions } = this.#init
    return sessions().peer(peerId) === undefined && presence.get(peerId) !== undefined
  }

  /** @returns why it was not flooded, where it was not */
  #flood(message: unknown, counter: number): Promise<Error | undefined> {
    const flooding = this.#sealing.then(async () => {
      try {
        await this.#publish(message, counter)
        return undefined
      } catch (error) {
        return errorOf(error)
      }
    })
    this.#sealing = flooding
    return flooding
  }

  async #publish(message: unknown, counter: number): Promise<void> {
    const { components, privateKey, instance } = this.#init
    const body = this.#encode(message)
    if (body.length > MAX_BODY_BYTES) throw new BroadcastTooLargeError(body.length, MAX_BODY_BYTES)
    if (!this.#running) throw new MeshClosedError()
    if (components.pubsub.getSubscribers(this.#room.topic).length === 0) throw new BroadcastUnheardError()
    if (!this.#core.allowsFlooding(monotonicNow())) throw new BroadcastRateError(OWN_BURST, OWN_PER_SECOND)
    const flood = { instance, counter, codec: this.#codec.name, body }
    const nonce = crypto.getRandomValues(new Uint8Array(24))
    const sealed = await sealFlood(flood, privateKey, this.#room, nonce)
    await components.pubsub.publish(this.#room.topic, sealed)
    this.#core.handleFlooded(counter, monotonicNow())
    this.#drain()
  }

  #encode(message: unknown): Uint8Array {
    try {
      return this.#codec.encode(message)
    } catch (cause) {
      throw new PayloadEncodeError(`the message cannot be encoded: ${reasonOf(cause)}`, { cause })
    }
  }

  /** Refused is only what anybody in the room could have seen to be no flood of its: the rest is nobody's fault. */
  readonly #validate = async (neighbour: PeerId, { data }: Message): Promise<TopicValidatorResult> => {
    const { metrics } = this.#init
    const now = monotonicNow()
    if (this.#verifying >= MAX_VERIFYING || !this.#core.allowsOpening(neighbour.toString(), now)) {
      metrics.flood('busy')
      return TopicValidatorResult.Ignore
    }
    const opened = openFlood(data, this.#room)
    if (opened === 'foreign') {
      metrics.flood('foreign')
      return TopicValidatorResult.Ignore
    }
    if (opened === undefined) {
      metrics.flood('invalid')
      return TopicValidatorResult.Reject
    }
    const { origin, flood } = opened
    const refusal = this.#core.screen(origin, flood, now)
    if (refusal !== undefined) {
      metrics.flood(refusal)
      return TopicValidatorResult.Ignore
    }
    this.#verifying++
    const isSigned = await opened.verify()
    this.#verifying--
    if (!isSigned) {
      metrics.flood('invalid')
      return TopicValidatorResult.Reject
    }
    const verdict = await this.#judge(neighbour.toString(), origin, flood)
    if (verdict === 'accepted') return TopicValidatorResult.Accept
    metrics.flood(verdict)
    return TopicValidatorResult.Ignore
  }

  #judge(neighbour: string, origin: string, flood: Flood): Promise<FloodVerdict> {
    if (!this.#running) return Promise.resolve('unknown')
    return new Promise((resolve) => {
      const ticket = ++this.#ticket
      this.#tickets.set(ticket, resolve)
      this.#core.handleFlood({ ticket, neighbour, origin, flood }, monotonicNow())
      this.#drain()
    })
  }

  #drain(): void {
    for (let output = this.#core.pollOutput(); output !== undefined; output = this.#core.pollOutput()) {
      this.#handle(output)
    }
    if (this.#running) this.#alarm.set(this.#core.pollTimeout())
  }

  #handle(output: BroadcastOutput): void {
    switch (output.type) {
      case 'judged':
        this.#tickets.get(output.ticket)?.(output.verdict)
        this.#tickets.delete(output.ticket)
        break
      case 'deliver':
        this.#delivery.deliver(output.origin, output.flood).catch((error: unknown) => {
          this.#log.error('%e', error)
        })
        break
      case 'settled':
        this.#init.presence.setSettled(output.counter)
        break
    }
  }
}

const CODECS = { bytes: bytesCodec, text: textCodec, json: jsonCodec }

/** As sessions take it, which check it. */
function codecOf(codec: ChannelOptions['codec'] = 'json'): ChannelCodec<unknown> {
  return typeof codec === 'string' ? CODECS[codec] : codec
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(reasonOf(error))
}

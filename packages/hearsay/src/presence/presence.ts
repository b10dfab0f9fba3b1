import { TypedEventEmitter } from 'main-event'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { Alarm, monotonicNow } from '../alarm.ts'
import { fingerprintOf } from './fingerprint.ts'
import { knownRecord } from './known-record.ts'
import { PresenceCore } from './presence-core.ts'
import {
  MAX_ADDRESS_BYTES,
  MAX_ADDRESSES,
  MAX_INTRODUCERS,
  MAX_SERVICES,
  PASSIVE_SERVICE
} from './presence-record.ts'
import { openPresence, sealPresence } from './presence-seal.ts'
import { PresenceStreams } from './presence-streams.ts'
import type { HearsayComponents } from '../components.ts'
import type { MeshMetrics } from '../metrics.ts'
import type { PresenceOutput, RecordArrival } from './presence-core.ts'
import type { PresenceDoor } from './presence-door.ts'
import type { OpenedPresence, PresenceRoom } from './presence-seal.ts'
import type { Member, RecordVerdict } from './presence-table.ts'
import type { Message, SubscriptionChangeData } from '@libp2p/gossipsub'
import type { Ed25519PrivateKey, Logger, PeerId } from '@libp2p/interface'

export interface PresenceEvents {
  discovered: CustomEvent<Member>
  updated: CustomEvent<{ member: Member; restarted: boolean }>
  left: CustomEvent<{ member: Member; reason: 'goodbye' | 'expired' | 'forgotten' }>
  /** That process has said goodbye to the room, whether or not it was known as a member. */
  departed: CustomEvent<{ peerId: string; instance: Uint8Array }>
  /** The newer instance of our own identity. */
  superseded: CustomEvent<Uint8Array>
  /** A connected peer has proven to be in the room: it passes on what we say. To subscribe proves nothing. */
  neighbour: CustomEvent<string>
}

export interface PresenceInit {
  readonly components: HearsayComponents
  readonly privateKey: Ed25519PrivateKey
  readonly door: PresenceDoor
  /** The room's gossipsub topic; presence has one of its own beneath it. */
  readonly room: PresenceRoom
  readonly instance: Uint8Array
  /** What this process has said in the room before, if it was in it before: the last sequence. @default 0 */
  readonly sequence?: number
  /** Up to which counter our broadcasts are old when we come into the room. @default 0 */
  readonly settled?: number
  readonly ttlMs: number
  readonly maxMembers: number
  /** Whether we connect to nobody unbidden, now: asked when a record is made, and no reason to make one. */
  readonly isPassive: () => boolean
  readonly metrics: MeshMetrics
}

/** What gossipsub does with a record after each verdict; a full table here must not keep it from others. */
const VALIDATION: Record<RecordVerdict, TopicValidatorResult> = {
  accepted: TopicValidatorResult.Accept,
  renewed: TopicValidatorResult.Accept,
  'table-full': TopicValidatorResult.Accept,
  stale: TopicValidatorResult.Ignore,
  'too-often': TopicValidatorResult.Ignore,
  own: TopicValidatorResult.Ignore
}

/** Records from gossip that are being opened at the same time; who floods must not fill memory. */
const MAX_OPENING = 256

/** Presence in libp2p: says who we are, hears who the others are, over streams to neighbours and, once, by gossip. */
export class Presence extends TypedEventEmitter<PresenceEvents> {
  readonly #init: PresenceInit
  readonly #room: PresenceRoom
  readonly #core: PresenceCore
  readonly #streams: PresenceStreams
  readonly #log: Logger
  readonly #alarm = new Alarm((now) => {
    this.#core.handleTimeout(now)
    this.#drain()
  })
  /** By fingerprint: what comes twice at the same time is verified once. */
  readonly #opening = new Map<string, Promise<OpenedPresence | undefined>>()
  #announced = ''
  #introducers: readonly string[] = []
  #services: readonly string[] = []
  #settled: number
  #running = false
  /** Records are sealed one after another, so that they leave in order. */
  #sealing: Promise<void> = Promise.resolve()

  constructor(init: PresenceInit) {
    super()
    this.#init = init
    this.#settled = init.settled ?? 0
    // A topic of its own: what signaling and presence each refuse must not be charged to those who carry the other.
    this.#room = { topic: `${init.room.topic}/presence`, presenceKey: init.room.presenceKey }
    this.#log = init.components.logger.forComponent('hearsay:presence')
    this.#core = new PresenceCore({
      localPeer: init.components.peerId.toString(),
      instance: init.instance,
      sequence: init.sequence ?? 0,
      random: Math.random,
      ttlMs: init.ttlMs,
      maxMembers: init.maxMembers
    })
    this.#streams = new PresenceStreams({
      components: init.components,
      door: init.door,
      room: this.#room,
      onOpen: (link, remotePeer, isInitiator) => {
        this.#core.handleLinkOpen(link, remotePeer, isInitiator, monotonicNow())
        this.safeDispatchEvent('neighbour', { detail: remotePeer })
        this.#drain()
      },
      onFrame: (link, frame) => {
        this.#core.handleFrame(link, frame, monotonicNow())
        this.#drain()
      },
      onClose: (link) => {
        this.#core.handleLinkClosed(link, monotonicNow())
        this.#drain()
      }
    })
  }

  get size(): number {
    return this.#core.table.size
  }

  /** There may be members that we know nothing of. */
  get isFull(): boolean {
    return this.#core.table.isFull
  }

  /** Of our last record: who comes back to a room goes on from there. */
  get sequence(): number {
    return this.#core.sequence
  }

  members(): Member[] {
    return [...this.#core.table.members()]
  }

  get(peerId: string): Member | undefined {
    return this.#core.table.get(peerId)
  }

  /** Peer IDs of the members through which that one can be reached, as it says; empty where it is not known. */
  introducersOf(peerId: string): readonly string[] {
    return this.#core.table.get(peerId)?.introducers ?? []
  }

  /** The record held of a member, as it signed and sealed it: evidence of its instance to any other member. */
  sealedRecordOf(peerId: string): Uint8Array | undefined {
    return this.#core.table.entry(peerId)?.known.sealed
  }

  /** Takes a sealed record that came otherwise, from whoever: it counts if it is sound. */
  async receive(sealed: Uint8Array, from: string): Promise<void> {
    const opened = await this.#open(fingerprintOf(sealed), sealed)
    if (!this.#running || opened?.verdict !== 'verified') return
    this.#init.metrics.presenceRecord(this.#core.handlePublished(opened.known, from, monotonicNow()))
    this.#drain()
  }

  /** Says through which members we can be reached: peer IDs of Ed25519 keys, the first `MAX_INTRODUCERS` of them. */
  setIntroducers(peerIds: readonly string[]): void {
    const introducers = peerIds.slice(0, MAX_INTRODUCERS)
    if (sameTexts(introducers, this.#introducers)) return
    this.#introducers = introducers
    this.#changed()
  }

  /** Says what we do for others, by short names such as 'stun': the first of them, one less than `MAX_SERVICES`. */
  setServices(names: readonly string[]): void {
    const services = names.slice(0, MAX_SERVICES - 1)
    if (sameTexts(services, this.#services)) return
    this.#services = services
    this.#changed()
  }

  /** Says up to which counter our broadcasts are old; it only rises. */
  setSettled(counter: number): void {
    if (counter <= this.#settled) return
    this.#settled = counter
    this.#changed()
  }

  async start(): Promise<void> {
    if (this.#running) return
    this.#running = true
    const { pubsub, events } = this.#init.components
    pubsub.topicValidators.set(this.#room.topic, this.#validate)
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    events.addEventListener('self:peer:update', this.#onAddresses)
    pubsub.subscribe(this.#room.topic)
    this.#announced = this.#addressText()
    this.#changed()
    if (pubsub.getSubscribers(this.#room.topic).length > 0) this.#core.handleAudience(monotonicNow())
    await this.#streams.start()
    this.#drain()
  }

  /** Says goodbye and falls silent. */
  async stop(): Promise<void> {
    if (!this.#running) return
    const { pubsub, events } = this.#init.components
    events.removeEventListener('self:peer:update', this.#onAddresses)
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
    this.#core.handleClose()
    this.#drain()
    await this.#sealing
    this.#running = false
    this.#alarm.set(undefined)
    await this.#streams.stop()
    pubsub.topicValidators.delete(this.#room.topic)
    pubsub.unsubscribe(this.#room.topic)
  }

  readonly #validate = async (neighbour: PeerId, { data }: Message): Promise<TopicValidatorResult> => {
    const fingerprint = fingerprintOf(data)
    if (!this.#core.isNeeded(fingerprint) || this.#opening.size >= MAX_OPENING) {
      return TopicValidatorResult.Ignore
    }
    const opened = await this.#open(fingerprint, data)
    if (opened === undefined) return TopicValidatorResult.Reject
    if (!this.#running || opened.verdict !== 'verified') return TopicValidatorResult.Ignore
    const verdict = this.#core.handlePublished(opened.known, neighbour.toString(), monotonicNow())
    this.#init.metrics.presenceRecord(verdict)
    this.#drain()
    return VALIDATION[verdict]
  }

  readonly #onSubscription = ({ detail }: CustomEvent<SubscriptionChangeData>): void => {
    if (!detail.subscriptions.some(({ topic, subscribe }) => subscribe && topic === this.#room.topic)) return
    this.#streams.handleNeighbour(detail.peerId.toString())
    this.#core.handleAudience(monotonicNow())
    this.#drain()
  }

  readonly #onAddresses = (): void => {
    const addresses = this.#addressText()
    if (addresses === this.#announced) return
    this.#announced = addresses
    this.#changed()
  }

  #changed(): void {
    if (!this.#running) return
    this.#core.handleChange(monotonicNow())
    this.#drain()
  }

  #drain(): void {
    for (let output = this.#core.pollOutput(); output !== undefined; output = this.#core.pollOutput()) {
      this.#handle(output)
    }
    if (this.#running) this.#alarm.set(this.#core.pollTimeout())
  }

  #handle(output: PresenceOutput): void {
    switch (output.type) {
      case 'send':
        this.#streams.send(output.link, output.frame)
        break
      case 'close':
        this.#streams.close(output.link, output.reason)
        break
      case 'open':
        void this.#openArrival(output.arrival, output.sealed)
        break
      case 'seal':
        this.#seal(output)
        break
      case 'publish':
        this.#publish(output.sealed)
        break
      case 'discovered':
        this.#log('heard of %s', output.member.peerId)
        this.safeDispatchEvent('discovered', { detail: output.member })
        break
      case 'updated':
        this.safeDispatchEvent('updated', { detail: { member: output.member, restarted: output.restarted } })
        break
      case 'left':
        this.#log('%s left: %s', output.member.peerId, output.reason)
        this.safeDispatchEvent('left', { detail: { member: output.member, reason: output.reason } })
        break
      case 'departed':
        this.safeDispatchEvent('departed', { detail: output })
        break
      case 'superseded':
        this.safeDispatchEvent('superseded', { detail: output.instance })
        break
    }
  }

  async #openArrival(arrival: RecordArrival, sealed: Uint8Array): Promise<void> {
    const opened = await this.#open(arrival.fingerprint, sealed, arrival)
    const now = monotonicNow()
    if (opened === undefined) this.#core.handleUnsound(arrival, now)
    else if (opened.verdict === 'foreign') this.#core.handleForeign(arrival, now)
    else if (opened.verdict === 'stale') this.#core.handleStale(arrival, opened.peerId, opened.record, now)
    else this.#init.metrics.presenceRecord(this.#core.handleOpened(arrival, opened.known, now))
    this.#drain()
  }

  async #open(
    fingerprint: string,
    sealed: Uint8Array,
    arrival?: RecordArrival
  ): Promise<OpenedPresence | undefined> {
    const pending = this.#opening.get(fingerprint)
    if (pending !== undefined) return pending
    const opening = openPresence(sealed, this.#room, (peerId, record) =>
      this.#core.isNews(peerId, record, arrival, monotonicNow())
    )
    this.#opening.set(fingerprint, opening)
    const opened = await opening
    this.#opening.delete(fingerprint)
    if (opened?.verdict !== 'verified') this.#init.metrics.presenceRecord(opened?.verdict ?? 'invalid')
    return opened
  }

  #seal({ sequence, ttlMs, gone }: Extract<PresenceOutput, { type: 'seal' }>): void {
    const passive = this.#init.isPassive() ? [PASSIVE_SERVICE] : []
    const record = {
      instance: this.#init.instance,
      sequence,
      ttlMs,
      addresses: gone ? [] : this.#addresses(),
      introducers: gone ? [] : this.#introducers,
      services: gone ? [] : [...passive, ...this.#services],
      gone,
      settled: this.#settled
    }
    const nonce = crypto.getRandomValues(new Uint8Array(24))
    this.#sealing = this.#sealing
      .then(async () => {
        const sealed = await sealPresence(record, this.#init.privateKey, this.#room, nonce)
        const known = knownRecord(this.#init.components.peerId.toString(), record, sealed)
        this.#core.handleSealed(known, monotonicNow())
        this.#drain()
      })
      .catch((error: unknown) => this.#log.error('could not seal our record - %e', error))
  }

  #publish(sealed: Uint8Array): void {
    this.#init.components.pubsub
      .publish(this.#room.topic, sealed)
      .catch((error: unknown) => this.#log.error('could not publish - %e', error))
  }

  /** Each without our own peer ID at its end, which the record's signature gives. */
  #addresses(): Uint8Array[] {
    const ending = `/p2p/${this.#init.components.peerId.toString()}`
    return this.#init.components.addressManager
      .getAddresses()
      .map((address) => (address.toString().endsWith(ending) ? address.decapsulate(ending) : address).bytes)
      .filter(({ length }) => length > 0 && length <= MAX_ADDRESS_BYTES)
      .slice(0, MAX_ADDRESSES)
  }

  #addressText(): string {
    return this.#init.components.addressManager.getAddresses().join(' ')
  }
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index])
}

import { TypedEventEmitter } from 'main-event'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { Alarm, monotonicNow } from '../alarm.ts'
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_INTRODUCERS, MAX_SERVICES } from './presence-record.ts'
import { MAX_SEALED_BYTES, openPresence, sealPresence } from './presence-seal.ts'
import { PresenceTable } from './presence-table.ts'
import type { HearsayComponents } from '../components.ts'
import type { MeshMetrics } from '../metrics.ts'
import type { PresenceRoom } from './presence-seal.ts'
import type { Member, RecordVerdict } from './presence-table.ts'
import type { Message, SubscriptionChangeData } from '@libp2p/gossipsub'
import type { Ed25519PrivateKey, Logger, PeerId } from '@libp2p/interface'

export interface PresenceEvents {
  discovered: CustomEvent<Member>
  /** `sealed` is the record as it came, which proves to anybody in the room what it says. */
  updated: CustomEvent<{ member: Member; restarted: boolean; sealed: Uint8Array }>
  left: CustomEvent<{ member: Member; reason: 'goodbye' | 'expired' }>
  /** The newer instance of our own identity. */
  superseded: CustomEvent<Uint8Array>
  /** A connected peer listens to the room's presence: it is in the room, and passes on what we say. */
  neighbour: CustomEvent<string>
}

export interface PresenceInit {
  readonly components: HearsayComponents
  readonly privateKey: Ed25519PrivateKey
  /** The room's gossipsub topic; presence has one of its own beneath it. */
  readonly room: PresenceRoom
  readonly instance: Uint8Array
  readonly ttlMs: number
  readonly maxMembers: number
  readonly metrics: MeshMetrics
}

/** What gossipsub does with a record after each verdict; a full table here must not keep it from others. */
const VALIDATION: Record<RecordVerdict, TopicValidatorResult> = {
  accepted: TopicValidatorResult.Accept,
  'table-full': TopicValidatorResult.Accept,
  stale: TopicValidatorResult.Ignore,
  'too-often': TopicValidatorResult.Ignore,
  own: TopicValidatorResult.Ignore
}

const NO_BYTES = new Uint8Array()

/** The presence table on gossipsub: says who we are, hears who the others are. */
export class Presence extends TypedEventEmitter<PresenceEvents> {
  readonly #init: PresenceInit
  readonly #topic: PresenceRoom
  readonly #table: PresenceTable
  readonly #log: Logger
  readonly #alarm = new Alarm((now) => {
    this.#table.handleTimeout(now)
    this.#drain()
  })
  #announced = ''
  #introducers: readonly string[] = []
  #services: readonly string[] = []
  #running = false
  /** Records are sealed one after another, so that they leave in order. */
  #publishing: Promise<void> = Promise.resolve()

  constructor(init: PresenceInit) {
    super()
    this.#init = init
    // A topic of its own: what signaling and presence each refuse must not be charged to those who carry the other.
    this.#topic = { topic: `${init.room.topic}/presence`, presenceKey: init.room.presenceKey }
    this.#log = init.components.logger.forComponent('hearsay:presence')
    this.#table = new PresenceTable({
      localPeer: init.components.peerId.toString(),
      instance: init.instance,
      random: Math.random,
      ttlMs: init.ttlMs,
      maxMembers: init.maxMembers
    })
  }

  get size(): number {
    return this.#table.size
  }

  members(): Member[] {
    return [...this.#table.members()]
  }

  get(peerId: string): Member | undefined {
    return this.#table.get(peerId)
  }

  /** Peer IDs of the members through which that one can be reached, as it says; empty where it is not known. */
  introducersOf(peerId: string): readonly string[] {
    return this.#table.get(peerId)?.introducers ?? []
  }

  /** Says through which members we can be reached: peer IDs of Ed25519 keys, the first `MAX_INTRODUCERS` of them. */
  setIntroducers(peerIds: readonly string[]): void {
    const introducers = peerIds.slice(0, MAX_INTRODUCERS)
    if (sameTexts(introducers, this.#introducers)) return
    this.#introducers = introducers
    this.#changed()
  }

  /** Says what we do for others, by short names such as 'stun': the first `MAX_SERVICES` of them. */
  setServices(names: readonly string[]): void {
    const services = names.slice(0, MAX_SERVICES)
    if (sameTexts(services, this.#services)) return
    this.#services = services
    this.#changed()
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    const { pubsub, events } = this.#init.components
    pubsub.topicValidators.set(this.#topic.topic, this.#validate)
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    events.addEventListener('self:peer:update', this.#onAddresses)
    pubsub.subscribe(this.#topic.topic)
    this.#announced = this.#addressText()
    for (const peerId of pubsub.getSubscribers(this.#topic.topic)) this.#handleNeighbour(peerId)
  }

  /** Says goodbye and falls silent. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#table.handleClose(monotonicNow())
    this.#drain()
    this.#running = false
    this.#alarm.set(undefined)
    const { pubsub, events } = this.#init.components
    events.removeEventListener('self:peer:update', this.#onAddresses)
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
    await this.#publishing
    pubsub.topicValidators.delete(this.#topic.topic)
    pubsub.unsubscribe(this.#topic.topic)
  }

  /** Takes a sealed record that came by another way than gossip. */
  async receive(sealed: Uint8Array): Promise<TopicValidatorResult> {
    const opened = await openPresence(sealed, this.#topic)
    if (opened === undefined) {
      this.#init.metrics.presenceRecord('invalid')
      return TopicValidatorResult.Reject
    }
    if (!this.#running) return TopicValidatorResult.Ignore
    const verdict = this.#table.handleRecord(opened.peerId, opened.record, monotonicNow())
    this.#init.metrics.presenceRecord(verdict)
    this.#drain(sealed)
    return VALIDATION[verdict]
  }

  readonly #validate = (_neighbour: PeerId, { data }: Message): Promise<TopicValidatorResult> =>
    this.receive(data)

  readonly #onSubscription = ({ detail }: CustomEvent<SubscriptionChangeData>): void => {
    const here = detail.subscriptions.some(({ topic, subscribe }) => subscribe && topic === this.#topic.topic)
    if (here) this.#handleNeighbour(detail.peerId)
  }

  readonly #onAddresses = (): void => {
    const addresses = this.#addressText()
    if (addresses === this.#announced) return
    this.#announced = addresses
    this.#changed()
  }

  #handleNeighbour(peerId: PeerId): void {
    this.safeDispatchEvent('neighbour', { detail: peerId.toString() })
    this.#changed()
  }

  #changed(): void {
    if (!this.#running) return
    this.#table.handleChange(monotonicNow())
    this.#drain()
  }

  /** @param sealed the record that what is drained comes from */
  #drain(sealed: Uint8Array = NO_BYTES): void {
    for (let output = this.#table.pollOutput(); output !== undefined; output = this.#table.pollOutput()) {
      switch (output.type) {
        case 'publish':
          this.#publish(output.sequence, output.gone)
          break
        case 'discovered':
          this.#log('heard of %s', output.member.peerId)
          this.safeDispatchEvent('discovered', { detail: output.member })
          break
        case 'updated':
          this.safeDispatchEvent('updated', {
            detail: { member: output.member, restarted: output.restarted, sealed }
          })
          break
        case 'left':
          this.#log('%s left: %s', output.member.peerId, output.reason)
          this.safeDispatchEvent('left', { detail: { member: output.member, reason: output.reason } })
          break
        case 'superseded':
          this.safeDispatchEvent('superseded', { detail: output.instance })
          break
      }
    }
    if (this.#running) this.#alarm.set(this.#table.pollTimeout())
  }

  #publish(sequence: number, gone: boolean): void {
    const record = {
      instance: this.#init.instance,
      sequence,
      ttlMs: this.#init.ttlMs,
      addresses: gone ? [] : this.#addresses(),
      introducers: gone ? [] : this.#introducers,
      services: gone ? [] : this.#services,
      gone
    }
    const nonce = crypto.getRandomValues(new Uint8Array(24))
    this.#publishing = this.#publishing
      .then(async () => {
        const sealed = await sealPresence(record, this.#init.privateKey, this.#topic, nonce)
        if (sealed.length > MAX_SEALED_BYTES) throw new Error('the record is too large')
        await this.#init.components.pubsub.publish(this.#topic.topic, sealed)
      })
      .catch((error: unknown) => this.#log.error('could not publish - %e', error))
  }

  #addresses(): Uint8Array[] {
    return this.#init.components.addressManager
      .getAddresses()
      .map(({ bytes }) => bytes)
      .filter(({ length }) => length <= MAX_ADDRESS_BYTES)
      .slice(0, MAX_ADDRESSES)
  }

  #addressText(): string {
    return this.#init.components.addressManager.getAddresses().join(' ')
  }
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index])
}

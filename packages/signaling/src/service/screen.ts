import { compareBytes } from '../bytes.ts'
import { PROTOCOL_VERSION, type Envelope, type Retry } from '../envelope/envelope.ts'
import { compareInstances } from '../freshness/instance.ts'
import type { Message2Outcome } from '../handshake/payloads.ts'
import { Responder } from '../handshake/responder.ts'
import type { Arrival } from '../path.ts'
import { peerIdText } from '../peer-key.ts'
import type { Room } from '../rooms/room.ts'
import { laneOf } from '../scheduling/lane.ts'
import type { DropReason } from './counters.ts'
import { generateKeyPair, type Context } from './context.ts'
import type { Gate } from './gate.ts'

/** A message 1 whose sender is proven to be a member, and which has not come before. */
export interface Authentic {
  readonly remotePeer: string
  readonly responder: Responder
  /** Those of our rooms that it proves, one at least. */
  readonly rooms: readonly Room[]
}

/** What becomes of a message 1. Nothing is kept for any of these but the last. */
export type ScreenVerdict =
  | { readonly type: 'drop'; readonly reason: DropReason }
  /** Answered by anybody, about anybody. */
  | { readonly type: 'retry'; readonly reason: DropReason; readonly retry: Retry }
  /** Answered by us, to a member: what it has sent counts for nothing, and why. */
  | {
      readonly type: 'correct'
      readonly reason: DropReason
      readonly outcome: Message2Outcome
      readonly from: Authentic
    }
  /** Somebody with our key has started after us. */
  | { readonly type: 'superseded' }
  | { readonly type: 'pass'; readonly from: Authentic }

/**
 * What a message 1 must pass before anybody is asked about it, in the order of the specification: each check is cheaper
 * than the next, and nothing is answered that a stranger could learn from. Size, form, recipient and the quota of the
 * origin have been checked, and that these very bytes are new.
 */
export class Screen {
  readonly #context: Context
  readonly #gate: Gate

  constructor(context: Context, gate: Gate) {
    this.#context = context
    this.#gate = gate
  }

  check(envelope: Envelope, arrival: Arrival): ScreenVerdict {
    const isBroadcast = laneOf(arrival, this.#context.paths)?.path.kind === 'broadcast'
    if (envelope.version !== PROTOCOL_VERSION) {
      // Anybody can ask this: what everybody pays for is not said to anybody.
      return isBroadcast
        ? drop('wrong-version')
        : { type: 'retry', reason: 'wrong-version', retry: { versions: [PROTOCOL_VERSION] } }
    }
    const demand = this.#gate.demand(envelope, arrival, isBroadcast, this.#context.timers.now())
    if (demand === 'drop') {
      return drop('under-load')
    }
    if (demand !== 'compute') {
      return { type: 'retry', reason: 'under-load', retry: { cookie: demand.cookie, versions: [] } }
    }
    const responder = Responder.read({
      identity: this.#context.identity,
      x25519: this.#context.x25519,
      generateEphemeral: () => generateKeyPair(this.#context),
      staticKeys: this.#context.staticKeys,
      session: envelope.session,
      message1: envelope.body
    })
    return typeof responder === 'string' ? drop(responder) : this.#checkFreshness(responder)
  }

  /** It is authentic: is it of now, and for us as we are now? */
  #checkFreshness(responder: Responder): ScreenVerdict {
    const { initiatorInstance, responderInstance, dialSerial } = responder.payload
    const { identity, instance, ledger } = this.#context
    const remotePeer = peerIdText(responder.remotePublicKey)
    if (compareBytes(responder.remotePublicKey, identity.publicKey) === 0) {
      const isNewer = compareInstances(initiatorInstance, instance) > 0
      return isNewer ? { type: 'superseded' } : drop('from-ourselves')
    }
    const isOlder = !ledger.isCurrent(remotePeer, initiatorInstance)
    // Before anything is answered: what was recorded is worth nothing once something newer has come.
    if (!isOlder && !ledger.isNewer(remotePeer, initiatorInstance, dialSerial)) {
      return drop('not-newer')
    }
    const rooms = responder.provenRooms(this.#context.rooms)
    if (rooms.length === 0) {
      return drop('no-proof')
    }
    const from = { remotePeer, responder, rooms }
    if (isOlder) {
      return { type: 'correct', reason: 'older-instance', outcome: 'superseded', from }
    }
    return compareInstances(responderInstance, instance) === 0
      ? { type: 'pass', from }
      : { type: 'correct', reason: 'unknown-instance', outcome: 'unknown-instance', from }
  }
}

function drop(reason: DropReason): ScreenVerdict {
  return { type: 'drop', reason }
}

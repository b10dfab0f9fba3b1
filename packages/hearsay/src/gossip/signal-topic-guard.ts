import { SourceQuota } from '@hearsay/signaling'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { MAX_ENVELOPE_BYTES } from '../constants.ts'
import type { SourceQuotaLimits } from '@hearsay/signaling'
import type { Message } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'

/** Of one signer: half as much again as a member publishes (64 at once, 32 a second), because gossip comes in bunches. */
const SIGNER: SourceQuotaLimits = {
  burst: 96,
  perSecond: 48,
  bytesBurst: 512 * 1024,
  bytesPerSecond: 64 * 1024,
  capacity: 4096
}

/**
 * Of signers that no presence tells of, together, by each neighbour: identities cost nothing, so one neighbour can bring
 * any number of them. Enough for a room whose members all start at once, and are heard before their presence is.
 */
const STRANGERS: SourceQuotaLimits = {
  burst: 128,
  perSecond: 16,
  bytesBurst: 256 * 1024,
  bytesPerSecond: 32 * 1024,
  capacity: 1024
}

/**
 * Of all together: some 10 % of a core, whoever works together. Ten times what a room needs in which nobody has an
 * introducer, and which does not start this moment.
 */
const ALL: SourceQuotaLimits = {
  burst: 1024,
  perSecond: 128,
  bytesBurst: 2 * 1024 * 1024,
  bytesPerSecond: 256 * 1024,
  capacity: 1
}

/** Of all such signers, by whatever neighbours: half, for eight connections cost nothing either. Members have the rest. */
const ALL_STRANGERS: SourceQuotaLimits = {
  burst: ALL.burst / 2,
  perSecond: ALL.perSecond / 2,
  bytesBurst: ALL.bytesBurst / 2,
  bytesPerSecond: ALL.bytesPerSecond / 2,
  capacity: 1
}

export interface SignalTopicGuardInit {
  /** Whether a peer's presence is known. */
  readonly isMember: (peerId: string) => boolean
  /** Milliseconds; never goes back. @default performance.now */
  readonly now?: () => number
}

/**
 * What of a room's topic for signaling is heard and passed on. Whoever signs more than its share is heard no further
 * than its own neighbours, and nobody is blamed for having passed on what it did: how much the signer has said elsewhere
 * a relay cannot know. Only what no envelope can be is the neighbour's own fault.
 */
export class SignalTopicGuard {
  readonly #isMember: (peerId: string) => boolean
  readonly #now: () => number
  readonly #signers = new SourceQuota(SIGNER)
  readonly #strangers = new SourceQuota(STRANGERS)
  readonly #allStrangers = new SourceQuota(ALL_STRANGERS)
  readonly #all = new SourceQuota(ALL)

  constructor({ isMember, now = () => performance.now() }: SignalTopicGuardInit) {
    this.#isMember = isMember
    this.#now = now
  }

  /** Signers and neighbours whose quotas are kept apart: never more than the tables hold. */
  get size(): number {
    return this.#signers.size + this.#strangers.size
  }

  readonly validate = (neighbour: PeerId, message: Message): TopicValidatorResult => {
    const { length } = message.data
    if (length > MAX_ENVELOPE_BYTES) return TopicValidatorResult.Reject
    if (message.type !== 'signed') return TopicValidatorResult.Ignore
    return this.#take(message.from.toString(), neighbour.toString(), length)
      ? TopicValidatorResult.Accept
      : TopicValidatorResult.Ignore
  }

  #take(signer: string, neighbour: string, length: number): boolean {
    const now = this.#now()
    return (
      this.#signers.take(signer, length, now) &&
      (this.#isMember(signer) || this.#takeOfStranger(neighbour, length, now)) &&
      this.#all.take('', length, now)
    )
  }

  #takeOfStranger(neighbour: string, length: number, now: number): boolean {
    return this.#strangers.take(neighbour, length, now) && this.#allStrangers.take('', length, now)
  }
}

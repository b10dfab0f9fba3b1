import type { Logger } from '@libp2p/interface'
import type { X25519 } from '../dh/x25519.ts'
import { encodeEnvelope, PROTOCOL_VERSION, type Envelope } from '../envelope/envelope.ts'
import type { PeerLedger } from '../freshness/peer-ledger.ts'
import type { KeyPair } from '../handshake/handshake-state.ts'
import type { Identity } from '../handshake/identity.ts'
import type { StaticKeys } from '../handshake/static-key.ts'
import type { SignalingPath } from '../path.ts'
import { peerIdBytes, publicKeyOf } from '../peer-key.ts'
import type { Room } from '../rooms/room.ts'
import type { AnswerReview } from '../scheduling/answer-review.ts'
import type { Lane } from '../scheduling/lane.ts'
import type { PathStats } from '../scheduling/path-stats.ts'
import type { Counters } from './counters.ts'
import type { SignalingTimers } from './timers.ts'

/** What dials, offers and sessions of one signaler share. */
export interface Context {
  readonly identity: Identity
  readonly instance: Uint8Array
  /** Those we are in now. */
  readonly rooms: Set<Room>
  /** Whether a peer is probably in a room. */
  readonly isIn: (remotePeer: string, room: Room) => boolean
  readonly paths: readonly SignalingPath[]
  readonly x25519: X25519
  readonly randomBytes: (length: number) => Uint8Array
  readonly timers: SignalingTimers
  readonly staticKeys: StaticKeys
  readonly ledger: PeerLedger
  readonly stats: PathStats
  readonly review: AnswerReview
  readonly counters: Counters
  readonly log: Logger | undefined
}

/** A fresh ephemeral key. */
export function generateKeyPair({ randomBytes, x25519 }: Context): KeyPair {
  const secretKey = randomBytes(32)
  return { secretKey, publicKey: x25519.publicKey(secretKey) }
}

/** Sends an envelope along a lane; where the path does not take it, notes that and calls `failed`. */
export function sendEnvelope(
  context: Context,
  lane: Lane,
  remotePeer: string,
  content: Pick<Envelope, 'session' | 'kind' | 'number' | 'body' | 'cookie'>,
  failed?: () => void
): void {
  const send = async () => {
    const recipient = peerIdBytes(publicKeyOf(remotePeer))
    const envelope = encodeEnvelope({ ...content, version: PROTOCOL_VERSION, recipient })
    context.counters.sent(lane.path.name, envelope.length)
    await lane.path.send(remotePeer, envelope, lane.via)
  }
  send().catch((error: unknown) => {
    context.log?.trace('%s did not take a %s: %e', lane.name, content.kind, error)
    context.stats.failed(lane, remotePeer)
    failed?.()
  })
}

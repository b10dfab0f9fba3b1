import { x25519 as defaultX25519 } from '#x25519'
import type { ComponentLogger, Metrics } from '@libp2p/interface'
import type { X25519 } from '../dh/x25519.ts'
import { InvalidRoomError } from '../errors.ts'
import { createInstance } from '../freshness/instance.ts'
import { PeerLedger } from '../freshness/peer-ledger.ts'
import { createIdentity } from '../handshake/identity.ts'
import { StaticKeys } from '../handshake/static-key.ts'
import type { SignalingPath } from '../path.ts'
import type { Room } from '../rooms/room.ts'
import { AnswerReview } from '../scheduling/answer-review.ts'
import { PathStats } from '../scheduling/path-stats.ts'
import { Counters } from './counters.ts'
import type { Context } from './context.ts'
import { DEFAULT_LIMITS, type SignalingLimits } from './limits.ts'
import type { Session } from './session.ts'
import { NoiseSignaler, type SignalerService } from './signaler-service.ts'
import { realTimers, type SignalingTimers } from './timers.ts'

export interface SignalerInit {
  /** The Ed25519 key whose peer ID is ours: its 32-byte seed, or seed and public key in 64 bytes, which starts faster. */
  privateKey: Uint8Array
  /**
   * The rooms we are a member of, one at least: who shows no knowledge of any of their keys gets no answer. Message 1
   * shows four at most, so those in which most peers are stand first, and where it is known those that a peer is in.
   */
  rooms: readonly Room[]
  /** The ways to other members. */
  paths: readonly SignalingPath[]
  /** Whether an authenticated member, who has proven these of our rooms, may come further. @default () => true */
  admit?: (remotePeer: string, rooms: readonly Room[]) => boolean | Promise<boolean>
  /** Whether a peer is probably in a room, as its presence tells: message 1 shows such rooms first. @default nobody knows */
  isIn?: (remotePeer: string, room: Room) => boolean
  /**
   * What shows an older process of a peer that the peer has a newer one, such as the newer one's signed presence in one
   * of the rooms that the older one has proven. The older hears of it by `evidence`, when it dials us. @default none
   */
  evidenceOf?: (remotePeer: string, rooms: readonly Room[]) => Uint8Array | undefined
  /** @default Node's own in Node, @noble's elsewhere */
  dh?: X25519
  /** @default the clock and the timers of the platform */
  timers?: SignalingTimers
  /** Must be fit for keys. @default crypto.getRandomValues */
  randomBytes?: (length: number) => Uint8Array
  /** When this process started, by its own clock, in milliseconds. @default now */
  startTimeMs?: number
  limits?: Partial<SignalingLimits>
  /** @default no logs; with libp2p's logger under `DEBUG=hearsay:signaling` */
  logger?: ComponentLogger
  metrics?: Metrics
}

/** Signalers of one process and one identity must be told apart even where they start in the same millisecond. */
let lastStartTimeMs = 0

/**
 * Makes a signaler. Nothing happens before `start()`.
 *
 * @throws {UnsupportedKeyError} the private key has not 32 bytes
 * @throws {InvalidRoomError} there is no room
 */
export function createSignaler(init: SignalerInit): SignalerService {
  const {
    rooms,
    paths,
    admit = () => true,
    isIn = () => false,
    dh = defaultX25519,
    timers = realTimers,
    randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  } = init
  if (rooms.length === 0) {
    throw new InvalidRoomError('a signaler needs a room: derive one with deriveRoom({ name })')
  }
  lastStartTimeMs = Math.max(lastStartTimeMs + 1, Date.now())
  const limits = { ...DEFAULT_LIMITS, ...init.limits }
  const sessions = new Map<string, Session>()
  const stats = new PathStats(limits.maxMeasuredPaths)
  const context: Context = {
    identity: createIdentity(init.privateKey, dh),
    instance: createInstance(init.startTimeMs ?? lastStartTimeMs, randomBytes(8)),
    rooms: new Set(rooms),
    isIn,
    paths,
    x25519: dh,
    randomBytes,
    timers,
    staticKeys: new StaticKeys(limits.maxCheckedKeys),
    ledger: new PeerLedger(limits.maxKnownPeers, (peer) => sessions.has(peer)),
    stats,
    review: new AnswerReview(stats),
    counters: new Counters(init.metrics),
    log: init.logger?.forComponent('hearsay:signaling')
  }
  return new NoiseSignaler(context, {
    sessions,
    limits,
    admit,
    evidenceOf: init.evidenceOf ?? (() => undefined)
  })
}

import {
  createSignaler,
  deriveRoom,
  peerIdOfSeed,
  type IncomingOffer,
  type Room,
  type SignalerInit,
  type SignalerService,
  type SignalingSession
} from '../../src/index.ts'
import type { TestNetwork } from './network.ts'
import { createRandomBytes } from './random.ts'
import type { VirtualClock } from './virtual-clock.ts'

export const KITCHEN: Room = await deriveRoom({ name: 'kitchen' })

export function seedOf(index: number): Uint8Array {
  return createRandomBytes(1_000_003 * (index + 1))(32)
}

/** What an offer or an answer looks like: the marks that no relay may find. */
export const SECRET_MARKS = ['ice-ufrag', 'candidate:', 'fingerprint:sha-256']

export function describe(kind: 'offer' | 'answer', who: string): Uint8Array {
  return new TextEncoder().encode(
    `v=0 ${kind} of ${who} a=ice-ufrag:EsAw a=candidate:1 1 udp 2122 10.0.0.7 a=fingerprint:sha-256 D2:FA`
  )
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const bytes = (message: string): Uint8Array => new TextEncoder().encode(message)

/** A signaler on virtual time, with all that happened to it. */
export interface Member {
  readonly signaler: SignalerService
  readonly peer: string
  readonly offers: IncomingOffer[]
  /** Sessions that this side has, dialed or answered, in order. */
  readonly sessions: SignalingSession[]
  /** Those that are not over. */
  readonly open: Set<SignalingSession>
  readonly received: string[]
  readonly closed: string[]
  /** Follows what happens on a session. */
  adopt(session: SignalingSession): SignalingSession
}

export interface MemberOptions extends Partial<SignalerInit> {
  /** Which identity; two members with one are two processes of one identity. */
  index: number
  /** Random bytes differ by it, as they do between two processes. */
  life?: number
  pathNames?: readonly string[]
  onOffer?: (offer: IncomingOffer, member: Member) => void
}

export async function createMember(
  clock: VirtualClock,
  network: TestNetwork,
  { index, life = 0, pathNames = ['relay'], onOffer = answerAtOnce, ...init }: MemberOptions
): Promise<Member> {
  const signaler = createSignaler({
    privateKey: seedOf(index),
    rooms: [KITCHEN],
    timers: clock,
    randomBytes: createRandomBytes(7919 * (index + 1) + life),
    startTimeMs: 1_000_000 + life,
    paths: pathNames.map((name) => network.path(name, peerIdOfSeed(seedOf(index)))),
    ...init
  })
  const member: Member = {
    signaler,
    peer: signaler.localPeer,
    offers: [],
    sessions: [],
    open: new Set(),
    received: [],
    closed: [],
    adopt: (session) => {
      member.sessions.push(session)
      session.addEventListener('message', ({ detail }) => member.received.push(text(detail)))
      member.open.add(session)
      session.addEventListener('close', ({ detail }) => {
        member.open.delete(session)
        member.closed.push(detail)
      })
      return session
    }
  }
  signaler.setOfferHandler((offer) => {
    member.offers.push(offer)
    onOffer(offer, member)
  })
  await signaler.start()
  return member
}

export function answerAtOnce(offer: IncomingOffer, member: Member): void {
  member.adopt(offer.answer(describe('answer', member.peer)))
}

/** Dials, and follows the session that comes of it. */
export async function dial(
  from: Member,
  to: Member | string,
  options?: Parameters<SignalerService['dial']>[2]
): Promise<string> {
  const remotePeer = typeof to === 'string' ? to : to.peer
  const result = await from.signaler
    .dial(remotePeer, describe('offer', from.peer), options)
    .catch((error: unknown) => {
      return { outcome: 'failed', error } as const
    })
  if (result.outcome === 'answered') {
    from.adopt(result.session)
  }
  return result.outcome === 'failed' ? (result.error as Error).name : result.outcome
}

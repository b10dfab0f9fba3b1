import { BINDING, authenticatedPart, readStun, type StunEnvelope } from './stun-reader.ts'

/** Why a datagram was dropped. Bounded, fit for metrics labels. */
export type IceDropReason =
  /** Not a whole STUN message, or of a kind that no ICE agent sends. */
  | 'malformed'
  /** The first byte belongs to no protocol that runs here (RFC 7983). */
  | 'unknown-protocol'
  | 'bad-fingerprint'
  | 'bad-username'
  | 'bad-integrity'
  /** A response that answers no request of ours, or comes from elsewhere than the request went to. */
  | 'unexpected-response'
  /** A check from an address beyond the bound on peer-reflexive candidates. */
  | 'too-many-candidates'
  /** A check that came before the remote description, beyond the bound on such checks. */
  | 'too-many-early-checks'
  /** DTLS from a 5-tuple that ICE has not validated. */
  | 'unvalidated-source'

/** What is to become of a datagram. */
export type IceVerdict =
  /** A STUN message that may be acted upon: only the authenticated part of it. */
  | { readonly type: 'stun'; readonly message: Buffer }
  /** DTLS from a validated 5-tuple. */
  | { readonly type: 'data' }
  /** DTLS from a 5-tuple whose check is under way: keep it until the check has succeeded. */
  | { readonly type: 'hold' }
  | { readonly type: 'drop'; readonly reason: IceDropReason }

/** A request of ours that waits for its answer. */
export interface OutstandingRequest {
  readonly address: string
  readonly port: number
  /** The remote password that the response must be authenticated with; none towards STUN servers. */
  readonly password?: string
}

/** What the guard asks of the agent that it stands before; `base` is the socket or relay that received. */
export interface GuardedAgent<Base extends object> {
  outstandingRequest(base: Base, transactionId: string): OutstandingRequest | undefined
  isKnownRemote(address: string, port: number): boolean
  peerReflexiveCount(): number
}

/** Addresses that may become candidates by a check alone: what the peers of one NAT need, and no more. */
export const MAX_PEER_REFLEXIVE_CANDIDATES = 8
/** Checks taken before the remote description: a few retransmissions from each of a few addresses. */
export const MAX_EARLY_CHECKS = 32

const DROP = (reason: IceDropReason): IceVerdict => ({ type: 'drop', reason })
const DATA: IceVerdict = { type: 'data' }
const HOLD: IceVerdict = { type: 'hold' }

/**
 * Decides on every datagram before ICE or DTLS sees it. It cannot be switched off.
 *
 * A request passes if its USERNAME is `ourUfrag:theirUfrag`, its MESSAGE-INTEGRITY is valid under our password and,
 * where its sender is not known yet, it has a PRIORITY; a response if it answers a request of ours, from the address
 * that the request went to, authenticated under the remote password. DTLS passes from 5-tuples on which a check of ours
 * was answered.
 */
export class IceGuard<Base extends object> {
  readonly #agent: GuardedAgent<Base>
  readonly #localUfrag: string
  readonly #localPassword: string
  readonly #validated = new WeakMap<Base, Set<string>>()
  readonly #checked = new WeakMap<Base, Set<string>>()
  #remoteUfrag: string | undefined
  #earlyChecks = 0
  /** Where early checks came from: each may become a peer-reflexive candidate. */
  readonly #earlySources = new Set<string>()

  constructor(agent: GuardedAgent<Base>, localUfrag: string, localPassword: string) {
    this.#agent = agent
    this.#localUfrag = localUfrag
    this.#localPassword = localPassword
  }

  /** From now on the second half of USERNAME must be this. */
  setRemoteUfrag(ufrag: string): void {
    this.#remoteUfrag = ufrag
  }

  /** Notes that a check on this 5-tuple was answered. */
  validate(base: Base, address: string, port: number): void {
    add(this.#validated, base, `${address}|${port}`)
  }

  inspect(base: Base, data: Buffer, address: string, port: number): IceVerdict {
    if (isDtls(data)) {
      const remote = `${address}|${port}`
      if (this.#validated.get(base)?.has(remote) === true) return DATA
      return this.#checked.get(base)?.has(remote) === true ? HOLD : DROP('unvalidated-source')
    }
    if ((data[0] ?? 0xff) > 3) return DROP('unknown-protocol')
    const envelope = readStun(data)
    if (envelope === undefined) return DROP('malformed')
    if (envelope.fingerprint === 'wrong') return DROP('bad-fingerprint')
    switch (envelope.class) {
      case 'request':
        return this.#inspectRequest(base, data, envelope, address, port)
      case 'success':
      case 'error':
        return this.#inspectResponse(base, data, envelope, address, port)
      case 'indication':
        // A keepalive (RFC 8445 §11): there is nothing to do about it.
        return DROP('malformed')
    }
  }

  #inspectRequest(
    base: Base,
    data: Buffer,
    envelope: StunEnvelope,
    address: string,
    port: number
  ): IceVerdict {
    if (envelope.method !== BINDING) return DROP('malformed')
    const [local, remote, ...rest] = envelope.username?.split(':') ?? []
    const wrongRemote = this.#remoteUfrag !== undefined && remote !== this.#remoteUfrag
    if (local !== this.#localUfrag || remote === undefined || rest.length > 0 || wrongRemote) {
      return DROP('bad-username')
    }
    const message = authenticatedPart(data, envelope, this.#localPassword)
    if (message === undefined) return DROP('bad-integrity')
    const isEarly = this.#remoteUfrag === undefined
    if (isEarly || !this.#agent.isKnownRemote(address, port)) {
      // werift would make a candidate of it, and one without a priority cannot be compared with any other.
      if (!envelope.hasPriority) return DROP('malformed')
      if (isEarly) {
        if (++this.#earlyChecks > MAX_EARLY_CHECKS) return DROP('too-many-early-checks')
        const source = `${address}|${port}`
        const { size } = this.#earlySources
        if (size >= MAX_PEER_REFLEXIVE_CANDIDATES && !this.#earlySources.has(source)) {
          return DROP('too-many-candidates')
        }
        this.#earlySources.add(source)
      } else if (this.#agent.peerReflexiveCount() >= MAX_PEER_REFLEXIVE_CANDIDATES) {
        return DROP('too-many-candidates')
      }
    }
    const checked = this.#checked.get(base)
    if ((checked?.size ?? 0) < MAX_EARLY_CHECKS) add(this.#checked, base, `${address}|${port}`)
    return { type: 'stun', message }
  }

  #inspectResponse(
    base: Base,
    data: Buffer,
    envelope: StunEnvelope,
    address: string,
    port: number
  ): IceVerdict {
    const request = this.#agent.outstandingRequest(base, envelope.transactionId)
    if (request === undefined || request.address !== address || request.port !== port) {
      return DROP('unexpected-response')
    }
    if (request.password === undefined) return { type: 'stun', message: data }
    const message = authenticatedPart(data, envelope, request.password)
    if (message === undefined) return DROP('bad-integrity')
    // The one error that a check can act upon is a role conflict (RFC 8445 §7.2.5.1).
    if (envelope.class === 'error' && envelope.errorCode !== 487) return DROP('unexpected-response')
    return { type: 'stun', message }
  }
}

/** First bytes of DTLS (RFC 7983). */
export function isDtls(data: Uint8Array): boolean {
  return data[0] >= 20 && data[0] <= 63
}

function add<Base extends object>(map: WeakMap<Base, Set<string>>, base: Base, remote: string): void {
  const remotes = map.get(base)
  if (remotes === undefined) map.set(base, new Set([remote]))
  else remotes.add(remote)
}

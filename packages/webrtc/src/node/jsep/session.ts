import { randomBytes } from 'node:crypto'
import {
  DEFAULT_SCTP_PORT,
  parseSdp,
  renderSdp,
  SDP_LIMITS,
  SdpError,
  type SdpDataSection,
  type SdpDescription,
  type SdpSetup
} from '../../sdp/index.ts'
import { renderCandidate, type IceCandidate } from '../../candidates/index.ts'
import { createIceCredentials, type IceCredentials } from '../ice/credentials.ts'
import { RTCError } from '../rtc-error.ts'
import { dataOf, withData, type Description } from './description.ts'
import { canRollBack, nextSignalingState, type Side } from './signaling-state.ts'

/** What is announced as `a=max-message-size`: what Chromium announces, and more than it lets through is never sent. */
export const LOCAL_MAX_MESSAGE_SIZE = 262_144
/** The identification of the data-channel section in our offers. */
const DEFAULT_MID = '0'

type DescriptionType = Description['type']

export interface JsepSessionInit {
  /** SHA-256 of the local certificate. */
  readonly fingerprint: Uint8Array
}

/**
 * The descriptions of a connection and what may be done with them (RFC 9429), without I/O. It throws the exceptions
 * that the promises of `RTCPeerConnection` are to reject with.
 */
export class JsepSession {
  readonly #fingerprint: Uint8Array
  /** 63 random bits (RFC 9429 §5.2.1). */
  readonly #sessionId = (randomBytes(8).readBigUInt64BE() >> 1n).toString()
  #sessionVersion = 0
  /** Which side made the offer of the negotiation that is under way or was last. */
  #offerer: Side | undefined
  signalingState: RTCSignalingState = 'stable'
  currentLocal: Description | null = null
  pendingLocal: Description | null = null
  currentRemote: Description | null = null
  pendingRemote: Description | null = null
  #lastOffer: Description | undefined
  #lastAnswer: Description | undefined
  /** User name fragments that `restartIce()` wants replaced. */
  #toReplace = new Set<string>()
  /** Our DTLS role, once an answer has settled it. */
  dtlsRole: 'client' | 'server' | undefined

  constructor({ fingerprint }: JsepSessionInit) {
    this.#fingerprint = fingerprint
  }

  get local(): Description | null {
    return this.pendingLocal ?? this.currentLocal
  }

  get remote(): Description | null {
    return this.pendingRemote ?? this.currentRemote
  }

  /** Whether the last negotiation was, or is, by an offer of ours. */
  get isOfferer(): boolean {
    return this.#offerer === 'local'
  }

  /** Whether a negotiation is wanted, given whether there are data channels (webrtc-pc §4.7.3). */
  isNegotiationNeeded(hasChannels: boolean): boolean {
    if (this.#toReplace.size > 0) return true
    return hasChannels && dataOf(this.currentLocal) === undefined
  }

  /** `restartIce()`. */
  markForRestart(): void {
    this.#toReplace = new Set(
      [dataOf(this.currentLocal), dataOf(this.pendingLocal)].flatMap((data) =>
        data === undefined ? [] : [data.iceUfrag]
      )
    )
  }

  /** @throws {DOMException} InvalidStateError */
  createOffer({
    hasChannels,
    iceRestart
  }: {
    hasChannels: boolean
    iceRestart: boolean
  }): RTCSessionDescriptionInit {
    if (nextSignalingState(this.signalingState, 'local', 'offer') === undefined) {
      throw invalidState(`no offer can be made in signaling state ${this.signalingState}`)
    }
    const previous = this.local?.value.data
    const value: SdpDescription = this.#nextValue()
    if (!hasChannels && previous === undefined) {
      this.#lastOffer = toDescription('offer', value)
      return toInit(this.#lastOffer)
    }
    const data = dataOf(this.local)
    const restart = iceRestart || (data !== undefined && this.#toReplace.has(data.iceUfrag))
    const credentials = data === undefined || restart ? createIceCredentials() : credentialsOf(data)
    const kept = data === undefined || restart ? undefined : data
    const mid = previous?.mid ?? DEFAULT_MID
    this.#lastOffer = toDescription(
      'offer',
      withData(value, this.#section(mid, credentials, 'actpass', kept))
    )
    return toInit(this.#lastOffer)
  }

  /** @throws {DOMException} InvalidStateError */
  createAnswer(): RTCSessionDescriptionInit {
    const offered = this.pendingRemote
    if (
      offered?.type !== 'offer' ||
      nextSignalingState(this.signalingState, 'local', 'answer') === undefined
    ) {
      throw invalidState(`there is no offer to answer in signaling state ${this.signalingState}`)
    }
    const offer = offered.value.data
    const value = this.#nextValue()
    if (offer === undefined) {
      this.#lastAnswer = toDescription('answer', value)
    } else if (offer.rejected) {
      const { mid, protocol } = offer
      this.#lastAnswer = toDescription('answer', { ...value, data: { rejected: true, mid, protocol } })
    } else {
      const known = dataOf(this.currentLocal)
      const isRestart = dataOf(this.currentRemote)?.iceUfrag !== offer.iceUfrag
      const kept = isRestart ? undefined : known
      const credentials = kept === undefined ? createIceCredentials() : credentialsOf(kept)
      const section = this.#section(offer.mid, credentials, this.#answerSetup(offer.setup), kept)
      this.#lastAnswer = toDescription('answer', withData(value, { ...section, protocol: offer.protocol }))
    }
    return toInit(this.#lastAnswer)
  }

  /** Whether what was created last can still be applied as it is. */
  isFresh(type: DescriptionType, hasChannels: boolean): boolean {
    const last = type === 'offer' ? this.#lastOffer : this.#lastAnswer
    if (last === undefined) return false
    if (type !== 'offer') return last.value.data?.mid === this.pendingRemote?.value.data?.mid
    const data = dataOf(last)
    return data === undefined ? !hasChannels : !this.#toReplace.has(data.iceUfrag)
  }

  /**
   * Checks a description of ours before it is applied. Without text it is the last one created. Text that was changed
   * since passes if it changes nothing that we depend on.
   *
   * @throws {DOMException} InvalidStateError, InvalidModificationError
   */
  checkLocal(type: DescriptionType, sdp: string): Description {
    this.#requireState('local', type)
    const last = type === 'offer' ? this.#lastOffer : this.#lastAnswer
    if (last !== undefined && (sdp === '' || sdp === last.sdp)) return { ...last, type }
    const value = last === undefined ? undefined : tryParse(sdp, type)
    if (value === undefined || last === undefined || !isHarmlessChange(last.value, value)) {
      const created = type === 'offer' ? 'createOffer()' : 'createAnswer()'
      throw new DOMException(`sdp: is not what ${created} returned last`, 'InvalidModificationError')
    }
    return { type, sdp: renderSdp(value), value }
  }

  /**
   * Checks a description of the peer's before it is applied.
   *
   * @throws {DOMException} InvalidStateError; InvalidAccessError if it contradicts what was negotiated
   * @throws {RTCError} `sdp-syntax-error` with the number of the line
   */
  checkRemote(type: DescriptionType, sdp: string): Description {
    const isGlare = type === 'offer' && this.signalingState === 'have-local-offer'
    if (!isGlare) this.#requireState('remote', type)
    const description = { type, sdp, value: parse(sdp, type) }
    if (type !== 'offer') this.#checkAnswer(description)
    this.#checkContinuity(description)
    return description
  }

  /** Applies a checked description. Returns whether the signaling state has changed. */
  apply(side: Side, description: Description): boolean {
    const { type } = description
    const before = this.signalingState
    const next = nextSignalingState(before, side, type)
    if (next === undefined) throw invalidState(`${type} cannot be applied in signaling state ${before}`)
    if (type === 'offer') this.#offerer = side
    if (side === 'local') this.pendingLocal = description
    else this.pendingRemote = description
    if (type === 'answer') this.#settle()
    if (type !== 'offer') this.#settleRole(side, description)
    this.signalingState = next
    this.#lastOffer = this.#lastAnswer = undefined
    return next !== before
  }

  /** Goes back to `stable`. Returns what is given up. @throws {DOMException} InvalidStateError */
  rollBack(): Description | null {
    if (!canRollBack(this.signalingState)) {
      throw invalidState(`there is nothing to roll back in signaling state ${this.signalingState}`)
    }
    const given = this.pendingLocal
    this.pendingLocal = null
    this.pendingRemote = null
    this.#lastOffer = this.#lastAnswer = undefined
    this.signalingState = 'stable'
    return given
  }

  /** Puts a candidate (or, without one, the end of candidates) into our descriptions of that generation. */
  addLocalCandidate(generation: string, candidate: IceCandidate | undefined): void {
    this.currentLocal = appended(this.currentLocal, generation, candidate)
    this.pendingLocal = appended(this.pendingLocal, generation, candidate)
  }

  /** Puts a candidate of the peer's (or the end) into the descriptions of that generation. */
  addRemoteCandidate(generation: string, candidate: IceCandidate | undefined): void {
    this.currentRemote = appended(this.currentRemote, generation, candidate)
    this.pendingRemote = appended(this.pendingRemote, generation, candidate)
  }

  #nextValue(): SdpDescription {
    return { sessionId: this.#sessionId, sessionVersion: ++this.#sessionVersion }
  }

  #section(
    mid: string,
    { usernameFragment, password }: IceCredentials,
    setup: SdpSetup,
    kept: SdpDataSection | undefined
  ): SdpDataSection {
    return {
      rejected: false,
      mid,
      protocol: 'UDP/DTLS/SCTP',
      iceUfrag: usernameFragment,
      icePwd: password,
      iceOptions: ['trickle'],
      iceLite: false,
      fingerprint: this.#fingerprint,
      setup,
      sctpPort: DEFAULT_SCTP_PORT,
      maxMessageSize: LOCAL_MAX_MESSAGE_SIZE,
      candidates: kept?.candidates ?? [],
      endOfCandidates: kept?.endOfCandidates ?? false
    }
  }

  /** A role once taken stays; at first we are the client where we may choose (RFC 9429 §5.3.1). */
  #answerSetup(offered: SdpSetup): SdpSetup {
    if (this.dtlsRole !== undefined) return this.dtlsRole === 'client' ? 'active' : 'passive'
    return offered === 'active' ? 'passive' : 'active'
  }

  #requireState(side: Side, type: DescriptionType): void {
    if (nextSignalingState(this.signalingState, side, type) === undefined) {
      throw invalidState(`a ${side} ${type} cannot be set in signaling state ${this.signalingState}`)
    }
  }

  /** An answer has the sections of its offer (RFC 3264 §6). */
  #checkAnswer({ value }: Description): void {
    const offer = this.local?.value.data
    const answer = value.data
    if (offer?.mid !== answer?.mid) throw invalidAccess('the answer does not have the sections of the offer')
    if (offer?.rejected === true && answer?.rejected === false) {
      throw invalidAccess('the answer accepts what the offer had ended')
    }
  }

  /** A connection has one certificate, one section, and one ICE generation until a restart. */
  #checkContinuity(description: Description): void {
    const before = dataOf(this.currentRemote)
    if (before === undefined) return
    const { type, value } = description
    if (value.data === undefined || value.data.mid !== before.mid) {
      throw invalidAccess('the section of data channels has gone; it can only be rejected')
    }
    if (value.data.rejected) return
    if (!Buffer.from(value.data.fingerprint).equals(before.fingerprint)) {
      throw invalidAccess('the certificate has changed; that takes a new connection')
    }
    const role = value.data.setup === 'active' ? 'server' : 'client'
    if (type !== 'offer' && role !== this.dtlsRole) throw invalidAccess('the DTLS role has changed')
    const restarted = value.data.iceUfrag !== before.iceUfrag
    const weRestarted = dataOf(this.pendingLocal)?.iceUfrag !== dataOf(this.currentLocal)?.iceUfrag
    if (type !== 'offer' && restarted !== weRestarted) {
      throw invalidAccess('an ICE restart must be answered with new credentials, and only a restart')
    }
  }

  #settle(): void {
    this.currentLocal = this.pendingLocal ?? this.currentLocal
    this.currentRemote = this.pendingRemote ?? this.currentRemote
    this.pendingLocal = null
    this.pendingRemote = null
    const ufrag = dataOf(this.currentLocal)?.iceUfrag
    if (ufrag === undefined || !this.#toReplace.has(ufrag)) this.#toReplace.clear()
  }

  #settleRole(side: Side, answer: Description): void {
    const setup = dataOf(answer)?.setup
    if (setup === undefined) return
    const answererIsClient = setup === 'active'
    this.dtlsRole = (side === 'local') === answererIsClient ? 'client' : 'server'
  }
}

/** A candidate beyond what a description may hold is left out; neither side of ICE would use it. */
function appended(
  description: Description | null,
  generation: string,
  candidate: IceCandidate | undefined
): Description | null {
  const data = dataOf(description)
  if (description === null || data?.iceUfrag !== generation) return description
  if (candidate === undefined ? data.endOfCandidates : data.candidates.length >= SDP_LIMITS.candidates) {
    return description
  }
  const line = candidate === undefined ? 'end-of-candidates' : renderCandidate(candidate)
  const changed: SdpDataSection =
    candidate === undefined
      ? { ...data, endOfCandidates: true }
      : { ...data, candidates: [...data.candidates, candidate] }
  return {
    type: description.type,
    sdp: `${description.sdp}a=${line}\r\n`,
    value: withData(description.value, changed)
  }
}

function parse(sdp: string, type: DescriptionType): SdpDescription {
  try {
    return parseSdp(sdp, { type })
  } catch (error) {
    if (!(error instanceof SdpError)) throw error
    if (error.code !== 'ERR_SDP_SYNTAX' && error.code !== 'ERR_SDP_TOO_LARGE')
      throw invalidAccess(error.message)
    const line = error.line === undefined ? {} : { sdpLineNumber: error.line }
    throw new RTCError({ errorDetail: 'sdp-syntax-error', ...line }, error.message)
  }
}

function tryParse(sdp: string, type: DescriptionType): SdpDescription | undefined {
  try {
    return parseSdp(sdp, { type })
  } catch {
    return undefined
  }
}

/**
 * Whether a description that was changed since it was created still means the same to us. Libraries do change it: they
 * take out `a=ice-options:trickle`, say, or candidates.
 */
function isHarmlessChange(created: SdpDescription, given: SdpDescription): boolean {
  const [before, after] = [created.data, given.data]
  if (before === undefined || after === undefined || before.rejected || after.rejected) {
    return before?.rejected === after?.rejected && before?.mid === after?.mid
  }
  return (
    before.mid === after.mid &&
    before.iceUfrag === after.iceUfrag &&
    before.icePwd === after.icePwd &&
    before.setup === after.setup &&
    before.sctpPort === after.sctpPort &&
    before.maxMessageSize === after.maxMessageSize &&
    Buffer.from(before.fingerprint).equals(after.fingerprint)
  )
}

function toDescription(type: DescriptionType, value: SdpDescription): Description {
  return { type, sdp: renderSdp(value), value }
}

function toInit({ type, sdp }: Description): RTCSessionDescriptionInit {
  return { type, sdp }
}

function credentialsOf({ iceUfrag, icePwd }: SdpDataSection): IceCredentials {
  return { usernameFragment: iceUfrag, password: icePwd }
}

function invalidState(message: string): DOMException {
  return new DOMException(message, 'InvalidStateError')
}

function invalidAccess(message: string): DOMException {
  return new DOMException(message, 'InvalidAccessError')
}

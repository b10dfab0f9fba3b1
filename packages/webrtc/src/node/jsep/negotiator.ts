import { CandidateError, parseCandidate, type IceCandidate } from '../../candidates/index.ts'
import type { TaskQueue } from '../internal.ts'
import type { TransportStack } from '../transport-stack.ts'
import { toSdpType } from '../rtc-session-description.ts'
import { dataOf, type Description } from './description.ts'
import { OperationsChain } from './operations-chain.ts'
import type { JsepSession } from './session.ts'
import type { Side } from './signaling-state.ts'

export interface NegotiatorInit {
  readonly session: JsepSession
  readonly stack: TransportStack
  readonly tasks: TaskQueue
  isClosed(): boolean
  /** Both are called in tasks. */
  onSignalingStateChange(): void
  onNegotiationNeeded(): void
}

/** `RTCIceCandidateInit` with its defaults. */
export interface CandidateInit {
  readonly candidate: string
  readonly sdpMid: string | null
  readonly sdpMLineIndex: number | null
  readonly usernameFragment: string | null
}

const OFFERING_STATES: readonly RTCSignalingState[] = ['stable', 'have-local-offer', 'have-remote-pranswer']

/** The asynchronous procedures of webrtc-pc §4.4.1 and §4.7.3: one at a time, each ending in a task. */
export class Negotiator {
  readonly #session: JsepSession
  readonly #stack: TransportStack
  readonly #init: NegotiatorInit
  readonly #chain: OperationsChain
  #hasChannels = false
  #negotiationNeeded = false
  #updateWhenChainIsEmpty = false

  constructor(init: NegotiatorInit) {
    this.#init = init
    this.#session = init.session
    this.#stack = init.stack
    this.#chain = new OperationsChain(init.isClosed.bind(init), () => {
      if (!this.#updateWhenChainIsEmpty) return
      this.#updateWhenChainIsEmpty = false
      this.#updateNegotiationNeeded()
    })
  }

  createOffer(iceRestart: boolean): Promise<RTCSessionDescriptionInit> {
    return this.#chain.chain(() =>
      this.#inTask(() => this.#session.createOffer({ hasChannels: this.#hasChannels, iceRestart }))
    )
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return this.#chain.chain(() => this.#inTask(() => this.#session.createAnswer()))
  }

  setLocalDescription(type: unknown, sdp: string): Promise<void> {
    return this.#chain.chain(() => this.#setLocal(type === undefined ? undefined : toSdpType(type), sdp))
  }

  setRemoteDescription(type: unknown, sdp: string): Promise<void> {
    return this.#chain.chain(() => this.#setRemote(toSdpType(type), sdp))
  }

  addIceCandidate(init: CandidateInit): Promise<void> {
    return this.#chain.chain(() => this.#addCandidate(init))
  }

  restartIce(): void {
    this.#session.markForRestart()
    this.#updateNegotiationNeeded()
  }

  /** A channel was made; the first one has to be negotiated. */
  noteChannel(): void {
    if (this.#hasChannels) return
    this.#hasChannels = true
    this.#updateNegotiationNeeded()
  }

  /** webrtc-pc §4.7.3, "update the negotiation-needed flag". */
  #updateNegotiationNeeded(): void {
    if (!this.#chain.isEmpty) {
      this.#updateWhenChainIsEmpty = true
      return
    }
    this.#init.tasks.queue(() => {
      if (this.#init.isClosed()) return
      if (!this.#chain.isEmpty) {
        this.#updateWhenChainIsEmpty = true
        return
      }
      if (this.#session.signalingState !== 'stable') return
      if (!this.#session.isNegotiationNeeded(this.#hasChannels)) {
        this.#negotiationNeeded = false
        return
      }
      if (this.#negotiationNeeded) return
      this.#negotiationNeeded = true
      this.#init.onNegotiationNeeded()
    })
  }

  /** Runs a step in a task. After `close()` it does not run, and the promise never settles. */
  #inTask<T>(step: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#init.tasks.queue(() => {
        if (this.#init.isClosed()) return
        try {
          resolve(step())
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
  }

  /** webrtc-pc §4.4.1.5, "setLocalDescription". */
  async #setLocal(given: RTCSdpType | undefined, sdp: string): Promise<void> {
    const isOffering = OFFERING_STATES.includes(this.#session.signalingState)
    const type = given ?? (isOffering ? 'offer' : 'answer')
    if (type === 'rollback') return this.#inTask(() => this.#rollBack())
    const hasChannels = this.#hasChannels
    if (sdp === '' && !this.#session.isFresh(type, hasChannels)) {
      if (type === 'offer') this.#session.createOffer({ hasChannels, iceRestart: false })
      else this.#session.createAnswer()
    }
    const description = this.#session.checkLocal(type, sdp)
    await this.#inTask(() => {
      this.#apply('local', description)
    })
  }

  /** webrtc-pc §4.4.1.5, "setRemoteDescription", with the implicit rollback of perfect negotiation. */
  async #setRemote(type: RTCSdpType, sdp: string): Promise<void> {
    if (type === 'rollback') return this.#inTask(() => this.#rollBack())
    const description = this.#session.checkRemote(type, sdp)
    await this.#inTask(() => {
      if (type === 'offer' && this.#session.signalingState === 'have-local-offer') this.#giveUpOffer()
      this.#apply('remote', description)
    })
  }

  #apply(side: Side, description: Description): void {
    const changed = this.#session.apply(side, description)
    const local = dataOf(this.#session.local)
    const remote = dataOf(this.#session.remote)
    if (side === 'local' && local !== undefined) this.#stack.open(local, this.#session.isOfferer)
    if (description.type !== 'offer') {
      const { dtlsRole } = this.#session
      if (local !== undefined && remote !== undefined && dtlsRole !== undefined) {
        this.#stack.connect(local, remote, dtlsRole)
      } else if (description.value.data?.rejected === true) {
        this.#stack.sctp.reject()
      }
    }
    if (changed) this.#init.onSignalingStateChange()
    if (!this.#init.isClosed() && this.#session.signalingState === 'stable') {
      this.#negotiationNeeded = false
      this.#updateNegotiationNeeded()
    }
  }

  #rollBack(): void {
    this.#giveUpOffer()
    this.#init.onSignalingStateChange()
    this.#negotiationNeeded = false
    this.#updateNegotiationNeeded()
  }

  #giveUpOffer(): void {
    const given = dataOf(this.#session.rollBack())
    if (given !== undefined) this.#stack.discard(given, dataOf(this.#session.currentLocal))
  }

  /** webrtc-pc §4.4.1.10. */
  async #addCandidate(init: CandidateInit): Promise<void> {
    const { pendingRemote, currentRemote, remote } = this.#session
    if (remote === null) {
      throw new DOMException('there is no remote description yet: keep the candidate', 'InvalidStateError')
    }
    const section = remote.value.data
    const { sdpMid, sdpMLineIndex } = init
    const isKnown = sdpMid === null ? (sdpMLineIndex ?? 0) === 0 : sdpMid === section?.mid
    if (!isKnown || section === undefined) {
      throw new DOMException('the remote description has no such section', 'OperationError')
    }
    if (section.rejected) return
    const candidate = init.candidate === '' ? undefined : readCandidate(init.candidate)
    if (candidate === null) return
    const known = [pendingRemote, currentRemote].flatMap((applied) => dataOf(applied)?.iceUfrag ?? [])
    const generation = init.usernameFragment ?? candidate?.usernameFragment ?? section.iceUfrag
    if (!known.includes(generation)) {
      throw new DOMException('usernameFragment: belongs to no applied remote description', 'OperationError')
    }
    await this.#inTask(() => {
      this.#session.addRemoteCandidate(generation, candidate)
      this.#stack.addRemoteCandidate(generation, candidate)
    })
  }
}

/** Null for a candidate of a kind that is to be ignored. @throws {DOMException} OperationError if it is malformed */
function readCandidate(line: string): IceCandidate | null {
  try {
    return parseCandidate(line)
  } catch (error) {
    if (error instanceof CandidateError && error.code === 'ERR_CANDIDATE_UNSUPPORTED') return null
    throw new DOMException(`candidate: ${(error as Error).message}`, 'OperationError')
  }
}

import { CandidatePairState, StunProtocol, type CandidatePair, type Message, type Protocol } from 'werift'
import type { IceCandidate } from '../../candidates/index.ts'
import type { IceServer } from '../../configuration/index.ts'
import { CheckPacer } from './check-pacer.ts'
import { Consent } from './consent.ts'
import type { IceCredentials } from './credentials.ts'
import { fromWerift, gatherCandidates, toWerift, type GatheringError } from './gatherer.ts'
import { IceGuard, type IceDropReason, type OutstandingRequest } from './guard.ts'
import { MdnsResolver } from './mdns.ts'
import { candidatePriority, pairPriority } from './priority.ts'
import type { TransportAddress } from './udp-socket.ts'
import {
  closeBase,
  createConnection,
  interceptBase,
  transactionsOf,
  type ConnectionInternals,
  type IceBase
} from './werift.ts'

/** Remote candidates beyond this many are ignored: with ours they make more pairs than a connection needs. */
export const MAX_REMOTE_CANDIDATES = 64
/** Pairs that are checked (RFC 8445 §6.1.2.5). */
export const MAX_CANDIDATE_PAIRS = 100
/** Without any usable pair, once both sides have ended their candidates and all checks have failed. */
export const FAILED_AFTER_END_MS = 10_000
/** Without any usable pair, whatever may still come. */
export const FAILED_AFTER_MS = 30_000
/** Failed pairs are checked again while there is none that works: the peer may have started later. */
const RETRY_MS = 1000
/** Datagrams kept of 5-tuples whose check is under way: a handshake flight. */
const MAX_HELD_DATAGRAMS = 16
const CONSENT_RESPONSE_TIMEOUT_MIN_MS = 500

/** States of an ICE transport (webrtc-pc §5.6.4). */
export type IceAgentState =
  'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed' | 'closed'

export interface IceAgentInit {
  readonly controlling: boolean
  readonly credentials: IceCredentials
  readonly hostAddresses: readonly string[]
  readonly iceServers: readonly IceServer[]
  readonly relayOnly: boolean
}

/** What an agent tells its owner. */
export interface IceAgentHandlers {
  onCandidate(candidate: IceCandidate, url?: string): void
  onGatheringComplete(): void
  onGatheringError(error: GatheringError): void
  onStateChange(state: IceAgentState): void
  onSelectedPairChange(): void
  /** A datagram of DTLS, from a validated 5-tuple. */
  onData(datagram: Buffer): void
}

/**
 * One generation of ICE: its credentials, sockets, candidates and pairs. A restart makes another agent, and the old one
 * carries the data until the new one can. Checks are werift's (`Connection`); which datagrams reach it, when checks
 * start, which pair is used, and consent are decided here.
 */
export class IceAgent {
  readonly credentials: IceCredentials
  /** Datagrams that the guard dropped. */
  readonly drops: Partial<Record<IceDropReason, number>> = {}
  selectedPairChanges = 0
  readonly localCandidates: IceCandidate[] = []
  readonly remoteCandidates: IceCandidate[] = []
  readonly #init: IceAgentInit
  readonly #handlers: IceAgentHandlers
  readonly #connection: ConnectionInternals
  readonly #guard: IceGuard<IceBase>
  readonly #pacer: CheckPacer
  readonly #abort = new AbortController()
  readonly #mdns = new MdnsResolver()
  readonly #forwards = new Map<IceBase, (message: Buffer, from: TransportAddress) => void>()
  readonly #held: { base: IceBase; data: Buffer; from: TransportAddress }[] = []
  readonly #succeeded = new Set<CandidatePair>()
  #timers: NodeJS.Timeout[] = []
  #retryTimer: NodeJS.Timeout | undefined
  #consent: Consent | undefined
  #selected: CandidatePair | undefined
  #state: IceAgentState = 'new'
  #gathered = false
  #remoteEnded = false
  #startedAt: number | undefined

  constructor(init: IceAgentInit, handlers: IceAgentHandlers) {
    this.#init = init
    this.#handlers = handlers
    this.credentials = init.credentials
    const { usernameFragment, password } = init.credentials
    this.#connection = createConnection(init.controlling)
    this.#connection.localUsername = usernameFragment
    this.#connection.localPassword = password
    this.#connection.userHistory = { [usernameFragment]: password }
    this.#adaptConnection()
    this.#guard = new IceGuard<IceBase>(this.#guardedAgent(), usernameFragment, password)
    this.#pacer = new CheckPacer(() => this.#startNextCheck())
  }

  get state(): IceAgentState {
    return this.#state
  }

  get gatheringComplete(): boolean {
    return this.#gathered
  }

  get controlling(): boolean {
    return this.#connection.iceControlling
  }

  /** The pair that data is sent on. */
  get selectedPair(): CandidatePair | undefined {
    return this.#selected
  }

  /** The candidates of the selected pair; the local one is that of its base. */
  get selectedCandidates(): { local: IceCandidate; remote: IceCandidate } | undefined {
    const pair = this.#selected
    return pair && { local: fromWerift(pair.localCandidate), remote: fromWerift(pair.remoteCandidate) }
  }

  get pairs(): readonly CandidatePair[] {
    return this.#connection.checkList
  }

  /** Starts to gather candidates. */
  gather(): void {
    const { hostAddresses, iceServers, relayOnly } = this.#init
    void gatherCandidates({
      hostAddresses,
      iceServers,
      relayOnly,
      signal: this.#abort.signal,
      onBaseCreated: (base) => {
        this.#addBase(base)
      },
      onBase: (base) => {
        this.#connection.protocols.push(base)
        this.#connection.pairLocalProtocol(base)
        this.#pacer.wake()
      },
      onCandidate: (candidate, url) => {
        if (this.#state === 'closed') return
        this.localCandidates.push(candidate)
        this.#handlers.onCandidate(candidate, url)
      },
      onError: (error) => {
        this.#handlers.onGatheringError(error)
      }
    }).then(() => {
      if (this.#state === 'closed') return
      this.#gathered = true
      this.#handlers.onGatheringComplete()
      this.#evaluate()
    })
  }

  /** Begins to check, with what the remote description says. Checks that came earlier are caught up with. */
  start({ usernameFragment, password }: IceCredentials): void {
    const connection = this.#connection
    connection.remoteUsername = usernameFragment
    connection.remotePassword = password
    this.#guard.setRemoteUfrag(usernameFragment)
    this.#startedAt = performance.now()
    this.#timers = [FAILED_AFTER_END_MS, FAILED_AFTER_MS].map((delay) =>
      setTimeout(() => {
        this.#evaluate()
      }, delay + 1)
    )
    this.#setState('checking')
    connection.earlyChecksDone = true
    for (const [message, from, base] of connection.earlyChecks.splice(0)) {
      const username = message.getAttributeValue('USERNAME') as string
      if (username.split(':')[1] === usernameFragment) connection.checkIncoming(message, from, base)
    }
    this.#pacer.wake()
  }

  /** Takes a remote candidate. Kinds that cannot be used are ignored. */
  addRemoteCandidate(candidate: IceCandidate): void {
    if (this.#state === 'closed' || this.remoteCandidates.length >= MAX_REMOTE_CANDIDATES) return
    this.remoteCandidates.push(candidate)
    if (candidate.protocol !== 'udp' || candidate.type === 'prflx') return
    if (!candidate.address.endsWith('.local')) {
      this.#pairRemoteCandidate(candidate)
      return
    }
    void this.#mdns.resolve(candidate.address).then((address) => {
      if (address !== undefined && this.#state !== 'closed') {
        this.#pairRemoteCandidate({ ...candidate, address })
      }
    })
  }

  endRemoteCandidates(): void {
    this.#remoteEnded = true
    this.#evaluate()
  }

  /** Sends a datagram to the peer; drops it if there is no usable pair. */
  send(datagram: Uint8Array): void {
    const pair = this.#selected
    if (pair === undefined || this.#state === 'failed' || this.#state === 'closed') return
    pair.packetsSent++
    pair.bytesSent += datagram.length
    const { protocol, remoteAddr } = pair
    if (protocol instanceof StunProtocol) {
      void protocol.transport.send(datagram as Buffer, remoteAddr)
    } else {
      protocol.sendData(datagram as Buffer, remoteAddr).catch(() => undefined)
    }
  }

  /** Checks at once whether the peer still consents. */
  checkConsent(): void {
    this.#consent?.hurry()
  }

  /** The peer has said that it goes: consent is revoked (RFC 7675 §5.2). */
  revokeConsent(): void {
    this.#fail()
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#setState('closed')
    this.#abort.abort()
    this.#stopTimers()
    this.#mdns.close()
    for (const base of this.#forwards.keys()) closeBase(base)
    this.#held.length = 0
    this.#connection.protocols = []
  }

  #adaptConnection(): void {
    const connection = this.#connection
    const buildRequest = connection.buildRequest.bind(connection)
    connection.buildRequest = (options) => {
      const request = buildRequest(options)
      const address = options.localCandidate?.host
      if (address !== undefined) {
        request.setAttribute('PRIORITY', candidatePriority('prflx', address, 0))
      }
      return request
    }
    connection.checkComplete = (pair) => {
      this.#onCheckComplete(pair)
    }
    connection.sortCheckList = () => {
      connection.checkList.sort((a, b) => compareBigInt(this.#priorityOf(b), this.#priorityOf(a)))
    }
  }

  #guardedAgent() {
    return {
      outstandingRequest: (base: IceBase, transactionId: string): OutstandingRequest | undefined => {
        const transaction = transactionsOf(base)[transactionId]
        if (transaction === undefined) return undefined
        const [address, port] = transaction.expectedAddr
        const password = transaction.integrityKey?.toString('utf8')
        return password === undefined ? { address, port } : { address, port, password }
      },
      isKnownRemote: (address: string, port: number) =>
        this.#connection._remoteCandidates.some((known) => known.host === address && known.port === port),
      peerReflexiveCount: () =>
        this.#connection._remoteCandidates.filter(({ type }) => type === 'prflx').length
    }
  }

  #addBase(base: IceBase): void {
    this.#connection.ensureProtocol(base)
    const forward = interceptBase(base, (data, from) => {
      this.#receive(base, data, from)
    })
    this.#forwards.set(base, forward)
  }

  #receive(base: IceBase, data: Buffer, from: TransportAddress): void {
    if (this.#state === 'closed') return
    const verdict = this.#guard.inspect(base, data, from[0], from[1])
    switch (verdict.type) {
      case 'data':
        this.#deliver(base, data)
        return
      case 'stun':
        this.#forwards.get(base)?.(verdict.message, from)
        this.#pacer.wake()
        return
      case 'hold':
        if (this.#held.length < MAX_HELD_DATAGRAMS) this.#held.push({ base, data, from })
        else this.#countDrop('unvalidated-source')
        return
      case 'drop':
        this.#countDrop(verdict.reason)
    }
  }

  #deliver(base: IceBase, data: Buffer): void {
    const pair = this.#selected
    if (pair?.protocol === (base as Protocol)) {
      pair.packetsReceived++
      pair.bytesReceived += data.length
    }
    this.#handlers.onData(data)
  }

  #countDrop(reason: IceDropReason): void {
    this.drops[reason] = (this.drops[reason] ?? 0) + 1
  }

  #pairRemoteCandidate(candidate: IceCandidate): void {
    const connection = this.#connection
    const remote = toWerift(candidate)
    const known = connection._remoteCandidates.find(
      ({ host, port }) => host === remote.host && port === remote.port
    )
    if (known === undefined) {
      connection._remoteCandidates.push(remote)
      if (connection.checkList.length < MAX_CANDIDATE_PAIRS) connection.pairRemoteCandidate(remote)
    } else if (known.type === 'prflx') {
      // It came by a check before it came by signaling (RFC 8445 §7.3.1.3).
      const { type, priority, foundation } = remote
      Object.assign(known, { type, priority, foundation })
    }
    connection.sortCheckList()
    this.#pacer.wake()
  }

  /** Starts the most promising check that waits; false if none does. */
  #startNextCheck(): boolean {
    if (this.#startedAt === undefined || this.#state === 'failed' || this.#state === 'closed') return false
    const next = this.#connection.checkList.find(({ state }) => state === CandidatePairState.WAITING)
    if (next === undefined || this.#isWorse(next)) return false
    this.#connection.checkStart(next)
    return true
  }

  /** There is no need to check a pair that would not be chosen. */
  #isWorse(pair: CandidatePair): boolean {
    const selected = this.#selected
    return selected?.nominated === true && this.#priorityOf(pair) < this.#priorityOf(selected)
  }

  #onCheckComplete(pair: CandidatePair): void {
    if (this.#state === 'closed' || !this.#connection.checkList.includes(pair)) return
    if (pair.state === CandidatePairState.SUCCEEDED) {
      if (!this.#succeeded.has(pair)) {
        this.#succeeded.add(pair)
        const [address, port] = pair.remoteAddr
        this.#guard.validate(pair.protocol as IceBase, address, port)
      }
      this.#select()
      this.#releaseHeld()
    } else {
      this.#succeeded.delete(pair)
    }
    this.#evaluate()
  }

  /** Uses the best pair that works: of those that are nominated, if any is. */
  #select(): void {
    let best: CandidatePair | undefined
    for (const pair of this.#succeeded) {
      if (best === undefined || this.#isBetter(pair, best)) best = pair
    }
    if (best === this.#selected) return
    this.#selected = best
    this.#consent?.stop()
    this.#consent = undefined
    if (best === undefined) return
    this.selectedPairChanges++
    for (const timer of this.#timers) clearTimeout(timer)
    this.#consent = this.#watch(best)
    this.#handlers.onSelectedPairChange()
  }

  #isBetter(pair: CandidatePair, than: CandidatePair): boolean {
    if (pair.nominated !== than.nominated) return pair.nominated
    return this.#priorityOf(pair) > this.#priorityOf(than)
  }

  #watch(pair: CandidatePair): Consent {
    return new Consent({
      check: () => this.#askConsent(pair),
      onDisconnected: () => {
        // Another pair may still work.
        this.#succeeded.delete(pair)
        pair.updateState(CandidatePairState.FAILED)
        const others = this.#succeeded.size > 0
        if (others) this.#select()
        else this.#setState('disconnected')
      },
      onRecovered: () => {
        this.#succeeded.add(pair)
        pair.updateState(CandidatePairState.SUCCEEDED)
        this.#evaluate()
      },
      onExpired: () => {
        this.#fail()
      }
    })
  }

  async #askConsent(pair: CandidatePair): Promise<boolean> {
    const { localUsername, remoteUsername, remotePassword, iceControlling } = this.#connection
    const request: Message = this.#connection.buildRequest({
      nominate: iceControlling,
      localUsername,
      remoteUsername,
      iceControlling,
      localCandidate: pair.localCandidate
    })
    const responseTimeout = Math.max(CONSENT_RESPONSE_TIMEOUT_MIN_MS, (pair.rtt ?? 0) * 2000 + 200)
    const sentAt = performance.now()
    pair.consentRequestsSent++
    pair.requestsSent++
    try {
      await pair.protocol.request(request, pair.remoteAddr, Buffer.from(remotePassword, 'utf8'), {
        retransmissions: 0,
        responseTimeout
      })
    } catch {
      return false
    }
    pair.rtt = (performance.now() - sentAt) / 1000
    pair.totalRoundTripTime += pair.rtt
    pair.roundTripTimeMeasurements++
    pair.responsesReceived++
    return true
  }

  #releaseHeld(): void {
    for (const { base, data, from } of this.#held.splice(0)) this.#receive(base, data, from)
  }

  /** Draws the agent's state from its pairs. */
  #evaluate(): void {
    if (this.#startedAt === undefined || this.#state === 'failed' || this.#state === 'closed') return
    if (this.#succeeded.size > 0) {
      this.#setState(this.#isCompleted() ? 'completed' : 'connected')
      return
    }
    if (this.#state !== 'checking') return
    const elapsed = performance.now() - this.#startedAt
    const { checkList } = this.#connection
    const exhausted = checkList.every(({ state }) => state === CandidatePairState.FAILED)
    const ended = this.#gathered && this.#remoteEnded && exhausted
    if (elapsed >= FAILED_AFTER_MS || (ended && elapsed >= FAILED_AFTER_END_MS)) this.#fail()
    else if (exhausted) this.#retryLater()
  }

  #isCompleted(): boolean {
    if (!this.#gathered || !this.#remoteEnded || this.#selected?.nominated !== true) return false
    const pending: readonly CandidatePairState[] = [
      CandidatePairState.WAITING,
      CandidatePairState.IN_PROGRESS
    ]
    return this.#connection.checkList.every((pair) => !pending.includes(pair.state) || this.#isWorse(pair))
  }

  #retryLater(): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined
      if (this.#succeeded.size > 0) return
      for (const pair of this.#connection.checkList) {
        if (pair.state === CandidatePairState.FAILED) pair.updateState(CandidatePairState.WAITING)
      }
      this.#pacer.wake()
    }, RETRY_MS)
  }

  #fail(): void {
    if (this.#state === 'failed' || this.#state === 'closed') return
    this.#stopTimers()
    this.#setState('failed')
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    clearTimeout(this.#retryTimer)
    this.#pacer.stop()
    this.#consent?.stop()
  }

  #priorityOf({ localCandidate, remoteCandidate }: CandidatePair): bigint {
    const [local, remote] = [localCandidate.priority, remoteCandidate.priority]
    return this.controlling ? pairPriority(local, remote) : pairPriority(remote, local)
  }

  #setState(state: IceAgentState): void {
    if (state === this.#state) return
    this.#state = state
    this.#handlers.onStateChange(state)
  }
}

function compareBigInt(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

import { CandidatePairState, StunProtocol, type CandidatePair, type Protocol } from 'werift'
import type { IceCandidate } from '../../candidates/index.ts'
import type { IceServer } from '../../configuration/index.ts'
import { CheckPacer } from './check-pacer.ts'
import { ConsentChecks } from './consent-checks.ts'
import type { IceCredentials } from './credentials.ts'
import { Gatherer } from './gatherer.ts'
import type { GatheringError } from './gathering.ts'
import type { IceDropReason } from './guard.ts'
import { GuardedBases } from './guarded-bases.ts'
import { createIceConnection } from './ice-connection.ts'
import { MdnsResolver } from './mdns.ts'
import { PairSelection } from './pair-selection.ts'
import type { OnSent, UdpSocket } from './udp-socket.ts'
import { fromWerift, toWerift } from './werift-candidate.ts'
import type { ConnectionInternals, IceBase } from './werift.ts'

/** Remote candidates beyond this many are ignored: with ours they make more pairs than a connection needs. */
export const MAX_REMOTE_CANDIDATES = 64
/** Without any usable pair, once both sides have ended their candidates and all checks have failed. */
export const FAILED_AFTER_END_MS = 10_000
/** Without any usable pair, whatever may still come. */
export const FAILED_AFTER_MS = 30_000
/** Failed pairs are checked again while there is none that works: the peer may have started later. */
const RETRY_MS = 1000
const UNFINISHED: readonly CandidatePairState[] = [CandidatePairState.WAITING, CandidatePairState.IN_PROGRESS]

/** States of an ICE transport (webrtc-pc §5.6.4). */
export type IceAgentState =
  'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed' | 'closed'

export interface IceAgentInit {
  readonly controlling: boolean
  readonly credentials: IceCredentials
  /** The addresses of this machine as they are now; asked for again while there is no pair. */
  readonly hostAddresses: () => readonly string[]
  readonly iceServers: readonly IceServer[]
  readonly relayOnly: boolean
}

/** What the peer's description says of its agent. */
export interface RemoteIceParameters extends IceCredentials {
  readonly iceLite: boolean
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
  readonly localCandidates: IceCandidate[] = []
  readonly remoteCandidates: IceCandidate[] = []
  selectedPairChanges = 0
  readonly #gatherer: Gatherer
  readonly #handlers: IceAgentHandlers
  readonly #connection: ConnectionInternals
  readonly #bases: GuardedBases
  readonly #selection: PairSelection
  readonly #pacer: CheckPacer
  readonly #abort = new AbortController()
  readonly #mdns = new MdnsResolver()
  #deadlines: NodeJS.Timeout[] = []
  #retryTimer: NodeJS.Timeout | undefined
  #consent: ConsentChecks | undefined
  #state: IceAgentState = 'new'
  #remoteEnded = false
  #startedAt: number | undefined

  constructor(init: IceAgentInit, handlers: IceAgentHandlers) {
    this.#handlers = handlers
    this.credentials = init.credentials
    this.#selection = new PairSelection(() => this.controlling)
    this.#connection = createIceConnection(init.controlling, init.credentials, {
      onCheckComplete: (pair) => {
        this.#onCheckComplete(pair)
      },
      sort: (pairs) => {
        this.#selection.sort(pairs)
      }
    })
    this.#bases = new GuardedBases(this.#connection, init.credentials, {
      onData: (base, data) => {
        this.#deliver(base, data)
      },
      onStun: () => {
        this.#pacer.wake()
      }
    })
    this.#pacer = new CheckPacer(() => this.#startNextCheck())
    this.#gatherer = this.#createGatherer(init)
  }

  get state(): IceAgentState {
    return this.#state
  }

  get gatheringComplete(): boolean {
    return this.#gatherer.isComplete
  }

  get controlling(): boolean {
    return this.#connection.iceControlling
  }

  /** The pair that data is sent on. */
  get selectedPair(): CandidatePair | undefined {
    return this.#selection.selected
  }

  /** The candidates of the selected pair; the local one is that of its base. */
  get selectedCandidates(): { local: IceCandidate; remote: IceCandidate } | undefined {
    const pair = this.selectedPair
    return pair && { local: fromWerift(pair.localCandidate), remote: fromWerift(pair.remoteCandidate) }
  }

  get pairs(): readonly CandidatePair[] {
    return this.#connection.checkList
  }

  /** Datagrams that the guard dropped. */
  get drops(): Readonly<Partial<Record<IceDropReason, number>>> {
    return this.#bases.drops
  }

  /** The user name fragment of the peer that it checks with, once it does. */
  get remoteUsernameFragment(): string | undefined {
    return this.#startedAt === undefined ? undefined : this.#connection.remoteUsername
  }

  /** Starts to gather candidates. */
  gather(): void {
    this.#gatherer.start()
  }

  /** Begins to check, with what the remote description says. Checks that came earlier are caught up with. */
  start({ usernameFragment, password, iceLite }: RemoteIceParameters): void {
    const connection = this.#connection
    connection.remoteUsername = usernameFragment
    connection.remotePassword = password
    // A lite agent checks nothing, so it cannot control (RFC 8445 §6.1.1).
    if (iceLite) connection.iceControlling = true
    this.#bases.setRemoteUfrag(usernameFragment)
    this.#startedAt = performance.now()
    this.#deadlines = [FAILED_AFTER_END_MS, FAILED_AFTER_MS].map((delay) =>
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

  /**
   * Sends a datagram to the peer; drops it if there is no usable pair.
   *
   * @returns whether the datagram's memory is still in use: then it must stay as it is until `onSent`
   */
  send(datagram: Uint8Array, onSent?: OnSent): boolean {
    const pair = this.selectedPair
    if (pair === undefined || this.#state === 'failed' || this.#state === 'closed') return false
    pair.packetsSent++
    pair.bytesSent += datagram.length
    const { protocol, remoteCandidate } = pair
    if (protocol instanceof StunProtocol) {
      const socket = protocol.transport as unknown as UdpSocket
      return socket.transmit(datagram, remoteCandidate.host, remoteCandidate.port, onSent)
    }
    // It goes a few microtasks later.
    protocol.sendData(Buffer.from(datagram), pair.remoteAddr).catch(() => undefined)
    return false
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
    this.#bases.close()
    this.#connection.protocols = []
  }

  #createGatherer({ hostAddresses, iceServers, relayOnly }: IceAgentInit): Gatherer {
    return new Gatherer({
      hostAddresses,
      iceServers,
      relayOnly,
      signal: this.#abort.signal,
      onBaseCreated: (base) => {
        this.#bases.add(base)
      },
      onBase: (base) => {
        this.#connection.protocols.push(base)
        this.#connection.pairLocalProtocol(base)
        this.#pacer.wake()
      },
      onCandidate: (candidate, url) => {
        this.localCandidates.push(candidate)
        this.#handlers.onCandidate(candidate, url)
      },
      onError: (error) => {
        this.#handlers.onGatheringError(error)
      },
      onComplete: () => {
        this.#handlers.onGatheringComplete()
        this.#evaluate()
      }
    })
  }

  #deliver(base: IceBase, data: Buffer): void {
    const pair = this.selectedPair
    if (pair?.protocol === (base as Protocol)) {
      pair.packetsReceived++
      pair.bytesReceived += data.length
    }
    this.#handlers.onData(data)
  }

  #pairRemoteCandidate(candidate: IceCandidate): void {
    const connection = this.#connection
    const remote = toWerift(candidate)
    const known = connection._remoteCandidates.find(
      ({ host, port }) => host === remote.host && port === remote.port
    )
    if (known === undefined) {
      connection._remoteCandidates.push(remote)
      connection.pairRemoteCandidate(remote)
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
    if (next === undefined || this.#selection.isInferior(next)) return false
    this.#connection.checkStart(next)
    return true
  }

  #onCheckComplete(pair: CandidatePair): void {
    if (this.#state === 'closed' || !this.#connection.checkList.includes(pair)) return
    if (pair.state === CandidatePairState.SUCCEEDED) {
      const isNew = this.#selection.add(pair)
      this.#select()
      if (isNew) this.#bases.validate(pair.protocol as IceBase, pair.remoteAddr)
    } else {
      this.#selection.remove(pair)
    }
    this.#evaluate()
  }

  #select(): void {
    const { selected } = this.#selection.update() ? this.#selection : {}
    if (selected === undefined) return
    for (const timer of this.#deadlines) clearTimeout(timer)
    this.selectedPairChanges++
    this.#consent?.stop()
    this.#consent = new ConsentChecks(this.#connection, selected, (change) => {
      this.#onConsentChange(selected, change)
    })
    this.#handlers.onSelectedPairChange()
    this.#gatherer.stopWatching()
  }

  #onConsentChange(pair: CandidatePair, change: 'disconnected' | 'recovered' | 'expired'): void {
    switch (change) {
      case 'disconnected':
        this.#selection.remove(pair)
        pair.updateState(CandidatePairState.FAILED)
        // Another pair may still work.
        if (this.#selection.isUsable) this.#select()
        else this.#setState('disconnected')
        return
      case 'recovered':
        pair.updateState(CandidatePairState.SUCCEEDED)
        this.#selection.add(pair)
        this.#evaluate()
        return
      case 'expired':
        this.#fail()
    }
  }

  /** Draws the agent's state from its pairs. */
  #evaluate(): void {
    if (this.#startedAt === undefined || this.#state === 'failed' || this.#state === 'closed') return
    if (this.#selection.isUsable) {
      this.#setState(this.#isCompleted() ? 'completed' : 'connected')
      return
    }
    if (this.#state !== 'checking') return
    const elapsed = performance.now() - this.#startedAt
    const { checkList } = this.#connection
    const exhausted = checkList.every(({ state }) => state === CandidatePairState.FAILED)
    const ended = this.gatheringComplete && this.#remoteEnded && exhausted
    if (elapsed >= FAILED_AFTER_MS || (ended && elapsed >= FAILED_AFTER_END_MS)) this.#fail()
    else if (exhausted) this.#retryLater()
  }

  #isCompleted(): boolean {
    if (!this.gatheringComplete || !this.#remoteEnded || this.selectedPair?.nominated !== true) return false
    return this.#connection.checkList.every(
      (pair) => !UNFINISHED.includes(pair.state) || this.#selection.isInferior(pair)
    )
  }

  #retryLater(): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined
      if (this.#selection.isUsable) return
      for (const pair of this.#connection.checkList) {
        if (pair.state === CandidatePairState.FAILED) pair.updateState(CandidatePairState.WAITING)
      }
      this.#pacer.wake()
    }, RETRY_MS)
  }

  #fail(): void {
    if (this.#state === 'failed' || this.#state === 'closed') return
    this.#setState('failed')
    this.#stopTimers()
  }

  #stopTimers(): void {
    for (const timer of this.#deadlines) clearTimeout(timer)
    clearTimeout(this.#retryTimer)
    this.#pacer.stop()
    this.#consent?.stop()
    this.#gatherer.stopWatching()
  }

  #setState(state: IceAgentState): void {
    if (state === this.#state) return
    this.#state = state
    this.#handlers.onStateChange(state)
  }
}

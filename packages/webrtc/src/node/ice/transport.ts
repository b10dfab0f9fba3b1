import type { IceCandidate } from '../../candidates/index.ts'
import { IceAgent, type IceAgentInit, type IceAgentState, type RemoteIceParameters } from './agent.ts'
import type { GatheringError } from './gathering.ts'
import type { OnSent } from './udp-socket.ts'

/** The old generation's sockets are kept so long after a restart has succeeded, for what is still on the way. */
const LINGER_MS = 3000
/**
 * Generations that are kept: one that carries data, one that a peer may still be using, one whose checks go on, and one
 * that is negotiated. Each holds sockets, and a peer can ask for restarts without end.
 */
export const MAX_GENERATIONS = 4

/** What the ICE transport tells the connection. `generation` is the local user name fragment. */
export interface IceTransportHandlers {
  onCandidate(candidate: IceCandidate, generation: string, url?: string): void
  onGatheringComplete(generation: string): void
  onGatheringError(error: GatheringError): void
  /** The state, the selected pair or the role may have changed. */
  onChange(): void
  onData(datagram: Buffer): void
}

/**
 * The ICE transport of a connection, over all its generations. With a restart an agent of its own (with sockets and
 * addresses of its own, so it works after a change of network) begins, and data keep going over the old one until the
 * new one has a pair. Where the restart fails but the old pair still lives, the transport lives on with it.
 */
export class IceTransport {
  readonly #handlers: IceTransportHandlers
  /** In the order in which they began. */
  readonly #agents: IceAgent[] = []
  #lingering: NodeJS.Timeout | undefined
  /** Who carries data, until something changes. */
  #sender: IceAgent | undefined
  #closed = false

  constructor(handlers: IceTransportHandlers) {
    this.#handlers = handlers
  }

  /** The agent of these credentials, which gathers from its first mention on. */
  open(init: IceAgentInit): IceAgent {
    const generation = init.credentials.usernameFragment
    const known = this.find(generation)
    if (known !== undefined) return known
    const agent: IceAgent = new IceAgent(init, {
      onCandidate: (candidate, url) => {
        this.#handlers.onCandidate(candidate, generation, url)
      },
      onGatheringComplete: () => {
        this.#handlers.onGatheringComplete(generation)
      },
      onGatheringError: (error) => {
        this.#handlers.onGatheringError(error)
      },
      onStateChange: () => {
        this.#onStateChange()
      },
      onSelectedPairChange: () => {
        this.#sender = undefined
        this.#handlers.onChange()
      },
      onData: (datagram) => {
        this.#handlers.onData(datagram)
      }
    })
    this.#agents.push(agent)
    this.#sender = undefined
    if (this.#agents.length > MAX_GENERATIONS) {
      const { active } = this
      const oldest = this.#agents.find((other) => other !== active)
      if (oldest !== undefined) this.#remove(oldest)
    }
    agent.gather()
    return agent
  }

  find(generation: string): IceAgent | undefined {
    return this.#agents.find(({ credentials }) => credentials.usernameFragment === generation)
  }

  /** The agent that checks with this generation of the peer's. */
  findByRemote(generation: string): IceAgent | undefined {
    return this.#agents.find(({ remoteUsernameFragment }) => remoteUsernameFragment === generation)
  }

  /** Lets an agent check, now that the remote description is known. */
  start(agent: IceAgent, remote: RemoteIceParameters): void {
    if (!isStarted(agent)) agent.start(remote)
  }

  /** Gives up an agent whose description was rolled back. */
  discard(generation: string): void {
    const agent = this.find(generation)
    if (agent !== undefined && !isStarted(agent)) this.#remove(agent)
  }

  /** The newest agent, started or not. */
  get newest(): IceAgent | undefined {
    return this.#agents.at(-1)
  }

  /** The agent that carries data, or else the newest. */
  get active(): IceAgent | undefined {
    const usable = this.#agents.findLast(({ state }) => isUsable(state))
    return usable ?? this.#agents.findLast(({ selectedPair }) => selectedPair !== undefined) ?? this.newest
  }

  get agents(): readonly IceAgent[] {
    return this.#agents
  }

  get state(): IceAgentState {
    if (this.#closed) return 'closed'
    const states = this.#agents.filter(isStarted).map(({ state }) => state)
    return (
      states.findLast(isUsable) ??
      states.findLast((state) => state === 'checking') ??
      states.findLast((state) => state === 'disconnected') ??
      states.at(-1) ??
      'new'
    )
  }

  get gatheringState(): 'new' | 'gathering' | 'complete' {
    const { newest } = this
    if (newest === undefined) return 'new'
    return newest.gatheringComplete ? 'complete' : 'gathering'
  }

  /** @returns whether the datagram's memory is still in use: then it must stay as it is until `onSent` */
  send(datagram: Uint8Array, onSent?: OnSent): boolean {
    this.#sender ??= this.active
    return this.#sender?.send(datagram, onSent) ?? false
  }

  /** The peer has closed DTLS: it consents to nothing more (RFC 7675 §5.2). */
  revokeConsent(): void {
    for (const agent of this.#agents) agent.revokeConsent()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#lingering)
    for (const agent of this.#agents) agent.close()
  }

  #onStateChange(): void {
    this.#sender = undefined
    if (this.#closed) return
    const { newest } = this
    const superseded = newest !== undefined && isUsable(newest.state) && this.#agents.length > 1
    if (superseded)
      this.#lingering ??= setTimeout(() => {
        this.#lingering = undefined
        // Another restart may have begun: what works stays until that one does.
        const current = this.#agents.findLastIndex(({ state }) => isUsable(state))
        for (const agent of this.#agents.slice(0, Math.max(0, current))) this.#remove(agent)
      }, LINGER_MS)
    this.#handlers.onChange()
  }

  #remove(agent: IceAgent): void {
    this.#agents.splice(this.#agents.indexOf(agent), 1)
    this.#sender = undefined
    agent.close()
  }
}

function isStarted(agent: IceAgent): boolean {
  return agent.remoteUsernameFragment !== undefined
}

function isUsable(state: IceAgentState): boolean {
  return state === 'connected' || state === 'completed'
}

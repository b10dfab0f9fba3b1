import type { Candidate, ContenderName } from '../stacks/stack.ts'
import { withDeadline } from '../support/deadline.ts'
import { startWorker } from '../support/worker.ts'
import type { Remote, WorkerProcess } from '../support/worker.ts'
import type { CandidateFound, ChannelPlan, Peer } from './peer.ts'

/** How long processes may take to start and to load their stack, in milliseconds. */
const startTimeoutMs = 30_000

/** How long one connection may take to open, in milliseconds. */
const openTimeoutMs = 15_000

export type Role = 'offerer' | 'answerer'

/** Carries what one side tells to the other, as signaling would, and may change it. */
export interface Carrier {
  description(sdp: string): string
  /** `undefined` keeps it back. */
  candidate(candidate: Candidate, from: Role): Promise<Candidate | undefined>
}

const carryAsItIs: Carrier = {
  description: (sdp) => sdp,
  candidate: async (candidate) => candidate
}

interface Negotiation {
  readonly carrier: Carrier
  /** Resolved when the offer is on its way: candidates must not arrive before it. */
  readonly offered: PromiseWithResolvers<undefined>
}

/** A connection between the two processes. */
export interface OpenConnection {
  readonly id: number
  /** From before the offerer made its side until its channels were open, in milliseconds. */
  readonly openedMs: number
}

/** Two processes that run one contender, and the signaling between them. */
export class Pair implements AsyncDisposable {
  readonly #offerer: WorkerProcess<Peer>
  readonly #answerer: WorkerProcess<Peer>
  readonly #negotiations = new Map<number, Negotiation>()
  #connections = 0

  private constructor(contender: ContenderName, namespaces: readonly string[]) {
    const start = (role: Role, namespace: string | undefined): WorkerProcess<Peer> =>
      startWorker<Peer>(new URL('./peer.ts', import.meta.url), {
        name: `${contender}-${role}`,
        namespace,
        onEvent: (found: CandidateFound) => {
          // What becomes of it is seen by whether the connection opens.
          this.#carry(found, role).catch(() => undefined)
        }
      })
    this.#offerer = start('offerer', namespaces.at(0))
    this.#answerer = start('answerer', namespaces.at(1))
  }

  /** @param namespaces network namespaces for the offerer and the answerer to run in */
  static async start(contender: ContenderName, namespaces: readonly string[] = []): Promise<Pair> {
    const pair = new Pair(contender, namespaces)
    try {
      const loaded = Promise.all([pair.offerer.load(contender), pair.answerer.load(contender)])
      await withDeadline(loaded, startTimeoutMs, `loading ${contender}`)
      return pair
    } catch (error) {
      await pair[Symbol.asyncDispose]()
      throw error
    }
  }

  get offerer(): Remote<Peer> {
    return this.#offerer.call
  }

  get answerer(): Remote<Peer> {
    return this.#answerer.call
  }

  /** Resolves when all channels are open on both sides. */
  async connect(channels: readonly ChannelPlan[], carrier = carryAsItIs): Promise<OpenConnection> {
    return withDeadline(this.#connect(this.#connections++, channels, carrier), openTimeoutMs, 'opening')
  }

  async close(id: number): Promise<void> {
    this.#negotiations.delete(id)
    await Promise.all([this.offerer.close(id), this.answerer.close(id)])
  }

  async #connect(id: number, channels: readonly ChannelPlan[], carrier: Carrier): Promise<OpenConnection> {
    const offered = Promise.withResolvers<undefined>()
    this.#negotiations.set(id, { carrier, offered })
    const offer = carrier.description(await this.offerer.offer(id, channels))
    const answering = this.answerer.answer(id, offer, channels.length)
    offered.resolve(undefined)
    await this.offerer.accept(id, carrier.description(await answering))
    const [openedMs] = await Promise.all([this.offerer.opened(id), this.answerer.opened(id)])
    return { id, openedMs }
  }

  async #carry({ id, candidate }: CandidateFound, from: Role): Promise<void> {
    const negotiation = this.#negotiations.get(id)
    await negotiation?.offered.promise
    const carried = await negotiation?.carrier.candidate(candidate, from)
    if (carried === undefined) return
    await (from === 'offerer' ? this.answerer : this.offerer).addCandidate(id, carried)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#offerer[Symbol.asyncDispose](), this.#answerer[Symbol.asyncDispose]()])
  }
}

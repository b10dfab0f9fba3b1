import type { ContenderName } from '../stacks/stack.ts'
import { withDeadline } from '../support/deadline.ts'
import { startWorker } from '../support/worker.ts'
import type { Remote, WorkerProcess } from '../support/worker.ts'
import type { ChannelPlan, Peer } from './peer.ts'

/** How long processes may take to start and to load their stack, in milliseconds. */
const startTimeoutMs = 30_000

/** How long one connection may take to open, in milliseconds. */
export const openTimeoutMs = 15_000

/** Changes a description on its way to the other side, as signaling would carry it. */
export type CarryDescription = (sdp: string, from: 'offerer' | 'answerer') => string | Promise<string>

/** Two processes that run one contender, and the signaling between them. */
export class Pair implements AsyncDisposable {
  readonly #offerer: WorkerProcess<Peer>
  readonly #answerer: WorkerProcess<Peer>

  private constructor(offerer: WorkerProcess<Peer>, answerer: WorkerProcess<Peer>) {
    this.#offerer = offerer
    this.#answerer = answerer
  }

  static async start(contender: ContenderName): Promise<Pair> {
    const module = new URL('./peer.ts', import.meta.url)
    const pair = new Pair(
      startWorker<Peer>(module, { name: `${contender}-offerer` }),
      startWorker<Peer>(module, { name: `${contender}-answerer` })
    )
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

  /** Opens connection `id`. Resolves when all its channels are open on both sides, to the offerer's milliseconds. */
  async connect(
    id: number,
    channels: readonly ChannelPlan[],
    carry: CarryDescription = (sdp) => sdp
  ): Promise<number> {
    return withDeadline(this.#connect(id, channels, carry), openTimeoutMs, 'opening a connection')
  }

  async #connect(id: number, channels: readonly ChannelPlan[], carry: CarryDescription): Promise<number> {
    const offer = await carry(await this.offerer.offer(id, channels), 'offerer')
    const answer = await carry(await this.answerer.answer(id, offer, channels.length), 'answerer')
    await this.offerer.accept(id, answer)
    const [milliseconds] = await Promise.all([this.offerer.opened(id), this.answerer.opened(id)])
    return milliseconds
  }

  /** Milliseconds of CPU time that both processes have used. */
  async cpuMs(): Promise<number> {
    const [offerer, answerer] = await Promise.all([this.offerer.usage(), this.answerer.usage()])
    return offerer.cpuMs + answerer.cpuMs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#offerer[Symbol.asyncDispose](), this.#answerer[Symbol.asyncDispose]()])
  }
}

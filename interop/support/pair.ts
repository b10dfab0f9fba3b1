import { once } from 'node:events'
import type { PeerHost, Stack } from './peer-host.ts'
import type { ChannelReport, PeerOutput, Plan } from './plan.ts'

/** How long a peer may take to tell where it stands, in milliseconds: it may hang. */
const STATS_TIMEOUT_MS = 2000

type OutputType = PeerOutput['type']
type OutputOf<Type extends OutputType> = Extract<PeerOutput, { type: Type }>

/** One side of a pair. */
class Side {
  readonly #host: PeerHost
  readonly #outputs: PeerOutput[] = []
  readonly #taken = new Map<OutputType, number>()
  #told = Promise.withResolvers<undefined>()

  constructor(host: PeerHost) {
    this.#host = host
  }

  get host(): PeerHost {
    return this.#host
  }

  /** What its program told, in order: where it ends says what a test waited for in vain. And where it stands now. */
  async story(): Promise<string> {
    const told = this.#outputs.map((output) => (output.type === 'state' ? output.state : output.type))
    this.#host.send({ type: 'tell-stats' })
    const patience = AbortSignal.timeout(STATS_TIMEOUT_MS)
    const stats = await Promise.race([this.next('stats'), once(patience, 'abort')]).catch(() => [])
    return `${told.join(', ')}\n${'text' in stats ? stats.text : 'and does not answer any more'}`
  }

  record(output: PeerOutput): void {
    this.#outputs.push(output)
    this.#told.resolve(undefined)
    this.#told = Promise.withResolvers()
  }

  /** The next output of a type that was not taken yet. Throws when the program tells that it failed. */
  async next<Type extends OutputType>(type: Type): Promise<OutputOf<Type>> {
    const nth = this.#taken.get(type) ?? 0
    this.#taken.set(type, nth + 1)
    for (;;) {
      const failed = this.#outputs.find((output) => output.type === 'failed')
      if (failed !== undefined) throw new Error(failed.message)
      const found = this.#outputs.filter((output): output is OutputOf<Type> => output.type === type)[nth]
      if (found !== undefined) return found
      await this.#told.promise
    }
  }
}

/** Two peers of any stacks, and the signaling between them. */
export class Pair implements AsyncDisposable {
  readonly offerer: Side
  readonly answerer: Side

  private constructor(offerer: PeerHost, answerer: PeerHost) {
    this.offerer = new Side(offerer)
    this.answerer = new Side(answerer)
    join(this.offerer, this.answerer)
    join(this.answerer, this.offerer)
  }

  static async open(offerer: Stack, answerer: Stack): Promise<Pair> {
    return new Pair(await offerer.open(), await answerer.open())
  }

  /** Lets both sides do what the plan says. */
  start(plan: Plan): void {
    this.answerer.host.send({ type: 'start', role: 'answerer', plan })
    this.offerer.host.send({ type: 'start', role: 'offerer', plan })
  }

  /** What both sides received, once all has come. */
  async reports(): Promise<{ offerer: readonly ChannelReport[]; answerer: readonly ChannelReport[] }> {
    const [offerer, answerer] = await Promise.all([this.offerer.next('report'), this.answerer.next('report')])
    return { offerer: offerer.channels, answerer: answerer.channels }
  }

  /** What became of both sides, for a test that failed. */
  async story(): Promise<string> {
    const [offerer, answerer] = await Promise.all([this.offerer.story(), this.answerer.story()])
    return `the offerer told: ${offerer}\nthe answerer told: ${answerer}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.offerer.host[Symbol.asyncDispose]()
    await this.answerer.host[Symbol.asyncDispose]()
  }
}

function join(from: Side, to: Side): void {
  from.host.onoutput = (output) => {
    from.record(output)
    if (output.type === 'description' || output.type === 'candidate') to.host.send(output)
  }
}

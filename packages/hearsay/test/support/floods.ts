import { BroadcastCore } from '../../src/broadcast/broadcast-core.ts'
import { instanceAt } from './presence-room.ts'
import type {
  BroadcastCoreOptions,
  BroadcastOutput,
  KnownOrigin
} from '../../src/broadcast/broadcast-core.ts'
import type { Flood } from '../../src/broadcast/flood.ts'

export const INSTANCE = instanceAt(1)

export function floodOf(counter: number, instance = INSTANCE): Flood {
  return { instance, counter, codec: 'json', body: Uint8Array.of(counter & 0xff) }
}

/** A core with what presence tells it, that keeps what it puts out. */
export class TestCore extends BroadcastCore {
  readonly known: Map<string, KnownOrigin>
  /** Origin and counter of what was delivered by gossip, or over a session. */
  readonly delivered: string[] = []
  readonly verdicts = new Map<number, string>()
  readonly settled: number[] = []
  #tickets = 0

  constructor(members: readonly string[] = [], options: Partial<BroadcastCoreOptions> = {}) {
    const known = new Map(members.map((peerId) => [peerId, { instance: INSTANCE, settled: 0 }]))
    super(
      {
        localPeer: 'local',
        lookUp: (peerId) => known.get(peerId),
        isPartial: () => false,
        maxOrigins: 100,
        ...options
      },
      0
    )
    this.known = known
  }

  /** @returns its verdict, or that it waits for one */
  flood(origin: string, flood: Flood, now: number, neighbour = 'neighbour'): string {
    const ticket = ++this.#tickets
    this.handleFlood({ ticket, neighbour, origin, flood }, now)
    this.read()
    return this.verdicts.get(ticket) ?? 'waits'
  }

  copy(origin: string, counter: number, now: number, instance = INSTANCE): boolean {
    const isTaken = this.handleCopy(origin, instance, counter, now)
    if (isTaken) this.delivered.push(`${origin} ${counter}`)
    return isTaken
  }

  /** Goes on to that time. */
  advance(now: number): void {
    for (let at = this.pollTimeout(); at !== undefined && at <= now; at = this.pollTimeout()) {
      this.handleTimeout(at)
      this.read()
    }
    this.handleTimeout(now)
    this.read()
  }

  read(): void {
    for (let output = this.pollOutput(); output !== undefined; output = this.pollOutput()) this.#note(output)
  }

  #note(output: BroadcastOutput): void {
    if (output.type === 'judged') this.verdicts.set(output.ticket, output.verdict)
    else if (output.type === 'deliver') this.delivered.push(`${output.origin} ${output.flood.counter}`)
    else this.settled.push(output.counter)
  }
}

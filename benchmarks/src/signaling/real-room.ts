import { withDeadline } from '../support/deadline.ts'
import { startWorker } from '../support/worker.ts'
import type { WorkerProcess } from '../support/worker.ts'
import type { RoomHost } from './room-host.ts'

/** Members in one process; more than so many would only wait for each other. */
const perProcess = 25

/** How long until every member knows every other, in milliseconds. */
const startTimeoutMs = 900_000

export type CountedPath = 'introducer' | 'gossip'

interface Dialer {
  readonly worker: WorkerProcess<RoomHost>
  /** Its number there. */
  readonly member: number
}

/** What connections cost, each, over all members. */
export interface Cost {
  readonly envelopes: number
  readonly bytes: number
  readonly success: number
}

/** A room of real members, in processes of up to {@link perProcess}. */
export class RealRoom implements AsyncDisposable {
  readonly #hosts: { worker: WorkerProcess<RoomHost>; peers: string[] }[] = []
  readonly #size: number
  /** Who dials whom next: pairs that are not joined yet. */
  #pairs: [Dialer, string][] = []

  private constructor(size: number) {
    this.#size = size
  }

  /** Resolves once every member knows every other. */
  static async open(size: number, progress: (line: string) => void): Promise<RealRoom> {
    const room = new RealRoom(size)
    try {
      await withDeadline(room.#start(progress), startTimeoutMs, 'the room')
      return room
    } catch (error) {
      await room[Symbol.asyncDispose]()
      throw error
    }
  }

  async #start(progress: (line: string) => void): Promise<void> {
    const entries: string[] = []
    for (let started = 0; started < this.#size; started += perProcess) {
      const host = { worker: startWorker<RoomHost>(new URL('room-host.ts', import.meta.url)), peers: [''] }
      this.#hosts.push(host)
      const { call } = host.worker
      const count = Math.min(perProcess, this.#size - started)
      const members = await call.join(started === 0 ? 1 : count, entries)
      entries.push(members[0].address)
      const rest = started === 0 && count > 1 ? await call.join(count - 1, entries) : members
      host.peers = rest.map(({ peerId }) => peerId)
      progress(`${started + count} have joined`)
    }
    await Promise.all(this.#hosts.map(({ worker }) => worker.call.know(this.#size - 1)))
    this.#pairs = this.#choosePairs()
  }

  /** Joins `count` pairs over the path, one after the other; they stay joined. */
  async measure(path: CountedPath, count: number): Promise<Cost> {
    const before = await this.#sent()
    let succeeded = 0
    for (const [{ worker, member }, target] of this.#pairs.splice(0, count)) {
      succeeded += Number(await worker.call.dial(member, target, [path]))
    }
    const after = await this.#sent()
    return {
      envelopes: (after.envelopes - before.envelopes) / count,
      bytes: (after.bytes - before.bytes) / count,
      success: succeeded / count
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map(({ worker }) => worker[Symbol.asyncDispose]()))
  }

  /** Every member dials as often as any other, and everybody once: first those far apart, in other processes. */
  #choosePairs(): [Dialer, string][] {
    const members = this.#hosts.flatMap(({ worker, peers }) =>
      peers.map((peer, member) => ({ worker, member, peer }))
    )
    const farthest = Math.floor((members.length - 1) / 2)
    const distances = Array.from({ length: farthest }, (_, i) => farthest - i)
    return distances.flatMap((distance) =>
      members.map((dialer, index): [Dialer, string] => [
        dialer,
        members[(index + distance) % members.length].peer
      ])
    )
  }

  async #sent(): Promise<{ envelopes: number; bytes: number }> {
    const all = await Promise.all(this.#hosts.map(({ worker }) => worker.call.sent()))
    const sum = (kind: 'envelopes' | 'bytes'): number =>
      all
        .flatMap((sent) => Object.entries(sent[kind]))
        .reduce((total, [path, count]) => total + count * this.#hopsOf(path), 0)
    return { envelopes: sum('envelopes'), bytes: sum('bytes') }
  }

  /** To the introducer, and by it; gossip comes to everybody once, at least. */
  #hopsOf(path: string): number {
    return { introducer: 2, gossip: this.#size - 1 }[path] ?? 1
  }
}

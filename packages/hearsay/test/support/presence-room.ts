import { PresenceTable } from '../../src/presence/presence-table.ts'
import { seededRandom } from './seeded-random.ts'
import type { PresenceOutput, PresenceTableOptions } from '../../src/presence/presence-table.ts'
import type { PresenceRecord } from '../../src/presence/presence-record.ts'

export function instanceAt(startMs: number, random = 0): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(startMs))
  bytes[15] = random
  return bytes
}

export function recordOf(overrides: Partial<PresenceRecord> = {}): PresenceRecord {
  return {
    instance: instanceAt(1),
    sequence: 1,
    ttlMs: 120_000,
    addresses: [],
    introducers: [],
    services: [],
    gone: false,
    ...overrides
  }
}

export function tableOf(options: Partial<PresenceTableOptions> = {}): PresenceTable {
  return new PresenceTable({
    localPeer: 'local',
    instance: instanceAt(1),
    random: seededRandom(1),
    ttlMs: 120_000,
    maxMembers: 100,
    ...options
  })
}

export function drain(table: PresenceTable): PresenceOutput[] {
  const outputs: PresenceOutput[] = []
  for (let output = table.pollOutput(); output !== undefined; output = table.pollOutput())
    outputs.push(output)
  return outputs
}

interface Delivery {
  readonly at: number
  readonly to: string
  readonly from: string
  readonly record: PresenceRecord
}

/** Several tables on one virtual clock, joined by links that flood records and lose some. */
export class PresenceRoom {
  now = 0
  readonly tables = new Map<string, PresenceTable>()
  published = 0
  readonly #links = new Map<string, Set<string>>()
  readonly #deliveries: Delivery[] = []
  readonly #random: () => number
  readonly #lossRate: number

  constructor(seed: number, lossRate = 0) {
    this.#random = seededRandom(seed)
    this.#lossRate = lossRate
  }

  join(peerId: string, options: Partial<PresenceTableOptions> = {}): PresenceTable {
    const table = tableOf({ localPeer: peerId, random: this.#random, ...options })
    this.tables.set(peerId, table)
    this.#links.set(peerId, new Set())
    return table
  }

  link(a: string, b: string): void {
    this.#links.get(a)!.add(b)
    this.#links.get(b)!.add(a)
    this.tables.get(a)!.handleChange(this.now)
    this.tables.get(b)!.handleChange(this.now)
  }

  /** The member is gone without a word. */
  kill(peerId: string): void {
    this.tables.delete(peerId)
    this.#links.delete(peerId)
    for (const links of this.#links.values()) links.delete(peerId)
  }

  run(untilMs: number): void {
    for (;;) {
      this.#collect()
      const at = Math.min(...this.#timeouts(), ...this.#deliveries.map((delivery) => delivery.at))
      if (at > untilMs) break
      this.now = at
      this.#deliver()
      for (const table of this.tables.values()) table.handleTimeout(at)
    }
    this.now = untilMs
  }

  /** Peers that `peerId` knows, sorted. */
  known(peerId: string): string[] {
    return [...this.tables.get(peerId)!.members()].map((member) => member.peerId).sort()
  }

  *#timeouts(): Iterable<number> {
    for (const table of this.tables.values()) {
      const timeout = table.pollTimeout()
      if (timeout !== undefined) yield Math.max(timeout, this.now)
    }
  }

  #collect(): void {
    for (const [peerId, table] of this.tables) {
      for (const output of drain(table)) {
        if (output.type !== 'publish') continue
        this.published++
        this.#flood(peerId, recordOf({ sequence: output.sequence, gone: output.gone }))
      }
    }
  }

  #flood(from: string, record: PresenceRecord): void {
    const reached = new Set([from])
    let edge = [from]
    for (let at = this.now + 5; edge.length > 0; at += 5) {
      const next = new Set(
        edge.flatMap((peerId) => [...this.#links.get(peerId)!]).filter((to) => !reached.has(to))
      )
      edge = [...next].filter(() => this.#random() >= this.#lossRate)
      for (const to of edge) {
        reached.add(to)
        this.#deliveries.push({ at, to, from, record })
      }
    }
  }

  #deliver(): void {
    const due = this.#deliveries.filter(({ at }) => at <= this.now)
    const later = this.#deliveries.filter(({ at }) => at > this.now)
    this.#deliveries.splice(0, this.#deliveries.length, ...later)
    for (const { to, from, record } of due) this.tables.get(to)?.handleRecord(from, record, this.now)
  }
}

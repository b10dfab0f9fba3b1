import { knownRecord } from '../../src/presence/known-record.ts'
import { PresenceTable } from '../../src/presence/presence-table.ts'
import { seededRandom } from './seeded-random.ts'
import type { KnownRecord } from '../../src/presence/known-record.ts'
import type { PresenceRecord } from '../../src/presence/presence-record.ts'
import type {
  PresenceTableOptions,
  RecordSource,
  RecordVerdict,
  TableOutput
} from '../../src/presence/presence-table.ts'

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
    settled: 0,
    ...overrides
  }
}

let sealings = 0

/** A record as if it had been sealed and opened; no two are the same bytes. */
export function knownOf(peerId: string, overrides: Partial<PresenceRecord> = {}): KnownRecord {
  const sealed = new Uint8Array(64)
  new DataView(sealed.buffer).setUint32(0, ++sealings)
  return knownRecord(peerId, recordOf(overrides), sealed)
}

/** A table that is given records by peer ID. */
export class TestTable extends PresenceTable {
  constructor(options: Partial<PresenceTableOptions> = {}) {
    super({
      localPeer: 'local',
      instance: instanceAt(1),
      random: seededRandom(1),
      maxMembers: 100,
      neighbours: () => new Set(),
      ...options
    })
  }

  hear(
    peerId: string,
    overrides: Partial<PresenceRecord> = {},
    now = 0,
    source: Partial<RecordSource> = {}
  ): RecordVerdict {
    const from = { neighbour: 'neighbour', makesRoom: false, ...source }
    return this.handleRecord(knownOf(peerId, overrides), from, now)
  }

  drain(): TableOutput[] {
    return [...drain(this)]
  }
}

/** Everything that something says, until it has nothing to say. */
export function* drain<Output>(core: { pollOutput(): Output | undefined }): Generator<Output, undefined> {
  for (let output = core.pollOutput(); output !== undefined; output = core.pollOutput()) yield output
}

import { wasm } from './gcm-wasm.ts'

/** Blocks of AES, and so of everything here. */
export const BLOCK_LENGTH = 16
/** Plaintexts up to this go the fast way: whatever a datagram of an Ethernet frame may hold. */
export const MAX_FAST_LENGTH = 1472
/** Keystream of the longest of them, with the block for the tag in front. */
export const MAX_BLOCKS = 1 + MAX_FAST_LENGTH / BLOCK_LENGTH
/** Records whose keystream is made in one go: with more, the cost of a record no longer falls. */
export const BATCH = 16

/** Directions of connections whose tables and keystreams are kept; those that were used last. */
const STATIONS = 64
/** Sealed records that sockets may hold at once, one a socket, and one more; where they hold more, they get copies. */
const SEND_SLOTS = 16

const KEYSTREAM_LENGTH = MAX_BLOCKS * BLOCK_LENGTH
const TABLE_LENGTH = 2048
const STATION_LENGTH = TABLE_LENGTH + BATCH * KEYSTREAM_LENGTH
/** Room in front of a plaintext and behind it: see `$tag` in gcm.wat. */
const SLOT_LENGTH = 2048
const SLOT_HEAD = 64

// Byte 0 to 63 are gcm.wat's.
const HASH_KEY_AT = 64
const SINGLE_AT = 128
const COUNTERS_AT = 2048
const RECEIVE_SLOT_AT = COUNTERS_AT + BATCH * KEYSTREAM_LENGTH
const SEND_SLOTS_AT = RECEIVE_SLOT_AT + SLOT_LENGTH
const STATIONS_AT = SEND_SLOTS_AT + SEND_SLOTS * SLOT_LENGTH

/** What gcm.wat exports; its comments say what each does. */
interface GcmExports {
  readonly memory: WebAssembly.Memory
  init(hashKey: number, table: number): void
  counters(at: number, iv: number, high: number, low: number, records: number, blocks: number): void
  seal(
    at: number,
    length: number,
    keystream: number,
    table: number,
    type: number,
    high: number,
    low: number
  ): void
  open(
    at: number,
    length: number,
    keystream: number,
    table: number,
    type: number,
    high: number,
    low: number
  ): number
}

/** Where the table of H and the keystreams of one direction are. */
export interface Station {
  readonly table: number
  readonly keystream: number
  /** Whose they are; 0 for nobody's. */
  owner: number
  usedAt: number
}

/** Memory for one record, with its views by length: making one costs more than all else that is done to a slot. */
export class RecordSlot {
  /** Where the plaintext begins. */
  readonly at: number
  /** Where a plaintext is to be written. */
  readonly plaintext: Uint8Array
  readonly #bytes: Uint8Array
  readonly #head: number
  readonly #views: (Uint8Array | undefined)[] = []

  /** @param head bytes in front of the plaintext that belong to what is viewed */
  constructor(bytes: Uint8Array, start: number, head: number) {
    this.at = start + SLOT_HEAD
    this.plaintext = bytes.subarray(this.at, this.at + MAX_FAST_LENGTH)
    this.#bytes = bytes
    this.#head = head
  }

  /** The `length` bytes that begin `head` bytes before the plaintext. */
  view(length: number): Uint8Array {
    const start = this.at - this.#head
    return (this.#views[length] ??= this.#bytes.subarray(start, start + length))
  }
}

/**
 * The one instance of gcm.wat in this thread, its memory divided among all connections: what a connection holds of it
 * while it is idle is taken by the next that is not.
 */
export class GcmModule {
  readonly exports: GcmExports
  readonly bytes: Uint8Array
  readonly receiveSlot: RecordSlot
  readonly #stations: Station[]
  /** The slots for sealed records, and those of them that no socket holds: the first takes the next record. */
  readonly #sendSlots: readonly RecordSlot[]
  readonly #free: RecordSlot[]
  #clock = 0

  /** @throws {WebAssembly.CompileError} where relaxed SIMD is not there */
  constructor() {
    const module = new WebAssembly.Module(Buffer.from(wasm, 'base64'))
    this.exports = new WebAssembly.Instance(module).exports as unknown as GcmExports
    const bytes = new Uint8Array(this.exports.memory.buffer)
    this.bytes = bytes
    this.receiveSlot = new RecordSlot(bytes, RECEIVE_SLOT_AT, 0)
    this.#sendSlots = Array.from(
      { length: SEND_SLOTS },
      (_, index) => new RecordSlot(bytes, SEND_SLOTS_AT + index * SLOT_LENGTH, SEALED_HEAD)
    )
    this.#free = [...this.#sendSlots]
    this.#stations = Array.from({ length: STATIONS }, (_, index) => {
      const table = STATIONS_AT + index * STATION_LENGTH
      return { table, keystream: table + TABLE_LENGTH, owner: 0, usedAt: 0 }
    })
  }

  /** The slot in which the next record is sealed. */
  get sendSlot(): RecordSlot {
    return this.#free[0]
  }

  /** Whether what is sealed in `sendSlot` may stay there: the next record has another. */
  get canKeep(): boolean {
    return this.#free.length > 1
  }

  /** What was sealed last stays as it is until `release()`; only where `canKeep` says so. */
  keepSealed(): void {
    if (this.canKeep) this.#free.shift()
  }

  /** A record that was kept has been sent. */
  release({ buffer, byteOffset }: Uint8Array): void {
    if (buffer !== this.bytes.buffer) return
    const slot = this.#sendSlots.find(({ at }) => at - SEALED_HEAD === byteOffset)
    if (slot !== undefined && !this.#free.includes(slot)) this.#free.push(slot)
  }

  /** Notes the use of a station, so that others are taken before. */
  touch(station: Station): void {
    station.usedAt = ++this.#clock
  }

  /** Gives `owner` the station that was not used for longest, with the table of its H. */
  takeStation(owner: number, hashKey: Uint8Array): Station {
    const station = this.#stations.reduce((oldest, other) => (other.usedAt < oldest.usedAt ? other : oldest))
    station.owner = owner
    this.touch(station)
    this.bytes.set(hashKey, HASH_KEY_AT)
    this.exports.init(HASH_KEY_AT, station.table)
    this.bytes.fill(0, HASH_KEY_AT, HASH_KEY_AT + BLOCK_LENGTH)
    return station
  }

  /**
   * Makes the keystreams of `records` nonces from `iv`, `high`, `low` on, `blocks` blocks each, and writes them to `to`.
   *
   * @param encrypt AES of whole blocks, into memory of their own
   */
  makeKeystream(
    encrypt: (blocks: Uint8Array) => Uint8Array<ArrayBuffer>,
    iv: number,
    high: number,
    low: number,
    records: number,
    blocks: number,
    to: number
  ): void {
    this.exports.counters(COUNTERS_AT, iv, high, low, records, blocks)
    const end = COUNTERS_AT + records * blocks * BLOCK_LENGTH
    const keystream = encrypt(this.bytes.subarray(COUNTERS_AT, end))
    this.bytes.set(keystream, to)
    // Given back at once: so much memory outside the heap would have all of the heap collected many times a second.
    keystream.buffer.transfer(0)
  }

  /** Where the keystream of a record out of turn is put. */
  get single(): number {
    return SINGLE_AT
  }
}

/** Header and explicit nonce. */
export const SEALED_HEAD = 21

let loaded: GcmModule | null | undefined

/** The module, or undefined where this engine cannot run it. */
export function loadGcm(): GcmModule | undefined {
  if (loaded === undefined) {
    try {
      loaded = new GcmModule()
    } catch {
      loaded = null
    }
  }
  return loaded ?? undefined
}

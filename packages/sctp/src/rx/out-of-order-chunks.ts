import { DataFlag } from '../packet/data-chunk.ts'

const INITIAL_CAPACITY = 64

/** What a slot of the ring holds. */
const Slot = {
  free: 0,
  /** A chunk with its user data. */
  held: 1,
  /** A chunk whose message was delivered already: only its TSN counts. */
  consumed: 2
} as const

/**
 * DATA chunks beyond a gap, in a ring indexed by sequence number. Neighbouring fragments of a message form runs; the
 * two ends of a run know its length, so that a message that becomes complete is noticed in constant time, however
 * its fragments arrive.
 */
export class OutOfOrderChunks {
  /** User data held. */
  heldBytes = 0
  /** The run that the latest `insert()` extended or made. */
  runStart = 0
  runEnd = 0

  #mask = INITIAL_CAPACITY - 1
  #slots = new Uint8Array(INITIAL_CAPACITY)
  #flags = new Uint8Array(INITIAL_CAPACITY)
  #streamIds = new Uint16Array(INITIAL_CAPACITY)
  #ssns = new Uint16Array(INITIAL_CAPACITY)
  #ppids = new Uint32Array(INITIAL_CAPACITY)
  #runLengths = new Uint32Array(INITIAL_CAPACITY)
  #payloads = new Array<Uint8Array | undefined>(INITIAL_CAPACITY).fill(undefined)

  /** Makes room for sequence numbers up to `highest`, where those from `lowest` on are in use. */
  reserve(lowest: number, highest: number): void {
    if (highest - lowest > this.#mask) {
      let capacity = 2 * (this.#mask + 1)
      while (highest - lowest >= capacity) {
        capacity *= 2
      }
      this.#resize(capacity, lowest, lowest + this.#mask)
    }
  }

  /** Gives the memory of a large gap back; nothing may be held. */
  trim(): void {
    if (this.#mask >= INITIAL_CAPACITY) {
      this.#resize(INITIAL_CAPACITY, 0, -1)
    }
  }

  isHeld(seq: number): boolean {
    return this.#slots[seq & this.#mask] === Slot.held
  }

  isConsumed(seq: number): boolean {
    return this.#slots[seq & this.#mask] === Slot.consumed
  }

  flags(seq: number): number {
    return this.#flags[seq & this.#mask]
  }

  streamId(seq: number): number {
    return this.#streamIds[seq & this.#mask]
  }

  ssn(seq: number): number {
    return this.#ssns[seq & this.#mask]
  }

  ppid(seq: number): number {
    return this.#ppids[seq & this.#mask]
  }

  payload(seq: number): Uint8Array {
    return this.#payloads[seq & this.#mask] ?? EMPTY
  }

  /** Holds a chunk; `payload` is kept. {@link runStart} and {@link runEnd} tell the run it is in. */
  insert(seq: number, flags: number, streamId: number, ssn: number, ppid: number, payload: Uint8Array): void {
    const index = seq & this.#mask
    this.#slots[index] = Slot.held
    this.#flags[index] = flags
    this.#streamIds[index] = streamId
    this.#ssns[index] = ssn
    this.#ppids[index] = ppid
    this.#payloads[index] = payload
    this.heldBytes += payload.length
    let start = seq
    let end = seq
    if ((flags & DataFlag.beginning) === 0 && this.#continues(seq - 1, seq)) {
      start = seq - this.#runLengths[(seq - 1) & this.#mask]
    }
    if ((flags & DataFlag.ending) === 0 && this.#continues(seq, seq + 1)) {
      end = seq + this.#runLengths[(seq + 1) & this.#mask]
    }
    const length = end - start + 1
    this.#runLengths[start & this.#mask] = length
    this.#runLengths[end & this.#mask] = length
    this.runStart = start
    this.runEnd = end
  }

  /** Whether the run from `start` to `end` is a whole message. */
  isWhole(start: number, end: number): boolean {
    return (this.flags(start) & DataFlag.beginning) !== 0 && (this.flags(end) & DataFlag.ending) !== 0
  }

  /** The end of the run that begins at `start`. */
  runEndOf(start: number): number {
    return start + this.#runLengths[start & this.#mask] - 1
  }

  /** Bytes of user data in the run. */
  runBytes(start: number, end: number): number {
    let length = 0
    for (let seq = start; seq <= end; seq++) {
      length += this.payload(seq).length
    }
    return length
  }

  /** User data of the run, joined; its slots are consumed. */
  take(start: number, end: number): Uint8Array {
    const data = new Uint8Array(this.runBytes(start, end))
    let offset = 0
    for (let seq = start; seq <= end; seq++) {
      const payload = this.payload(seq)
      data.set(payload, offset)
      offset += payload.length
      this.#empty(seq, Slot.consumed)
    }
    return data
  }

  /** Forgets the chunk, held or consumed. */
  free(seq: number): void {
    this.#empty(seq, Slot.free)
  }

  #empty(seq: number, slot: number): void {
    const index = seq & this.#mask
    if (this.#slots[index] === Slot.held) {
      this.heldBytes -= this.#payloads[index]?.length ?? 0
      this.#payloads[index] = undefined
    }
    this.#slots[index] = slot
  }

  /** Whether two neighbouring chunks belong to one message. */
  #continues(first: number, second: number): boolean {
    const a = first & this.#mask
    const b = second & this.#mask
    return (
      this.#slots[a] === Slot.held &&
      this.#slots[b] === Slot.held &&
      (this.#flags[a] & DataFlag.ending) === 0 &&
      (this.#flags[b] & DataFlag.beginning) === 0 &&
      this.#streamIds[a] === this.#streamIds[b] &&
      ((this.#flags[a] ^ this.#flags[b]) & DataFlag.unordered) === 0 &&
      // The SSN of an unordered message means nothing.
      (this.#ssns[a] === this.#ssns[b] || (this.#flags[a] & DataFlag.unordered) !== 0)
    )
  }

  /** Another capacity, for the slots from `first` to `last`. */
  #resize(capacity: number, first: number, last: number): void {
    const oldMask = this.#mask
    const mask = capacity - 1
    const slots = new Uint8Array(capacity)
    const flags = new Uint8Array(capacity)
    const streamIds = new Uint16Array(capacity)
    const ssns = new Uint16Array(capacity)
    const ppids = new Uint32Array(capacity)
    const runLengths = new Uint32Array(capacity)
    const payloads = new Array<Uint8Array | undefined>(capacity).fill(undefined)
    for (let seq = first; seq <= last; seq++) {
      const from = seq & oldMask
      const to = seq & mask
      slots[to] = this.#slots[from]
      flags[to] = this.#flags[from]
      streamIds[to] = this.#streamIds[from]
      ssns[to] = this.#ssns[from]
      ppids[to] = this.#ppids[from]
      runLengths[to] = this.#runLengths[from]
      payloads[to] = this.#payloads[from]
    }
    this.#mask = mask
    this.#slots = slots
    this.#flags = flags
    this.#streamIds = streamIds
    this.#ssns = ssns
    this.#ppids = ppids
    this.#runLengths = runLengths
    this.#payloads = payloads
  }
}

const EMPTY = new Uint8Array(0)

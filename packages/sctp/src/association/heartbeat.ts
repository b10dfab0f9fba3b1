import { writeUint16, writeUint32 } from '../packet/bytes.ts'
import { CHUNK_HEADER_LENGTH, ChunkType, encodeChunk } from '../packet/chunk.ts'
import { ParameterType } from '../packet/init-chunk.ts'
import { encodeParameter, readParameters } from '../packet/parameter.ts'
import type { RetransmissionTimeout } from '../tx/rto.ts'

/** HEARTBEAT (RFC 9260 section 8.3): after silence, is the peer still there? And probes of the path MTU. */
const INFO_LENGTH = 12

interface Outstanding {
  nonce: number
  sentAt: number
  size: number
}

export class Heartbeat {
  readonly #interval: number
  readonly #rto: RetransmissionTimeout
  readonly #random: () => number
  /** When to look whether there was silence. */
  #checkAt: number
  #lastHeardAt: number
  #outstanding: Outstanding | undefined
  #probe: Outstanding | undefined
  #due = false
  /** Unanswered in a row (RFC 9260 section 8.1). */
  errorCount = 0

  constructor(interval: number, rto: RetransmissionTimeout, random: () => number, now: number) {
    this.#interval = interval
    this.#rto = rto
    this.#random = random
    this.#lastHeardAt = now
    this.#checkAt = now + interval
  }

  get isDue(): boolean {
    return this.#due
  }

  /** A packet of the peer's arrived. */
  onHeard(now: number): void {
    this.#lastHeardAt = now
  }

  pollTimeout(): number {
    return this.#checkAt
  }

  /** True where the time was a quiet one. */
  handleTimeout(now: number): boolean {
    if (this.#checkAt > now) {
      return false
    }
    if (this.#outstanding !== undefined) {
      this.#outstanding = undefined
      this.errorCount++
    }
    const quietAt = this.#lastHeardAt + this.#interval
    if (quietAt > now && this.errorCount === 0) {
      this.#checkAt = quietAt
      return false
    }
    this.#due = true
    this.#checkAt = Infinity
    return true
  }

  /** The HEARTBEAT that is due. */
  encode(now: number): Uint8Array {
    this.#due = false
    this.#outstanding = { nonce: this.#random(), sentAt: now, size: 0 }
    // With one unanswered the next follows at once after the timeout, as the peer may be gone.
    const wait = this.errorCount > 0 ? 0 : this.#interval
    this.#checkAt = now + wait + this.#rto.value
    return encodeHeartbeat(this.#outstanding)
  }

  /** A HEARTBEAT that probes whether packets of `size` bytes pass. */
  encodeProbe(size: number, now: number): Uint8Array {
    this.#probe = { nonce: this.#random(), sentAt: now, size }
    return encodeHeartbeat(this.#probe)
  }

  /** HEARTBEAT ACK: the size that it proves to pass, 0 for none. An answer to nothing changes nothing. */
  handleAck(bytes: Uint8Array, start: number, end: number, now: number): number {
    const info = readParameters(bytes, start + CHUNK_HEADER_LENGTH, end, 1)?.at(0)
    if (info?.type !== ParameterType.heartbeatInfo || info.value.length !== INFO_LENGTH) {
      return 0
    }
    if (this.#outstanding !== undefined && matches(info.value, this.#outstanding)) {
      this.#rto.measure(now - this.#outstanding.sentAt)
      this.#outstanding = undefined
      this.errorCount = 0
      this.#checkAt = now + this.#interval
    } else if (this.#probe !== undefined && matches(info.value, this.#probe)) {
      const { size } = this.#probe
      this.#probe = undefined
      return size
    }
    return 0
  }

  /** Another path: what was sent on the old one will not be missed. */
  reset(now: number): void {
    this.#outstanding = undefined
    this.#probe = undefined
    this.errorCount = 0
    this.#checkAt = now + this.#interval
  }
}

function infoOf({ nonce, sentAt, size }: Outstanding): Uint8Array {
  const info = new Uint8Array(INFO_LENGTH)
  writeUint32(info, 0, nonce)
  writeUint32(info, 4, Math.floor(sentAt))
  writeUint16(info, 8, size)
  return info
}

function encodeHeartbeat(outstanding: Outstanding): Uint8Array {
  return encodeChunk(
    ChunkType.heartbeat,
    0,
    encodeParameter(ParameterType.heartbeatInfo, infoOf(outstanding))
  )
}

function matches(info: Uint8Array, outstanding: Outstanding): boolean {
  const expected = infoOf(outstanding)
  return info.every((byte, index) => byte === expected[index])
}

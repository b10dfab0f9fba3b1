import { createAeadRecordProtection } from './aead-record-protection.ts'
import { BLOCK_LENGTH, MAX_FAST_LENGTH, SEALED_HEAD, loadGcm, type GcmModule } from './gcm/gcm-module.ts'
import { Keystreams } from './gcm/keystreams.ts'
import { NumberCheck, PROTECTED_EPOCH } from './record-protection.ts'
import type { RecordProtection, RecordProtectionKeys } from './record-protection.ts'
import type { DtlsRecord } from './record.ts'

const TAG_LENGTH = 16
/** The explicit nonce in front of the ciphertext (RFC 5288, section 3). */
const NONCE_LENGTH = 8
const OVERHEAD = SEALED_HEAD + TAG_LENGTH
const EPOCH_WORD = PROTECTED_EPOCH * 2 ** 16

/**
 * The fastest record layer that this engine has for these keys: AES-GCM half in WebAssembly where it can be, all in
 * `node:crypto` otherwise.
 */
export function createRecordProtection(keys: RecordProtectionKeys): RecordProtection {
  const gcm = keys.suite.aead === 'aes-128-gcm' ? loadGcm() : undefined
  return gcm === undefined ? createAeadRecordProtection(keys) : new GcmRecordProtection(gcm, keys)
}

/**
 * AES-128-GCM (RFC 5288) with AES of `node:crypto` and GHASH in WebAssembly. Why, and at what cost: docs/specs/dtls.md.
 * Records longer than a datagram of ours are left to `node:crypto`.
 */
class GcmRecordProtection implements RecordProtection {
  readonly overhead = OVERHEAD
  readonly #gcm: GcmModule
  readonly #write: Keystreams
  readonly #read: Keystreams
  readonly #numbers = new NumberCheck()
  readonly #long: RecordProtection

  constructor(gcm: GcmModule, keys: RecordProtectionKeys) {
    this.#gcm = gcm
    this.#write = new Keystreams(gcm, keys.write)
    this.#read = new Keystreams(gcm, keys.read)
    this.#long = createAeadRecordProtection(keys)
  }

  get buffer(): Uint8Array {
    return this.#gcm.sendSlot.plaintext
  }

  sealBuffer(type: number, sequenceNumber: number, length: number): Uint8Array {
    this.#numbers.check(sequenceNumber)
    const slot = this.#gcm.sendSlot
    const high = EPOCH_WORD + Math.floor(sequenceNumber / 2 ** 32)
    const low = sequenceNumber >>> 0
    const keystream = this.#write.find(high, low, blocksOf(length))
    this.#gcm.exports.seal(slot.at, length, keystream, this.#write.table, type, high, low)
    this.#write.note(high, low)
    const record = slot.view(length + OVERHEAD)
    return this.#gcm.canKeep ? record : record.slice()
  }

  keepSealed(): void {
    this.#gcm.keepSealed()
  }

  release(record: Uint8Array): void {
    this.#gcm.release(record)
  }

  seal(type: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array {
    if (plaintext.length <= MAX_FAST_LENGTH) {
      this.buffer.set(plaintext)
      return this.sealBuffer(type, sequenceNumber, plaintext.length).slice()
    }
    this.#numbers.check(sequenceNumber)
    return this.#long.seal(type, sequenceNumber, plaintext)
  }

  open(record: DtlsRecord): Uint8Array | undefined {
    const { type, epoch, sequenceNumber, fragment } = record
    const length = fragment.length - NONCE_LENGTH - TAG_LENGTH
    if (length < 0) return undefined
    if (length > MAX_FAST_LENGTH) return this.#long.open(record)
    const gcm = this.#gcm
    const slot = gcm.receiveSlot
    gcm.bytes.set(fragment, slot.at - NONCE_LENGTH)
    // The peer is free in how it makes its explicit nonces; most count.
    const nonceHigh = readUint32(fragment, 0)
    const nonceLow = readUint32(fragment, 4)
    const keystream = this.#read.find(nonceHigh, nonceLow, blocksOf(length))
    const high = epoch * 2 ** 16 + Math.floor(sequenceNumber / 2 ** 32)
    if (gcm.exports.open(slot.at, length, keystream, this.#read.table, type, high, sequenceNumber) === 0) {
      return undefined
    }
    this.#read.note(nonceHigh, nonceLow)
    return slot.view(length)
  }
}

function blocksOf(length: number): number {
  return 1 + Math.ceil(length / BLOCK_LENGTH)
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}

import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { CipherGCMTypes } from 'node:crypto'
import type { TrafficKeys } from './key-schedule.ts'
import { DTLS_1_2 } from './protocol.ts'
import { NumberCheck, PROTECTED_EPOCH } from './record-protection.ts'
import type { RecordProtection, RecordProtectionKeys } from './record-protection.ts'
import { MAX_PLAINTEXT_LENGTH, RECORD_HEADER_LENGTH, recordNumber, writeRecordHeader } from './record.ts'

const TAG_LENGTH = 16
const NONCE_LENGTH = 12

/** Epoch and sequence number. */
const NUMBER_LENGTH = 8

/** Shared by all connections: it is filled and sealed in one go. */
const buffer = new Uint8Array(2048)

/** AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905) by `node:crypto`. */
export function createAeadRecordProtection({ suite, write, read }: RecordProtectionKeys): RecordProtection {
  // The types of node:crypto have the options of the two AEADs apart; they are the same.
  const cipherName = suite.aead as CipherGCMTypes
  const hasExplicitNonce = suite.fixedIvLength < NONCE_LENGTH
  const makeNonce = hasExplicitNonce ? explicitNonce : mixedNonce
  const prefixLength = hasExplicitNonce ? NUMBER_LENGTH : 0
  const header = { version: DTLS_1_2, epoch: PROTECTED_EPOCH }
  const numbers = new NumberCheck()

  return {
    overhead: RECORD_HEADER_LENGTH + prefixLength + TAG_LENGTH,

    buffer,

    sealBuffer(type, sequenceNumber, length) {
      return this.seal(type, sequenceNumber, buffer.subarray(0, length))
    },

    keepSealed() {
      // Every record has memory of its own.
    },

    release() {
      // As above.
    },

    seal(type, sequenceNumber, plaintext) {
      numbers.check(sequenceNumber)
      const bodyAt = RECORD_HEADER_LENGTH + prefixLength
      const record = new Uint8Array(bodyAt + plaintext.length + TAG_LENGTH)
      writeRecordHeader(record, { ...header, type, sequenceNumber }, record.length - RECORD_HEADER_LENGTH)
      const number = recordNumber(record)
      // The explicit nonce of AES-GCM is the record number itself (RFC 5288, section 3).
      if (hasExplicitNonce) record.set(number, RECORD_HEADER_LENGTH)

      const cipher = createCipheriv(cipherName, write.key, makeNonce(write, number), {
        authTagLength: TAG_LENGTH
      })
      cipher.setAAD(additionalData(number, type, plaintext.length), { plaintextLength: plaintext.length })
      record.set(cipher.update(plaintext), bodyAt)
      cipher.final()
      record.set(cipher.getAuthTag(), bodyAt + plaintext.length)
      return record
    },

    open(record) {
      const { type, fragment } = record
      const length = fragment.length - prefixLength - TAG_LENGTH
      if (length < 0 || length > MAX_PLAINTEXT_LENGTH) return undefined
      const head = new Uint8Array(RECORD_HEADER_LENGTH)
      writeRecordHeader(head, record, fragment.length)
      const number = recordNumber(head)
      // The peer is free in how it makes its explicit nonces.
      const nonce = makeNonce(read, hasExplicitNonce ? fragment.subarray(0, prefixLength) : number)
      const decipher = createDecipheriv(cipherName, read.key, nonce, { authTagLength: TAG_LENGTH })
      decipher.setAAD(additionalData(number, type, length), { plaintextLength: length })
      decipher.setAuthTag(fragment.subarray(-TAG_LENGTH))
      const plaintext = decipher.update(fragment.subarray(prefixLength, -TAG_LENGTH))
      try {
        decipher.final()
      } catch {
        return undefined
      }
      // No Buffer: its `slice()` would not copy.
      return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length)
    }
  }
}

/** AES-GCM: four bytes from the key block, eight explicit ones (RFC 5288, section 3). */
function explicitNonce({ iv }: TrafficKeys, number: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(NONCE_LENGTH)
  nonce.set(iv)
  nonce.set(number, iv.length)
  return nonce
}

/** ChaCha20-Poly1305: twelve bytes from the key block, XORed with the record number (RFC 7905, section 2). */
function mixedNonce({ iv }: TrafficKeys, number: Uint8Array): Uint8Array {
  const nonce = Uint8Array.from(iv)
  const offset = NONCE_LENGTH - NUMBER_LENGTH
  for (let at = 0; at < NUMBER_LENGTH; at++)
    nonce[offset + at] = (nonce[offset + at] ?? 0) ^ (number[at] ?? 0)
  return nonce
}

/** RFC 5246, section 6.2.3.3, with epoch and sequence number for seq_num (RFC 6347, section 4.1.2.1). */
function additionalData(number: Uint8Array, type: number, plaintextLength: number): Uint8Array {
  const data = new Uint8Array(NUMBER_LENGTH + 5)
  data.set(number)
  data[8] = type
  data[9] = DTLS_1_2 >>> 8
  data[10] = DTLS_1_2 & 0xff
  data[11] = plaintextLength >>> 8
  data[12] = plaintextLength & 0xff
  return data
}

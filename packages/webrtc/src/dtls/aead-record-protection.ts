import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { CipherGCMTypes } from 'node:crypto'
import { uintBytes } from './byte-writer.ts'
import { DTLS_1_2 } from './protocol.ts'
import { PROTECTED_EPOCH } from './record-protection.ts'
import type { RecordProtection, RecordProtectionKeys } from './record-protection.ts'
import {
  MAX_PLAINTEXT_LENGTH,
  MAX_SEQUENCE_NUMBER,
  RECORD_HEADER_LENGTH,
  encodeRecordHeader
} from './record.ts'
import type { DtlsRecord } from './record.ts'
import type { TrafficKeys } from './key-schedule.ts'

const TAG_LENGTH = 16
const NONCE_LENGTH = 12

/** Epoch and sequence number in front of type and version. */
const NUMBER_LENGTH = 8

/** AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905) by `node:crypto`. */
export function createAeadRecordProtection({ suite, write, read }: RecordProtectionKeys): RecordProtection {
  const hasExplicitNonce = suite.fixedIvLength < NONCE_LENGTH
  const explicitLength = hasExplicitNonce ? NUMBER_LENGTH : 0
  const makeNonce = hasExplicitNonce ? nonceWithNumber : nonceMixedWithNumber
  let lastSequenceNumber = -1

  return {
    overhead: RECORD_HEADER_LENGTH + explicitLength + TAG_LENGTH,

    seal(type, sequenceNumber, plaintext) {
      if (sequenceNumber <= lastSequenceNumber || sequenceNumber > MAX_SEQUENCE_NUMBER) {
        throw new Error('A record number must rise and have 48 bits: another nonce would repeat.')
      }
      lastSequenceNumber = sequenceNumber
      const number = recordNumber(PROTECTED_EPOCH, sequenceNumber)
      const cipher = createCipheriv(suite.aead as CipherGCMTypes, write.key, makeNonce(write, number), {
        authTagLength: TAG_LENGTH
      })
      cipher.setAAD(additionalData(number, type, plaintext.length), { plaintextLength: plaintext.length })
      const ciphertext = cipher.update(plaintext)
      cipher.final()

      const length = explicitLength + ciphertext.length + TAG_LENGTH
      const record = new Uint8Array(RECORD_HEADER_LENGTH + length)
      record.set(encodeRecordHeader(type, DTLS_1_2, PROTECTED_EPOCH, sequenceNumber, length))
      // The explicit nonce of AES-GCM is the record number itself (RFC 5288, section 3).
      record.set(number.subarray(0, explicitLength), RECORD_HEADER_LENGTH)
      record.set(ciphertext, RECORD_HEADER_LENGTH + explicitLength)
      record.set(cipher.getAuthTag(), record.length - TAG_LENGTH)
      return record
    },

    open({ type, epoch, sequenceNumber, fragment }: DtlsRecord) {
      const length = fragment.length - explicitLength - TAG_LENGTH
      if (length < 0 || length > MAX_PLAINTEXT_LENGTH) return undefined
      const number = recordNumber(epoch, sequenceNumber)
      // The peer is free in how it makes its explicit nonces.
      const nonce = makeNonce(read, hasExplicitNonce ? fragment.subarray(0, explicitLength) : number)
      const decipher = createDecipheriv(suite.aead as CipherGCMTypes, read.key, nonce, {
        authTagLength: TAG_LENGTH
      })
      decipher.setAAD(additionalData(number, type, length), { plaintextLength: length })
      decipher.setAuthTag(fragment.subarray(-TAG_LENGTH))
      const plaintext = decipher.update(fragment.subarray(explicitLength, -TAG_LENGTH))
      try {
        decipher.final()
      } catch {
        return undefined
      }
      return plaintext
    }
  }
}

function recordNumber(epoch: number, sequenceNumber: number): Uint8Array {
  const number = uintBytes(sequenceNumber, NUMBER_LENGTH)
  number[0] = epoch >>> 8
  number[1] = epoch & 0xff
  return number
}

/** AES-GCM: four bytes from the key block, eight explicit ones (RFC 5288, section 3). */
function nonceWithNumber({ iv }: TrafficKeys, number: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(NONCE_LENGTH)
  nonce.set(iv)
  nonce.set(number, iv.length)
  return nonce
}

/** ChaCha20-Poly1305: twelve bytes from the key block, XORed with the record number (RFC 7905, section 2). */
function nonceMixedWithNumber({ iv }: TrafficKeys, number: Uint8Array): Uint8Array {
  const nonce = Uint8Array.from(iv)
  const offset = NONCE_LENGTH - NUMBER_LENGTH
  for (const [at, byte] of number.entries()) nonce[offset + at] = (nonce[offset + at] ?? 0) ^ byte
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

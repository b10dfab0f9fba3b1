import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { createAeadRecordProtection } from '../../src/dtls/aead-record-protection.ts'
import { CIPHER_SUITES } from '../../src/dtls/cipher-suites.ts'
import type { CipherSuite } from '../../src/dtls/cipher-suites.ts'
import type { TrafficKeys } from '../../src/dtls/key-schedule.ts'
import type { RecordProtection } from '../../src/dtls/record-protection.ts'
import { MAX_SEQUENCE_NUMBER, decodeRecords } from '../../src/dtls/record.ts'
import type { DtlsRecord } from '../../src/dtls/record.ts'

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')

function keysOf(suite: CipherSuite, fill: number): TrafficKeys {
  return {
    key: new Uint8Array(suite.keyLength).fill(fill),
    iv: new Uint8Array(suite.fixedIvLength).fill(fill + 1)
  }
}

function pairOf(suite: CipherSuite): { sender: RecordProtection; receiver: RecordProtection } {
  const keys = { write: keysOf(suite, 1), read: keysOf(suite, 7) }
  return {
    sender: createAeadRecordProtection({ suite, ...keys }),
    receiver: createAeadRecordProtection({ suite, write: keys.read, read: keys.write })
  }
}

function parsed(datagram: Uint8Array): DtlsRecord {
  const [record] = decodeRecords(datagram).records
  assert.ok(record)
  return record
}

const [AES_128_GCM, CHACHA20_POLY1305] = CIPHER_SUITES
assert.ok(AES_128_GCM && CHACHA20_POLY1305)

describe('DTLS record protection', () => {
  for (const suite of [AES_128_GCM, CHACHA20_POLY1305]) {
    describe(suite.aead, () => {
      it('opens what it sealed, for any content', () => {
        const { sender, receiver } = pairOf(suite)
        let sequenceNumber = 0
        fc.assert(
          fc.property(
            fc.uint8Array({ maxLength: 2000 }),
            fc.integer({ min: 20, max: 23 }),
            (plaintext, type) => {
              const record = sender.seal(type, sequenceNumber++, plaintext)
              assert.equal(record.length, plaintext.length + sender.overhead)
              const opened = receiver.open(parsed(record))
              assert.deepEqual(opened && new Uint8Array(opened), plaintext)
            }
          )
        )
      })

      it('does not open what is altered, cut or of the own direction', () => {
        const { sender, receiver } = pairOf(suite)
        const record = sender.seal(23, 5, Uint8Array.of(1, 2, 3))
        assert.equal(sender.open(parsed(record)), undefined)
        const { fragment, ...header } = parsed(record)
        for (let length = 0; length < fragment.length; length++) {
          assert.equal(receiver.open({ ...header, fragment: fragment.subarray(0, length) }), undefined)
        }
        for (let at = 0; at < fragment.length; at++) {
          const altered = fragment.with(at, (fragment[at] ?? 0) ^ 4)
          assert.equal(receiver.open({ ...header, fragment: altered }), undefined)
        }
        assert.equal(receiver.open({ ...header, fragment, sequenceNumber: 6 }), undefined)
        assert.equal(receiver.open({ ...header, fragment, epoch: 2 }), undefined)
        assert.equal(receiver.open({ ...header, fragment, type: 22 }), undefined)
      })

      it('refuses a number that does not rise, or has more than 48 bits', () => {
        const { sender } = pairOf(suite)
        const empty = new Uint8Array(0)
        sender.seal(23, 0, empty)
        assert.throws(() => sender.seal(23, 0, empty))
        sender.seal(23, 8, empty)
        assert.throws(() => sender.seal(23, 7, empty))
        sender.seal(23, MAX_SEQUENCE_NUMBER, empty)
        assert.throws(() => sender.seal(23, MAX_SEQUENCE_NUMBER + 1, empty))
      })
    })
  }

  it('lays out nonce and additional data as RFC 5288 and RFC 6347 have them', () => {
    const suite = AES_128_GCM
    const { sender } = pairOf(suite)
    const record = sender.seal(23, 0x0102030405, hex('cafe'))
    const explicitNonce = '0001000102030405'
    assert.equal(
      Buffer.from(record.subarray(0, 13)).toString('hex'),
      '17fefd' + '0001' + '000102030405' + '001a'
    )
    assert.equal(Buffer.from(record.subarray(13, 21)).toString('hex'), explicitNonce)
    const { key, iv } = keysOf(suite, 1)
    const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([iv, hex(explicitNonce)]))
    cipher.setAAD(hex(explicitNonce + '17fefd' + '0002'))
    const expected = Buffer.concat([cipher.update(hex('cafe')), cipher.final(), cipher.getAuthTag()])
    assert.deepEqual(Buffer.from(record.subarray(21)), expected)
  })

  it('mixes the nonce as RFC 7905 has it', () => {
    const suite = CHACHA20_POLY1305
    const { sender } = pairOf(suite)
    const record = sender.seal(23, 0x0a, hex('cafe'))
    const { key } = keysOf(suite, 1)
    const nonce = hex('02020202' + '0203020202020208')
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    cipher.setAAD(hex('000100000000000a' + '17fefd' + '0002'), { plaintextLength: 2 })
    const expected = Buffer.concat([cipher.update(hex('cafe')), cipher.final(), cipher.getAuthTag()])
    assert.deepEqual(Buffer.from(record.subarray(13)), expected)
  })
})

import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { assemble } from '../../../../scripts/generate-wasm.ts'
import { createAeadRecordProtection } from '../../src/dtls/aead-record-protection.ts'
import { CIPHER_SUITES } from '../../src/dtls/cipher-suites.ts'
import type { CipherSuite } from '../../src/dtls/cipher-suites.ts'
import { createRecordProtection } from '../../src/dtls/gcm-record-protection.ts'
import { MAX_FAST_LENGTH, loadGcm } from '../../src/dtls/gcm/gcm-module.ts'
import type { TrafficKeys } from '../../src/dtls/key-schedule.ts'
import type { RecordProtection, RecordProtectionFactory } from '../../src/dtls/record-protection.ts'
import { MAX_SEQUENCE_NUMBER, decodeRecords } from '../../src/dtls/record.ts'
import type { DtlsRecord } from '../../src/dtls/record.ts'

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')

function keysOf(suite: CipherSuite, fill: number): TrafficKeys {
  return {
    key: new Uint8Array(suite.keyLength).fill(fill),
    iv: new Uint8Array(suite.fixedIvLength).fill(fill + 1)
  }
}

interface Pair {
  sender: RecordProtection
  receiver: RecordProtection
}

/** @param fill other keys for other values */
function pairOf(
  suite: CipherSuite,
  makeSender: RecordProtectionFactory,
  makeReceiver = makeSender,
  fill = 1
): Pair {
  const keys = { write: keysOf(suite, fill), read: keysOf(suite, fill + 7) }
  return {
    sender: makeSender({ suite, ...keys }),
    receiver: makeReceiver({ suite, write: keys.read, read: keys.write })
  }
}

/** Opens and checks that it is what was sealed. */
function assertOpens({ receiver }: Pair, record: Uint8Array, plaintext: Uint8Array): void {
  assert.deepEqual(receiver.open(parsed(record))?.slice(), plaintext)
}

/** A record as a peer may make it, whose explicit nonces are its own affair (RFC 5288, section 3). */
function sealWithNonce(sequenceNumber: number, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const { key, iv } = keysOf(AES_128_GCM, 1)
  const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([iv, nonce]))
  const number = Buffer.alloc(8)
  number.writeUInt16BE(1)
  number.writeUIntBE(sequenceNumber, 2, 6)
  const length = (bytes: number) => Buffer.of(bytes >>> 8, bytes)
  cipher.setAAD(Buffer.concat([number, hex('17fefd'), length(plaintext.length)]))
  const body = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  return Buffer.concat([hex('17fefd'), number, length(body.length), body])
}

function parsed(datagram: Uint8Array): DtlsRecord {
  const [record] = decodeRecords(datagram).records
  assert.ok(record)
  return record
}

const [AES_128_GCM, CHACHA20_POLY1305] = CIPHER_SUITES
assert.ok(AES_128_GCM && CHACHA20_POLY1305)

const variants: [name: string, CipherSuite, RecordProtectionFactory][] = [
  ['aes-128-gcm of node:crypto', AES_128_GCM, createAeadRecordProtection],
  ['aes-128-gcm with WebAssembly', AES_128_GCM, createRecordProtection],
  ['chacha20-poly1305', CHACHA20_POLY1305, createRecordProtection]
]

describe('DTLS record protection', () => {
  for (const [name, suite, create] of variants) {
    describe(name, () => {
      it('opens what it sealed, for any content', () => {
        const { sender, receiver } = pairOf(suite, create)
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
              sender.buffer.set(plaintext)
              const inPlace = sender.sealBuffer(type, sequenceNumber++, plaintext.length)
              assertOpens({ sender, receiver }, inPlace, plaintext)
            }
          )
        )
      })

      it('does not open what is altered, cut or of the own direction', () => {
        const { sender, receiver } = pairOf(suite, create)
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
        const { sender } = pairOf(suite, create)
        const empty = new Uint8Array(0)
        sender.seal(23, 0, empty)
        assert.throws(() => sender.seal(23, 0, empty))
        sender.seal(23, 8, empty)
        assert.throws(() => sender.seal(23, 7, empty))
        assert.throws(() => sender.sealBuffer(23, 8, 0))
        const long = new Uint8Array(MAX_FAST_LENGTH + 1)
        assert.throws(() => sender.seal(23, 8, long))
        sender.seal(23, 9, long)
        assert.throws(() => sender.sealBuffer(23, 9, 1))
        sender.seal(23, MAX_SEQUENCE_NUMBER, empty)
        assert.throws(() => sender.seal(23, MAX_SEQUENCE_NUMBER + 1, empty))
        assert.throws(() => sender.sealBuffer(23, NaN, 0))
      })
    })
  }

  for (const [name, suite, create] of variants.slice(0, 2)) {
    describe(name, () => {
      it('lays out nonce and additional data as RFC 5288 and RFC 6347 have them', () => {
        const { sender } = pairOf(suite, create)
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

      it('takes nonces that a peer makes as it likes', () => {
        fc.assert(
          fc.property(
            fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }), { maxLength: 20 }),
            fc.constantFrom(0, 2 ** 32 - 3, 2 ** 40),
            (random, counter) => {
              const { receiver } = pairOf(suite, create)
              const counted = Array.from({ length: 40 }, (_, index) => {
                const nonce = Buffer.alloc(8)
                nonce.writeBigUInt64BE(BigInt(counter + index))
                return nonce
              })
              const nonces = [...counted.slice(0, 20), ...random, ...counted.slice(20)]
              for (const [number, nonce] of nonces.entries()) {
                const plaintext = new Uint8Array((number * 37) % 300).fill(number)
                const record = sealWithNonce(number, nonce, plaintext)
                assert.deepEqual(receiver.open(parsed(record))?.slice(), plaintext)
              }
            }
          ),
          { numRuns: 20 }
        )
      })
    })
  }

  describe('aes-128-gcm, node:crypto with WebAssembly', () => {
    const makers = [createAeadRecordProtection, createRecordProtection] as const

    it('agrees on every length', () => {
      for (const [sender, receiver] of [makers, makers.toReversed()]) {
        const pair = pairOf(AES_128_GCM, sender, receiver)
        for (let length = 0; length <= MAX_FAST_LENGTH + 20; length++) {
          const plaintext = new Uint8Array(length).map((_, at) => at * length)
          assertOpens(pair, pair.sender.seal(23, length, plaintext), plaintext)
        }
      }
    })

    it('agrees whatever is left out, reordered, forged or of another length', () => {
      const step = fc.record({
        length: fc.oneof(fc.nat(1500), fc.constantFrom(0, 28, 1408)),
        skipped: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(40)),
        delay: fc.oneof(fc.constant(0), fc.nat(30)),
        isForged: fc.boolean()
      })
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
          for (const [sender, receiver] of [makers, makers.toReversed()]) {
            const pair = pairOf(AES_128_GCM, sender, receiver)
            const late: { at: number; record: Uint8Array; plaintext: Uint8Array }[] = []
            let number = 2 ** 32 - 60
            for (const [at, { length, skipped, delay, isForged }] of steps.entries()) {
              const plaintext = new Uint8Array(length).fill(at)
              const record = pair.sender.seal(23, (number += 1 + skipped), plaintext)
              late.push({ at: at + delay, record, plaintext })
              if (isForged)
                assert.equal(pair.receiver.open(parsed(record.with(-1, record.at(-1)! ^ 1))), undefined)
              for (const due of late.filter((entry) => entry.at === at))
                assertOpens(pair, due.record, due.plaintext)
            }
          }
        }),
        { numRuns: 50 }
      )
    })

    it('serves more connections in turn than it has memory for', () => {
      const pairs = Array.from({ length: 100 }, (_, index) =>
        pairOf(AES_128_GCM, createRecordProtection, createAeadRecordProtection, index)
      )
      const numbers = pairs.map(() => 0)
      const exchange = (index: number): void => {
        const number = (numbers[index] ?? 0) + 1
        numbers[index] = number
        const pair = pairs[index]
        assert.ok(pair)
        const plaintext = Uint8Array.of(index, number)
        assertOpens(pair, pair.sender.seal(23, number, plaintext), plaintext)
      }
      for (let round = 0; round < 10; round++) {
        for (const index of pairs.keys()) {
          exchange(index)
          for (let more = 0; more < 5; more++) exchange(round)
        }
      }
    })

    it('leaves a record as it is that is still to be sent', () => {
      const pair = pairOf(AES_128_GCM, createRecordProtection)
      pair.sender.buffer.set([1, 2, 3])
      const waiting = pair.sender.sealBuffer(23, 0, 3)
      pair.sender.keepSealed()
      pair.sender.buffer.fill(9)
      pair.sender.sealBuffer(23, 1, 1400)
      assertOpens(pair, waiting, Uint8Array.of(1, 2, 3))
      pair.sender.release(waiting)
    })

    it('leaves alone any number of records that are still to be sent, and uses their memory again after that', () => {
      const pairs = Array.from({ length: 40 }, (_, index) =>
        pairOf(AES_128_GCM, createRecordProtection, createAeadRecordProtection, index)
      )
      for (let round = 0; round < 3; round++) {
        const kept = pairs.map(({ sender }, index) => {
          sender.buffer.fill(index, 0, 100)
          const record = sender.sealBuffer(23, 2 * round, 100)
          sender.keepSealed()
          return record
        })
        for (const { sender } of pairs) {
          sender.buffer.fill(0xff)
          sender.sealBuffer(23, 2 * round + 1, 1400)
        }
        for (const [index, record] of kept.entries()) {
          assertOpens(pairs[index], record, new Uint8Array(100).fill(index))
        }
        const lent = kept.filter(({ buffer }) => buffer === loadGcm()!.bytes.buffer)
        assert.equal(lent.length, 15, 'the rest are copies')
        for (const record of [...kept, ...kept]) pairs[0].sender.release(record)
      }
    })

    it('is there on the engines that we test with, made from the source that is checked in', async () => {
      assert.ok(loadGcm())
      const folder = new URL('../../src/dtls/gcm/', import.meta.url)
      const expected = await assemble(fileURLToPath(new URL('gcm.wat', folder)))
      assert.equal(readFileSync(new URL('gcm-wasm.ts', folder), 'utf8'), expected, 'npm run generate')
    })
  })

  it('mixes the nonce as RFC 7905 has it', () => {
    const suite = CHACHA20_POLY1305
    const { sender } = pairOf(suite, createRecordProtection)
    const record = sender.seal(23, 0x0a, hex('cafe'))
    const { key } = keysOf(suite, 1)
    const nonce = hex('02020202' + '0203020202020208')
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    cipher.setAAD(hex('000100000000000a' + '17fefd' + '0002'), { plaintextLength: 2 })
    const expected = Buffer.concat([cipher.update(hex('cafe')), cipher.final(), cipher.getAuthTag()])
    assert.deepEqual(Buffer.from(record.subarray(13)), expected)
  })
})

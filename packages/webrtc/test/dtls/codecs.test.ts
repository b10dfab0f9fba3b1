import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeAlert, encodeAlert } from '../../src/dtls/alert.ts'
import { concatBytes } from '../../src/dtls/byte-writer.ts'
import type { Extensions } from '../../src/dtls/extensions.ts'
import { decodeFragments, encodeFragment } from '../../src/dtls/handshake-message.ts'
import { decodeCertificate, encodeCertificate } from '../../src/dtls/messages/certificate.ts'
import {
  decodeCertificateRequest,
  encodeCertificateRequest
} from '../../src/dtls/messages/certificate-request.ts'
import { decodeClientHello, encodeClientHello } from '../../src/dtls/messages/client-hello.ts'
import {
  decodeClientKeyExchange,
  encodeClientKeyExchange
} from '../../src/dtls/messages/client-key-exchange.ts'
import { decodeHelloVerifyRequest } from '../../src/dtls/messages/hello-verify-request.ts'
import { decodeServerHello, encodeServerHello } from '../../src/dtls/messages/server-hello.ts'
import {
  decodeDigitallySigned,
  decodeServerKeyExchange,
  encodeDigitallySigned,
  encodeEcdhParams
} from '../../src/dtls/messages/server-key-exchange.ts'
import { decodeRecords, encodeRecord } from '../../src/dtls/record.ts'

const uint8 = fc.nat(0xff)
const uint16 = fc.nat(0xffff)
const bytes = (maxLength: number, minLength = 0): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength })
const random = bytes(32, 32)

function plainRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

const extensions: fc.Arbitrary<Extensions> = fc
  .uniqueArray(fc.tuple(uint16, bytes(40)), { selector: ([type]) => type, maxLength: 12 })
  .map((entries) => new Map(entries))

/** What is decoded from what was encoded is what it was, and no other length decodes. */
function assertRoundTrip<T>(
  value: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (body: Uint8Array) => T | undefined
): void {
  fc.assert(
    fc.property(value, (original) => {
      const body = encode(original)
      assert.deepEqual(decode(body), original)
      assert.equal(decode(concatBytes(body, Uint8Array.of(0))), undefined)
      assert.equal(decode(body.subarray(0, -1)), undefined)
    })
  )
}

describe('DTLS codecs', () => {
  it('ClientHello', () => {
    const hello = plainRecord({
      version: uint16,
      random,
      sessionId: bytes(32),
      cookie: bytes(255),
      cipherSuites: fc.array(uint16, { maxLength: 40 }),
      compressionMethods: fc.array(uint8, { maxLength: 4 }),
      extensions
    })
    assertRoundTrip(hello, encodeClientHello, decodeClientHello)
  })

  it('ServerHello', () => {
    const hello = plainRecord({
      version: uint16,
      random,
      sessionId: bytes(32),
      cipherSuite: uint16,
      compressionMethod: uint8,
      extensions
    })
    assertRoundTrip(hello, encodeServerHello, decodeServerHello)
  })

  it('hellos with no extensions at all, and with one twice', () => {
    const hello = {
      version: 0xfefd,
      random: new Uint8Array(32),
      sessionId: new Uint8Array(0),
      cipherSuite: 0xc02b,
      compressionMethod: 0
    }
    const none = encodeServerHello({ ...hello, extensions: new Map() }).subarray(0, -2)
    assert.equal(decodeServerHello(none)?.extensions.size, 0)
    const twice = concatBytes(none, Uint8Array.of(0, 8, 0, 23, 0, 0, 0, 23, 0, 0))
    assert.equal(decodeServerHello(twice), undefined)
  })

  it('Certificate', () => {
    assertRoundTrip(bytes(600, 1), encodeCertificate, decodeCertificate)
    assert.equal(decodeCertificate(Uint8Array.of(0, 0, 0)), undefined)
    assert.equal(decodeCertificate(Uint8Array.of(0, 0, 3, 0, 0, 0)), undefined)
  })

  it('CertificateRequest', () => {
    const request = plainRecord({
      certificateTypes: fc.array(uint8, { maxLength: 10 }),
      signatureSchemes: fc.array(uint16, { maxLength: 10 })
    })
    assertRoundTrip(request, encodeCertificateRequest, decodeCertificateRequest)
  })

  it('ServerKeyExchange', () => {
    const exchange = plainRecord({
      group: uint16,
      publicKey: bytes(65),
      scheme: uint16,
      signature: bytes(80)
    })
    assertRoundTrip(
      exchange,
      (value) => concatBytes(encodeEcdhParams(value.group, value.publicKey), encodeDigitallySigned(value)),
      decodeServerKeyExchange
    )
  })

  it('CertificateVerify', () => {
    assertRoundTrip(
      plainRecord({ scheme: uint16, signature: bytes(300) }),
      encodeDigitallySigned,
      decodeDigitallySigned
    )
  })

  it('ClientKeyExchange', () => {
    assertRoundTrip(bytes(255), encodeClientKeyExchange, decodeClientKeyExchange)
  })

  it('alert', () => {
    assertRoundTrip(
      plainRecord({ level: uint8, description: uint8 }),
      ({ level, description }) => encodeAlert(level, description),
      decodeAlert
    )
  })

  it('records, several in a datagram', () => {
    const record = plainRecord({
      type: uint8,
      version: fc.constant(0xfefd),
      epoch: uint16,
      sequenceNumber: fc.nat(2 ** 48 - 1),
      fragment: bytes(200)
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), (records) => {
        assert.deepEqual(decodeRecords(concatBytes(...records.map(encodeRecord))), {
          records,
          malformed: false
        })
      })
    )
  })

  it('fragments, several in a record', () => {
    const piece = fc
      .tuple(uint8, uint16, bytes(300, 1), fc.nat(), fc.nat())
      .map(([type, sequence, body, a, b]) => {
        const offset = a % body.length
        return { type, sequence, body, offset, length: 1 + (b % (body.length - offset)) }
      })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        const encoded = pieces.map(({ offset, length, ...message }) =>
          encodeFragment(message, offset, length)
        )
        const expected = pieces.map(({ type, sequence, body, offset, length }) => {
          return {
            type,
            sequence,
            length: body.length,
            offset,
            bytes: body.subarray(offset, offset + length)
          }
        })
        assert.deepEqual(decodeFragments(concatBytes(...encoded)), expected)
      })
    )
  })

  it('decoders take arbitrary bytes without throwing', () => {
    const decoders = [
      decodeClientHello,
      decodeServerHello,
      decodeCertificate,
      decodeCertificateRequest,
      decodeServerKeyExchange,
      decodeDigitallySigned,
      decodeClientKeyExchange,
      decodeHelloVerifyRequest,
      decodeAlert,
      decodeRecords,
      decodeFragments
    ]
    fc.assert(
      fc.property(bytes(400), (noise) => {
        for (const decode of decoders) decode(noise)
      })
    )
  })
})

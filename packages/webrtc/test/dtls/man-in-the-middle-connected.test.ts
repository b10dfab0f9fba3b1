import assert from 'node:assert/strict'
import { createAeadRecordProtection } from '../../src/dtls/aead-record-protection.ts'
import { encodeAlert } from '../../src/dtls/alert.ts'
import { concatBytes } from '../../src/dtls/byte-writer.ts'
import { encodeMessage } from '../../src/dtls/handshake-message.ts'
import { AlertDescription, AlertLevel, ContentType } from '../../src/dtls/protocol.ts'
import type { RecordProtection } from '../../src/dtls/record-protection.ts'
import { assertNoMixUp, forged } from './support/man-in-the-middle.ts'
import { connectedPair } from './support/pair.ts'
import type { Pair } from './support/pair.ts'
import { plaintextMessages, rewriteRecords } from './support/rewrite.ts'
import type { Side } from './support/virtual-network.ts'

describe('DTLS man in the middle, once connected', () => {
  /** Hands a datagram to one end; nothing may come of it. */
  function assertNoEffect(pair: Pair, side: Side, datagram: Uint8Array): void {
    const end = pair[side]
    end.handleDatagram(datagram, pair.network.now)
    assert.equal(end.state, 'connected')
    assert.equal(end.pollDatagram(), undefined)
    assert.equal(end.pollEvent(), undefined)
  }

  for (const side of ['client', 'server'] as const) {
    it(`forges plaintext to the ${side}: no effect`, () => {
      const pair = connectedPair()
      const [hello, serverFlight, clientFlight] = pair.network.sent.map(({ datagram }) => datagram)
      assert.ok(hello && serverFlight && clientFlight)
      const otherHello = connectedPair().network.sent[0]?.datagram
      assert.ok(otherHello)
      const sequences = plaintextMessages(clientFlight).map(({ sequence }) => sequence)
      assert.deepEqual(sequences, [1, 2, 3])
      const forgeries = [
        otherHello,
        forged(ContentType.alert, encodeAlert(AlertLevel.fatal, AlertDescription.handshakeFailure)),
        forged(ContentType.alert, encodeAlert(AlertLevel.warning, AlertDescription.closeNotify)),
        forged(ContentType.alert, encodeAlert(AlertLevel.fatal, 40), { epoch: 1, sequenceNumber: 9 }),
        forged(ContentType.alert, new Uint8Array(64), { epoch: 1, sequenceNumber: 10 }),
        forged(ContentType.applicationData, Uint8Array.of(1)),
        forged(ContentType.changeCipherSpec, Uint8Array.of(1)),
        ...[0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20].flatMap((type) =>
          [0, 4, 5, 6].map((sequence) =>
            forged(ContentType.handshake, encodeMessage({ type, sequence, body: new Uint8Array(12) }), {
              sequenceNumber: 20
            })
          )
        )
      ]
      for (const forgery of forgeries) assertNoEffect(pair, side, forgery)
      assertNoMixUp(pair)
    })

    it(`replays all it has seen to the ${side}: no effect`, () => {
      const pair = connectedPair()
      pair.client.send(Uint8Array.of(7))
      pair.server.send(Uint8Array.of(8))
      pair.network.drain()
      pair.network.run()
      const before = pair.network.received(side).length
      for (const { datagram } of [...pair.network.sent]) {
        // Also what the end itself had sent: it is sealed under the key of the other direction.
        assertNoEffect(pair, side, datagram)
        assertNoEffect(pair, side, concatBytes(datagram, datagram))
      }
      assert.equal(pair.network.received(side).length, before)
    })

    it(`alters each byte of a data record to the ${side}: no effect`, () => {
      const pair = connectedPair()
      const sender = side === 'client' ? pair.server : pair.client
      sender.send(new TextEncoder().encode('forty-two'))
      const record = sender.pollDatagram()
      assert.ok(record)
      for (let at = 0; at < record.length; at++) {
        for (const mask of [1, 0x80]) assertNoEffect(pair, side, record.with(at, (record[at] ?? 0) ^ mask))
        assertNoEffect(pair, side, record.subarray(0, at))
      }
      pair[side].handleDatagram(record, pair.network.now)
      assert.equal(pair[side].pollEvent()?.type, 'data')
    })

    it(`moves a record to another epoch or number for the ${side}: no effect`, () => {
      const pair = connectedPair()
      const sender = side === 'client' ? pair.server : pair.client
      sender.send(Uint8Array.of(1))
      const record = sender.pollDatagram()
      assert.ok(record)
      for (const change of [
        { epoch: 0 },
        { epoch: 2 },
        { epoch: 0xffff },
        { sequenceNumber: 99 },
        { type: 21 },
        { type: 22 }
      ]) {
        assertNoEffect(
          pair,
          side,
          rewriteRecords(record, (honest) => ({ ...honest, ...change }))
        )
      }
    })
  }

  describe('as the true peer might', () => {
    /** A connected pair, and a way to seal anything as the server. */
    function pairWithSeal(): Pair & { seal: (type: number, plaintext: Uint8Array) => Uint8Array } {
      const seals: RecordProtection['seal'][] = []
      const pair = connectedPair({
        createRecordProtection: (keys) => {
          const another = createAeadRecordProtection(keys)
          seals.push((...args) => another.seal(...args))
          return createAeadRecordProtection(keys)
        }
      })
      // The client has its keys before the server has.
      const [, seal] = seals
      let sequenceNumber = 1000
      return {
        ...pair,
        seal: (type, plaintext) => {
          assert.ok(seal)
          return seal(type, sequenceNumber++, plaintext)
        }
      }
    }

    it('a fatal alert ends it', () => {
      const { client, seal } = pairWithSeal()
      client.handleDatagram(seal(ContentType.alert, encodeAlert(AlertLevel.fatal, 80)), 0)
      while (client.state !== 'failed') assert.ok(client.pollEvent(), 'no failure')
      assert.equal(client.pollTimeout(), undefined)
    })

    it('renegotiation, other handshake messages and warnings have no effect', () => {
      const pair = pairWithSeal()
      const empty = new Uint8Array(0)
      for (const record of [
        pair.seal(ContentType.alert, encodeAlert(AlertLevel.warning, 90)),
        pair.seal(ContentType.alert, empty),
        pair.seal(ContentType.changeCipherSpec, Uint8Array.of(1)),
        pair.seal(77, empty),
        pair.seal(ContentType.handshake, encodeMessage({ type: 0, sequence: 6, body: empty })),
        pair.seal(ContentType.handshake, encodeMessage({ type: 1, sequence: 6, body: new Uint8Array(80) })),
        pair.seal(ContentType.handshake, encodeMessage({ type: 20, sequence: 6, body: new Uint8Array(12) })),
        pair.seal(ContentType.handshake, encodeMessage({ type: 20, sequence: 5, body: new Uint8Array(12) })),
        pair.seal(ContentType.handshake, new Uint8Array(5))
      ]) {
        assertNoEffect(pair, 'client', record)
      }
      assertNoMixUp(pair)
    })
  })
})

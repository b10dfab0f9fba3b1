import fc from 'fast-check'
import assert from 'node:assert/strict'
import { concatBytes } from '../../src/dtls/byte-writer.ts'
import { encodeFragment } from '../../src/dtls/handshake-message.ts'
import { encodeRecord } from '../../src/dtls/record.ts'
import { makePair } from './support/pair.ts'
import type { Pair } from './support/pair.ts'

/** Bytes that get deeper than noise: records with sound headers, holding fragments with sound headers. */
const fragment = fc
  .record({
    type: fc.constantFrom(0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 77),
    sequence: fc.oneof(fc.nat(8), fc.nat(0xffff)),
    body: fc.uint8Array({ maxLength: 200 }),
    cut: fc.nat(200)
  })
  .map(({ cut, ...message }) => encodeFragment(message, 0, Math.min(cut, message.body.length)))

const record = fc
  .record({
    type: fc.oneof(fc.integer({ min: 20, max: 23 }), fc.nat(0xff)),
    version: fc.constantFrom(0xfefd, 0xfefd, 0xfeff, 0x0303),
    epoch: fc.constantFrom(0, 0, 1, 1, 2, 0xffff),
    sequenceNumber: fc.oneof(fc.nat(20), fc.nat(2 ** 48 - 1)),
    fragment: fc.oneof(
      fc.array(fragment, { maxLength: 3 }).map((all) => concatBytes(...all)),
      fc.uint8Array()
    )
  })
  .map(encodeRecord)

const datagram = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(record, { maxLength: 4 }).map((records) => concatBytes(...records))
)

/** Runs until so many datagrams have been sent. */
function pairAfter(datagrams: number): Pair {
  const pair = makePair()
  pair.network.start().run(() => pair.network.sent.length >= datagrams || pair.network.isSettled)
  return pair
}

describe('DTLS and arbitrary datagrams', () => {
  for (const [datagrams, title] of [
    [1, 'after the ClientHello'],
    [2, "after the server's flight"],
    [3, "after the client's flight"],
    [4, 'after the handshake']
  ] as const) {
    it(`does not throw, nor connect, nor send more than it must: ${title}`, () => {
      fc.assert(
        fc.property(fc.array(datagram, { maxLength: 12 }), (all) => {
          const { client, server } = pairAfter(datagrams)
          for (const end of [client, server]) {
            const before = end.state
            let sent = 0
            for (const bytes of all) {
              end.handleDatagram(bytes, 10)
              while (end.pollDatagram()) sent++
            }
            if (before === 'connected') assert.equal(end.state, 'connected')
            else assert.notEqual(end.state, 'connected')
            // An alert, or an answer to a first hello.
            assert.ok(sent <= 2, `${sent} datagrams`)
          }
        })
      )
    })
  }

  it('does not throw whatever the order of calls', () => {
    const call = fc.oneof(
      datagram.map((bytes) => ({ name: 'datagram' as const, bytes })),
      fc.constantFrom({ name: 'start' as const }, { name: 'timeout' as const }, { name: 'close' as const })
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(call, fc.nat(40_000)), { maxLength: 20 }), (calls) => {
        const { client, server } = makePair()
        let now = 0
        for (const [step, pause] of calls) {
          now += pause
          for (const end of [client, server]) {
            if (step.name === 'datagram') end.handleDatagram(step.bytes, now)
            else if (step.name === 'start') end.start(now)
            else if (step.name === 'timeout') end.handleTimeout(now)
            else end.close()
            assert.notEqual(end.state, 'connected')
          }
        }
      })
    )
  })
})

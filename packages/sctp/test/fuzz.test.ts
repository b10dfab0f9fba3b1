import fc from 'fast-check'
import assert from 'node:assert/strict'
import { decodeDcepMessage } from '../src/index.ts'
import { ChunkType } from '../src/packet/chunk.ts'
import { readErrorCauses } from '../src/packet/error-cause.ts'
import { readForwardTsnChunk, writeForwardTsnChunk } from '../src/packet/forward-tsn-chunk.ts'
import { readInitChunk } from '../src/packet/init-chunk.ts'
import { encodeReConfigChunk, readReConfigChunk } from '../src/packet/re-config-chunk.ts'
import { SackReader } from '../src/packet/sack-chunk.ts'
import { decodeStateCookie } from '../src/association/state-cookie.ts'
import { dataChunk, packetOf, record, resealed, sackChunk, tagOf } from './support/craft.ts'
import { Pair } from './support/pair.ts'

/** `SCTP_FUZZ_RUNS` runs more of each. */
const RUNS = Number(process.env.SCTP_FUZZ_RUNS ?? 400)

const TYPES = [...Object.values(ChunkType), 0x3f, 0x7f, 0xbf, 0xff]

/** A chunk with a right header and any body. */
const chunk = fc
  .record({ type: fc.constantFrom(...TYPES), flags: fc.nat(255), body: fc.uint8Array({ maxLength: 80 }) })
  .map(({ type, flags, body }) => Uint8Array.of(type, flags, 0, 4 + body.length, ...body))

/** Any state that a conversation passes, with the packets of both sides so far. */
function conversation(seed: number, steps: number): { pair: Pair; tags: number[]; packets: Uint8Array[] } {
  const pair = new Pair({
    seed,
    a: { receiveWindow: 65_536, maxMessageSize: 65_536 },
    conditions: { loss: 0.05, jitter: 5 }
  })
  const packets = record(pair.toB)
  const toA = record(pair.toA)
  pair.a.association.connect(pair.now)
  pair.send(pair.a, 1, new Uint8Array(5000), { maxRetransmits: 1 })
  pair.send(pair.b, 2, new Uint8Array(9000))
  for (let i = 0; i < steps; i++) {
    pair.step()
    if (i === 6 && pair.a.association.state === 'established') {
      pair.a.association.resetStreams([1])
    }
    if (i === 14) {
      pair.a.association.shutdown(pair.now)
    }
  }
  return { pair, tags: [0, ...packets.map(tagOf), ...toA.map(tagOf)], packets }
}

function settle(pair: Pair): void {
  pair.pump()
  pair.run(3000)
  for (const { association } of [pair.a, pair.b]) {
    const status = association.status()
    if (status !== undefined) {
      assert.ok(status.unpolledBytes < 10_000_000)
      assert.ok(status.bytesInFlight >= 0)
    }
  }
}

/** Chunks that are well-formed and near what is expected, but for their meaning. */
const FIRST_TSN = 0xfffffff0
const OWN_TSN = 0x7ffffff0
const nearTsn = fc.nat(40).map((offset) => (FIRST_TSN + offset) >>> 0)
const plausible = fc.oneof(
  fc
    .record({
      tsn: nearTsn,
      streamId: fc.nat(2),
      ssn: fc.nat(4),
      flags: fc.nat(15),
      length: fc.integer({ min: 1, max: 40 })
    })
    .map(({ tsn, length, ...init }) => dataChunk(tsn, { ...init, data: new Uint8Array(length) })),
  fc
    .record({
      cumulative: fc.integer({ min: -2, max: 30 }),
      window: fc.constantFrom(0, 1000, 100_000),
      blocks: fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 4 })
    })
    .map(({ cumulative, window, blocks }) =>
      sackChunk((OWN_TSN + cumulative) >>> 0, window, blocks, [OWN_TSN])
    ),
  fc
    .record({
      tsn: nearTsn,
      skipped: fc.array(fc.record({ streamId: fc.nat(2), ssn: fc.nat(4) }), { maxLength: 3 })
    })
    .map(({ tsn, skipped }) => {
      const bytes = new Uint8Array(8 + 4 * skipped.length)
      writeForwardTsnChunk(bytes, 0, { newCumulativeTsn: tsn, skipped })
      return bytes
    }),
  fc
    .record({
      requestSequence: nearTsn,
      lastAssignedTsn: nearTsn,
      streamIds: fc.array(fc.nat(2), { maxLength: 2 })
    })
    .map((request) => encodeReConfigChunk([{ kind: 'outgoing-reset', responseSequence: 0, ...request }])),
  fc
    .record({ responseSequence: fc.nat(3).map((offset) => OWN_TSN + offset), result: fc.nat(7) })
    .map((response) => encodeReConfigChunk([{ kind: 'response', ...response }]))
)

describe('fuzz', () => {
  it('a peer that talks plausible nonsense harms nothing: what was delivered is accounted for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(plausible, { minLength: 1, maxLength: 3 }), { maxLength: 40 }),
        (packets) => {
          const pair = new Pair({
            a: { initialTsn: FIRST_TSN },
            b: { initialTsn: OWN_TSN, receiveWindow: 2000, maxMessageSize: 200 }
          })
          const toB = record(pair.toB)
          pair.a.association.connect(pair.now)
          pair.runUntil(() => pair.a.association.state === 'established')
          const { association } = pair.b
          pair.b.reading = false
          const out = new Uint8Array(1500)
          let nextStream = 1
          for (const chunks of packets) {
            if (association.state === 'established' && association.status()?.queuedBytes === 0) {
              const streamId = nextStream++
              association.send(streamId, 51, new Uint8Array(3000), { maxRetransmits: 1 }, pair.now)
              association.resetStreams([streamId])
            }
            association.handlePacket(packetOf(tagOf(toB[1]), ...chunks), pair.now)
            while (association.pollPacket(out, pair.now) > 0) {
              pair.now += 1
            }
            association.handleTimeout((pair.now += 10))
            const status = association.status()
            assert.ok((status?.unpolledBytes ?? 0) <= 2000)
            assert.ok((status?.bytesInFlight ?? 0) >= 0)
          }
          pair.b.reading = true
          pair.b.pollEvents()
          assert.equal(association.status()?.unpolledBytes ?? 0, 0)
        }
      ),
      { numRuns: RUNS }
    )
  })

  it('decoders take any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readInitChunk(bytes, 0, bytes.length)
        readForwardTsnChunk(bytes, 0, bytes.length)
        readReConfigChunk(bytes, 0, bytes.length)
        readErrorCauses(bytes, 0, bytes.length)
        decodeDcepMessage(bytes)
        decodeStateCookie(bytes, () => new Uint8Array(32))
        const sack = new SackReader()
        if (sack.read(bytes, 0, bytes.length) && sack.gapBlocks > 0) {
          assert.ok(sack.blockStart(sack.gapBlocks - 1) >= 0)
        }
      }),
      { numRuns: 10 * RUNS }
    )
  })

  it('an association takes any bytes, and any chunks under the right tag, in any state', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.nat(20),
        fc.nat(50),
        fc.array(fc.array(chunk, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
        fc.uint8Array({ maxLength: 100 }),
        (seed, steps, tagIndex, packets, garbage) => {
          const { pair, tags } = conversation(seed, steps)
          pair.b.association.handlePacket(garbage, pair.now)
          for (const chunks of packets) {
            pair.b.association.handlePacket(packetOf(tags[tagIndex % tags.length], ...chunks), pair.now)
          }
          settle(pair)
        }
      ),
      { numRuns: RUNS }
    )
  })

  it('an association takes packets of its peer with bytes changed, in any state', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.nat(20),
        fc.array(fc.record({ packet: fc.nat(), position: fc.nat(), value: fc.nat(255) }), {
          minLength: 1,
          maxLength: 12
        }),
        (seed, steps, changes) => {
          const { pair, packets } = conversation(seed, steps)
          for (const { packet, position, value } of changes) {
            if (packets.length > 0) {
              const changed = packets[packet % packets.length].slice()
              // Most changes hit headers: there is more to break.
              changed[12 + (position % Math.min(60, changed.length - 12))] = value
              pair.b.association.handlePacket(resealed(changed), pair.now)
            }
          }
          settle(pair)
        }
      ),
      { numRuns: RUNS }
    )
  })
})

import fc from 'fast-check'
import assert from 'node:assert/strict'
import { decodeDcepMessage } from '../src/index.ts'
import { ChunkType } from '../src/packet/chunk.ts'
import { readErrorCauses } from '../src/packet/error-cause.ts'
import { readForwardTsnChunk } from '../src/packet/forward-tsn-chunk.ts'
import { readInitChunk } from '../src/packet/init-chunk.ts'
import { readReConfigChunk } from '../src/packet/re-config-chunk.ts'
import { SackReader } from '../src/packet/sack-chunk.ts'
import { decodeStateCookie } from '../src/association/state-cookie.ts'
import { packetOf, record, resealed, tagOf } from './support/craft.ts'
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

describe('fuzz', () => {
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

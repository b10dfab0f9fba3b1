import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { CandidateBatch } from '../../src/candidates/index.ts'
import {
  decodeCandidates,
  decodeDescription,
  encodeCandidates,
  encodeDescription,
  munge,
  parseSdp,
  renderSdp,
  SdpError,
  type SdpDataSection
} from '../../src/sdp/index.ts'
import { iceCandidate } from '../candidates/arbitraries.ts'
import { sdpDescription } from './arbitraries.ts'
import { fixtures } from './fixtures.ts'

const batch: fc.Arbitrary<CandidateBatch> = fc.record(
  { candidates: fc.array(iceCandidate, { maxLength: 64 }), endOfCandidates: fc.boolean() },
  { noNullPrototype: true }
)

const description = parseSdp(fixtures[0].sdp)
const encoded = encodeDescription(description)

function onlySdpErrors(decode: (bytes: Uint8Array) => void, bytes: Uint8Array): void {
  try {
    decode(bytes)
  } catch (error) {
    assert.ok(error instanceof SdpError && error.code === 'ERR_SDP_COMPACT', String(error))
  }
}

describe('The compact description', () => {
  it('gives every description back', () => {
    fc.assert(
      fc.property(sdpDescription, (value) =>
        assert.deepEqual(decodeDescription(encodeDescription(value)), value)
      )
    )
  })

  it('is byte for byte what docs/guides/sdp.md says', () => {
    const section = {
      ...(description.data as SdpDataSection),
      candidates: [],
      fingerprint: new Uint8Array(32).fill(0xaa)
    }
    const hex = Buffer.from(
      encodeDescription({ sessionId: '258', sessionVersion: 300, data: section })
    ).toString('hex')
    assert.equal(
      hex,
      [
        '01', // version
        '01', // a section; actpass
        '0000000000000102', // session id
        'ac02', // session version 300
        '0130', // mid "0"
        '04' + '939569', // ufrag k5Vp
        '18' + 'f4f7913ff0a980cccd34f2bd0b792944b85c',
        '04', // trickle
        'aa'.repeat(32),
        '1388', // port 5000
        '808010', // 262144
        '00' // no candidates
      ].join('')
    )
  })

  it('is less than a quarter of what stacks write', () => {
    for (const { name, sdp } of fixtures) {
      const bytes = encodeDescription(munge(parseSdp(sdp))).length
      assert.ok(bytes < sdp.length / 4, `${name}: ${bytes} of ${sdp.length}`)
    }
  })

  it('refuses what is cut short or has something behind it', () => {
    for (let length = 0; length < encoded.length; length++) {
      assert.throws(() => decodeDescription(encoded.subarray(0, length)), { code: 'ERR_SDP_COMPACT' })
    }
    assert.throws(() => decodeDescription(Uint8Array.of(...encoded, 0)), { code: 'ERR_SDP_COMPACT' })
  })

  it('refuses another version and unknown flags', () => {
    for (const [index, value] of [
      [0, 2],
      [1, 0x81],
      [1, 0x61],
      [1, 0x10],
      [1, 0x02]
    ]) {
      assert.throws(
        () => decodeDescription(encoded.with(index, value)),
        { code: 'ERR_SDP_COMPACT' },
        `${index} ${value}`
      )
    }
  })

  it('does not hold on to the bytes it was given', () => {
    const bytes = encoded.slice()
    const decoded = decodeDescription(bytes)
    bytes.fill(0)
    assert.deepEqual(decoded, description)
  })

  it('throws nothing but SdpError for any bytes, and what it gives is valid', () => {
    const changed = fc
      .tuple(sdpDescription, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([value, at, byte]) => {
        const bytes = encodeDescription(value)
        return bytes.with(at % bytes.length, byte)
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (bytes) =>
        onlySdpErrors((given) => {
          const value = decodeDescription(given)
          assert.deepEqual(decodeDescription(encodeDescription(value)), value)
        }, bytes)
      ),
      { numRuns: 1000 }
    )
  })

  it('refuses to pack what is no description', () => {
    const data = { ...(description.data as SdpDataSection), iceUfrag: 'ä'.repeat(4) }
    assert.throws(() => encodeDescription({ ...description, data }), { code: 'ERR_SDP_VALUE' })
  })

  it('renders to the same SDP', () => {
    for (const { sdp } of fixtures) {
      const value = parseSdp(sdp)
      assert.equal(renderSdp(decodeDescription(encodeDescription(value))), renderSdp(value))
    }
  })
})

describe('Compact candidates', () => {
  it('gives every batch back', () => {
    fc.assert(
      fc.property(batch, (value) => assert.deepEqual(decodeCandidates(encodeCandidates(value)), value))
    )
  })

  it('packs a shared ufrag once', () => {
    const { candidates } = parseSdp(fixtures[0].sdp).data as SdpDataSection
    const tagged = candidates.map((candidate) => ({ ...candidate, usernameFragment: 'k5Vp' }))
    const plain = encodeCandidates({ candidates, endOfCandidates: false }).length
    assert.equal(
      encodeCandidates({ candidates: tagged, endOfCandidates: false }).length,
      plain + 3 + tagged.length
    )
  })

  it('throws nothing but SdpError for any bytes', () => {
    const changed = fc.tuple(batch, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([value, at, byte]) => {
      const bytes = encodeCandidates(value)
      return bytes.with(at % bytes.length, byte)
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), (bytes) =>
        onlySdpErrors((given) => {
          const value = decodeCandidates(given)
          assert.deepEqual(decodeCandidates(encodeCandidates(value)), value)
        }, bytes)
      ),
      { numRuns: 1000 }
    )
  })

  it('refuses to pack more than a description may hold', () => {
    const [candidate] = (parseSdp(fixtures[0].sdp).data as SdpDataSection).candidates
    const candidates = Array.from({ length: 65 }, () => candidate)
    assert.throws(() => encodeCandidates({ candidates, endOfCandidates: false }), { code: 'ERR_SDP_VALUE' })
  })
})

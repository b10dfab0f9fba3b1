import assert from 'node:assert/strict'
import { crc32c, packetChecksum } from '../src/crc32c.ts'
import { SeededRandom } from './support/random.ts'

/** Bit by bit, from the definition. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    }
  }
  return ~crc >>> 0
}

describe('CRC32c', () => {
  it('gives the published values (RFC 3720 section B.4)', () => {
    assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283)
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c)
  })

  it('agrees with the definition at every length and alignment', () => {
    const random = new SeededRandom(5)
    const bytes = random.bytes(200)
    for (let start = 0; start < 9; start++) {
      for (let end = start; end < 80; end++) {
        assert.equal(crc32c(bytes.subarray(start, end)), slowly(bytes.subarray(start, end)))
      }
    }
  })

  it('of a packet counts the checksum field as zero and leaves it alone', () => {
    const packet = new SeededRandom(6).bytes(61)
    const zeroed = packet.slice().fill(0, 8, 12)
    const before = packet.slice()
    assert.equal(packetChecksum(packet, 61), slowly(zeroed))
    assert.deepEqual(packet, before)
  })
})

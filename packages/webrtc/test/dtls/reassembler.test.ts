import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { HandshakeFragment } from '../../src/dtls/handshake-message.ts'
import { Reassembler } from '../../src/dtls/reassembler.ts'

function fragmentOf(body: Uint8Array, offset: number, end: number, sequence = 0): HandshakeFragment {
  return { type: 11, sequence, length: body.length, offset, bytes: body.subarray(offset, end) }
}

describe('DTLS reassembly (RFC 6347, section 4.2.3)', () => {
  it('puts together pieces in any order, overlapping and repeated', () => {
    const body = fc.uint8Array({ minLength: 1, maxLength: 300 })
    const cuts = fc.array(fc.tuple(fc.nat(299), fc.nat(299)), { maxLength: 60 })
    fc.assert(
      fc.property(body, cuts, (whole, pairs) => {
        const reassembler = new Reassembler()
        const seen = new Set<number>()
        for (const [a, b] of pairs) {
          const start = Math.min(a, b) % whole.length
          const end = Math.min(whole.length, Math.max(start + 1, Math.max(a, b)))
          assert.ok(reassembler.add(fragmentOf(whole, start, end), 0))
          for (let at = start; at < end; at++) seen.add(at)
          const message = reassembler.take(0)
          assert.equal(message !== undefined, seen.size === whole.length)
          if (message === undefined) continue
          assert.deepEqual(message.body, whole)
          seen.clear()
        }
      })
    )
  })

  it('keeps the bytes that came first', () => {
    const first = Uint8Array.of(1, 1, 1, 1)
    const second = Uint8Array.of(2, 2, 2, 2)
    const reassembler = new Reassembler()
    reassembler.add(fragmentOf(first, 1, 3), 0)
    reassembler.add(fragmentOf(second, 0, 4), 0)
    assert.deepEqual(reassembler.take(0)?.body, Uint8Array.of(2, 1, 1, 2))
  })

  it('gives out only the message asked for, though later ones are whole', () => {
    const reassembler = new Reassembler()
    reassembler.add(fragmentOf(Uint8Array.of(5), 0, 1, 1), 0)
    assert.equal(reassembler.take(0), undefined)
    reassembler.add(fragmentOf(Uint8Array.of(4), 0, 1, 0), 0)
    assert.deepEqual([...(reassembler.take(0)?.body ?? [])], [4])
    assert.deepEqual([...(reassembler.take(1)?.body ?? [])], [5])
    assert.equal(reassembler.take(1), undefined)
  })

  it('takes an empty message', () => {
    const reassembler = new Reassembler()
    reassembler.add(fragmentOf(new Uint8Array(0), 0, 0), 0)
    assert.equal(reassembler.take(0)?.body.length, 0)
  })

  it('leaves aside what is old, too far ahead, or of another length or type than the first piece', () => {
    const reassembler = new Reassembler()
    const body = new Uint8Array(10)
    assert.ok(!reassembler.add(fragmentOf(body, 0, 1, 2), 3))
    assert.ok(!reassembler.add(fragmentOf(body, 0, 1, 11), 3))
    assert.ok(reassembler.add(fragmentOf(body, 0, 1, 3), 3))
    assert.ok(!reassembler.add(fragmentOf(new Uint8Array(11), 1, 2, 3), 3))
    assert.ok(!reassembler.add({ ...fragmentOf(body, 1, 2, 3), type: 12 }, 3))
  })

  it('sets aside no more than 32 KiB and 64 ranges', () => {
    const reassembler = new Reassembler()
    const long = new Uint8Array(2 ** 14)
    const kept = [0, 1, 2, 3, 4].map((sequence) => reassembler.add(fragmentOf(long, 0, 1, sequence), 0))
    assert.deepEqual(kept, [true, true, false, false, false])
    let ranges = 1
    while (reassembler.add(fragmentOf(long, ranges * 2, ranges * 2 + 1), 0)) ranges++
    assert.equal(ranges, 64)
    reassembler.clear()
    assert.ok(reassembler.add(fragmentOf(long, 0, 1, 4), 0))
  })
})

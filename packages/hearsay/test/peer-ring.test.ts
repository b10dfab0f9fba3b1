import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PeerRing } from '../src/peer-ring.ts'

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function ringOf(peers: Iterable<string>): PeerRing {
  const ring = new PeerRing(compare)
  for (const peer of peers) ring.add(peer)
  return ring
}

describe('the ring of peers', () => {
  it('has the first come after the last', () => {
    const ring = ringOf(['m', 'z', 'a'])
    assert.deepEqual(
      ['a', 'b', 'm', 'z', 'zz'].map((peer) => ring.next(peer)),
      ['m', 'm', 'z', 'a', 'a']
    )
  })

  it('has nobody come after who is alone in it', () => {
    assert.equal(ringOf([]).next('a'), undefined)
    assert.equal(ringOf(['a']).next('a'), undefined)
    assert.equal(ringOf(['a']).next('b'), 'a')
  })

  it('gives those on either side, over its ends', () => {
    const ring = ringOf('abcdefgh')
    assert.deepEqual(ring.around('a', 2), new Set(['g', 'h', 'b', 'c']))
    assert.deepEqual(ring.around('dd', 2), new Set(['c', 'd', 'e', 'f']))
    assert.deepEqual(ringOf('ab').around('a', 2), new Set(['b']))
  })

  it('is what a sorted list says, whoever comes and goes', () => {
    const change = fc.record({ peer: fc.integer({ min: 0, max: 15 }).map(String), comes: fc.boolean() })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.nat(20).map(String), (changes, asked) => {
        const ring = new PeerRing(compare)
        const all = new Set<string>()
        for (const { peer, comes } of changes) {
          if (comes) {
            ring.add(peer)
            all.add(peer)
          } else {
            ring.delete(peer)
            all.delete(peer)
          }
        }
        const others = [...all].filter((peer) => peer !== asked).sort(compare)
        const above = others.filter((peer) => compare(peer, asked) > 0)
        const turned = [...above, ...others.filter((peer) => compare(peer, asked) < 0)]
        assert.equal(ring.size, all.size)
        assert.equal(ring.next(asked), turned[0])
        if (others.length >= 4) {
          assert.deepEqual(ring.around(asked, 2), new Set([...turned.slice(0, 2), ...turned.slice(-2)]))
        }
      })
    )
  })

  it('compares a thousand peers ten times each, not each with each', () => {
    let comparisons = 0
    const ring = new PeerRing((a, b) => {
      comparisons++
      return compare(a, b)
    })
    for (let i = 0; i < 1_000; i++) ring.add(String((i * 617) % 1_000))
    assert.ok(comparisons <= 10 * 1_000, String(comparisons))
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FoundPeers } from '../src/discovery/found-peers.ts'
import { seededRandom } from './support/seeded-random.ts'

const everybody = (): boolean => true

function found(names: readonly string[], seed = 1): FoundPeers {
  const peers = new FoundPeers(seededRandom(seed))
  for (const peerId of names) peers.handleFound({ peerId, addresses: [`/${peerId}`] })
  return peers
}

/** All that may be dialed at once. */
function dials(peers: FoundPeers, now: number, isNeeded: (peerId: string) => boolean = everybody): string[] {
  const dialed: string[] = []
  for (let peer = peers.poll(isNeeded, now); peer !== undefined; peer = peers.poll(isNeeded, now)) {
    dialed.push(peer.peerId)
  }
  return dialed.sort()
}

describe('peers that were found', () => {
  it('are dialed a few at a time', () => {
    const peers = found(['a', 'b', 'c', 'd', 'e', 'f'])
    const first = dials(peers, 0)
    assert.equal(first.length, 4)
    for (const peerId of first) peers.handleDialed(peerId, false, 0)
    assert.equal(dials(peers, 0).length, 2)
  })

  it('are dialed beside those whose dials are slow', () => {
    const peers = found(['a', 'b', 'c', 'd', 'e', 'f'])
    assert.equal(dials(peers, 0).length, 4)
    assert.deepEqual(dials(peers, 1_999), [])
    assert.equal(dials(peers, 2_000).length, 2)
  })

  it('are not dialed where nothing would come of it', () => {
    assert.deepEqual(
      dials(found(['a', 'b', 'c']), 0, (peerId) => peerId === 'b'),
      ['b']
    )
  })

  it('need no dial at once after one was reached: presence may tell of the others', () => {
    const peers = found(['a', 'b', 'c', 'd', 'e', 'f'])
    const [first, ...others] = dials(peers, 0)
    peers.handleDialed(first, true, 100)
    for (const peerId of others) peers.handleDialed(peerId, false, 100)
    assert.deepEqual(dials(peers, 1_000), [])
    assert.equal(dials(peers, 1_100).length, 2)
  })

  it('that do not answer are tried again, ever more rarely', () => {
    const peers = found(['a'])
    const times: number[] = []
    for (let now = 0; now < 3_600_000; now += 1_000) {
      for (const peerId of dials(peers, now)) {
        times.push(now)
        peers.handleDialed(peerId, false, now)
      }
    }
    assert.ok(times[1] >= 2_500 && times[1] <= 6_000, String(times))
    assert.ok(times.length > 8 && times.length < 25, String(times))
  })

  it('keep their pause though they are found again and again', () => {
    const peers = found(['a'])
    assert.deepEqual(dials(peers, 0), ['a'])
    peers.handleDialed('a', false, 0)
    peers.handleFound({ peerId: 'a', addresses: ['/other'] })
    assert.deepEqual(dials(peers, 1_000), [])
    assert.deepEqual(peers.poll(everybody, 10_000)?.addresses, ['/other'])
  })

  it('with a thousand addresses are dialed at a few', () => {
    const peers = new FoundPeers(seededRandom(1))
    peers.handleFound({ peerId: 'a', addresses: Array.from({ length: 1_000 }, (_, index) => `/${index}`) })
    assert.equal(peers.poll(everybody, 0)?.addresses.length, 8)
  })

  it('are bounded, the oldest is forgotten first', () => {
    const peers = found(Array.from({ length: 1_000 }, (_, index) => String(index)))
    assert.equal(peers.size, 64)
    assert.deepEqual(
      dials(peers, 0, (peerId) => Number(peerId) < 936),
      []
    )
  })

  it('never lose count of the dials under way', () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant('found' as const), peer: fc.nat(100) }),
      fc.record({ type: fc.constant('dialed' as const), ok: fc.boolean() }),
      fc.record({ type: fc.constant('wait' as const), ms: fc.nat(20_000) })
    )
    fc.assert(
      fc.property(fc.integer(), fc.array(event, { maxLength: 300 }), (seed, events) => {
        const peers = new FoundPeers(seededRandom(seed))
        const pending: string[] = []
        let now = 0
        for (const each of events) {
          if (each.type === 'wait') now += each.ms
          if (each.type === 'found') peers.handleFound({ peerId: String(each.peer), addresses: ['/x'] })
          if (each.type === 'dialed' && pending.length > 0) peers.handleDialed(pending.shift()!, each.ok, now)
          for (let peer = peers.poll(everybody, now); peer; peer = peers.poll(everybody, now)) {
            pending.push(peer.peerId)
          }
          // One dial of a peer at a time.
          assert.equal(new Set(pending).size, pending.length)
        }
        for (const peerId of pending.splice(0)) peers.handleDialed(peerId, false, now)
        peers.handleFound({ peerId: 'last', addresses: ['/x'] })
        assert.ok(dials(peers, now + 10_000_000).length > 0)
      })
    )
  })
})

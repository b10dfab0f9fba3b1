import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NetworkEmulator, SeededRandom, type NetworkConditions } from '@hearsay/testing'

/** Sends `count` numbered packets, one each millisecond. @returns [arrival time, number] */
function transfer(seed: number, conditions: NetworkConditions, count: number, bytes = 4): [number, number][] {
  const network = new NetworkEmulator(seed, conditions)
  const arrivals: [number, number][] = []
  const drain = (now: number): void => {
    network.handleTimeout(now)
    for (let packet = network.pollOutput(); packet !== undefined; packet = network.pollOutput()) {
      assert.deepEqual([packet.from, packet.to], ['a', 'b'])
      arrivals.push([now, new DataView(packet.payload.buffer).getUint32(0)])
    }
  }
  for (let number = 0; number < count; number++) {
    drain(number)
    const payload = new Uint8Array(bytes)
    new DataView(payload.buffer).setUint32(0, number)
    network.send('a', 'b', payload, number)
  }
  for (let due = network.pollTimeout(); due !== undefined; due = network.pollTimeout()) drain(due)
  assert.equal(network.lost, count - new Set(arrivals.map(([, number]) => number)).size)
  return arrivals
}

describe('NetworkEmulator', () => {
  it('gives the same run for the same seed, and another for another', () => {
    const conditions = { delayMs: 5, jitterMs: 20, loss: 0.2, duplication: 0.1 }
    assert.deepEqual(transfer(3, conditions, 100), transfer(3, conditions, 100))
    assert.notDeepEqual(transfer(3, conditions, 100), transfer(4, conditions, 100))
  })

  it('delays, loses, repeats and reorders as told', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const plain = transfer(seed, { delayMs: 7 }, 50)
        assert.deepEqual(
          plain,
          plain.map((_, index) => [index + 7, index])
        )
        const lossy = transfer(seed, { loss: 0.3 }, 1_000)
        assert.ok(lossy.length > 600 && lossy.length < 800)
        const repeated = transfer(seed, { duplication: 0.5 }, 1_000)
        assert.ok(repeated.length > 1_400 && repeated.length < 1_600)
        const shuffled = transfer(seed, { jitterMs: 50 }, 100).map(([, number]) => number)
        assert.notDeepEqual(
          shuffled,
          shuffled.toSorted((one, other) => one - other)
        )
      }),
      { numRuns: 20 }
    )
  })

  it('sends no faster than its rate, and drops what its queue cannot hold', () => {
    const arrivals = transfer(1, { bytesPerSecond: 1_000_000, queueBytes: 10_000 }, 100, 2_000)
    const last = arrivals.at(-1)?.[0] ?? 0
    assert.ok(arrivals.length < 100)
    assert.ok((arrivals.length * 2_000) / last <= 1_000)
  })

  it('cuts one direction and heals it', () => {
    const network = new NetworkEmulator(1)
    network.cut('a', 'b')
    network.send('a', 'b', Uint8Array.of(1), 0)
    network.send('b', 'a', Uint8Array.of(2), 0)
    network.heal('a', 'b')
    network.send('a', 'b', Uint8Array.of(3), 0)
    network.handleTimeout(0)
    const arrived = [network.pollOutput(), network.pollOutput(), network.pollOutput()]
    assert.deepEqual(
      arrived.map((packet) => packet?.payload[0]),
      [2, 3, undefined]
    )
  })
})

describe('SeededRandom', () => {
  it('stays in its ranges and reaches their ends', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new SeededRandom(seed)
        const drawn = new Set(Array.from({ length: 200 }, () => random.integer(-1, 1)))
        assert.deepEqual(drawn, new Set([-1, 0, 1]))
        const number = random.number()
        assert.ok(number >= 0 && number < 1)
        assert.equal(random.bytes(5).length, 5)
        assert.ok(['x', 'y'].includes(random.pick(['x', 'y'])))
      })
    )
    assert.throws(() => new SeededRandom(1).pick([]), RangeError)
  })
})

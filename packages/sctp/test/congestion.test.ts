import assert from 'node:assert/strict'
import { Bottleneck, type LinkConditions } from './support/link.ts'
import { Pair } from './support/pair.ts'
import { countReceived, supply, transfer } from './support/transfer.ts'

const BOTTLENECK: Partial<LinkConditions> = { rate: 5000, queueLimit: 150_000 }

describe('congestion control (RFC 9438) on a bottleneck of 5 MB/s with a queue of 150 KB', () => {
  for (const delay of [1, 10, 25]) {
    it(`alone, at ${2 * delay} ms, uses nine tenths of it and sends little twice`, () => {
      const pair = Pair.connected({ conditions: { ...BOTTLENECK, delay } })
      const size = 20_000_000
      const rate = size / transfer(pair, size)
      assert.ok(rate >= 0.9 * 5000, `${rate} bytes/ms`)
      assert.ok(pair.toB.bytesSent < 1.05 * size, `${pair.toB.bytesSent / size} times the data`)
      assert.equal(pair.a.association.counters.retransmissionTimeouts, 0)
    })
  }

  it('shares it with a second flow that comes later', () => {
    const bottleneck = new Bottleneck()
    const init = { conditions: { ...BOTTLENECK, delay: 10 }, bottleneck }
    const first = Pair.connected({ ...init, seed: 1 })
    const second = Pair.connected({ ...init, seed: 2 })
    const pairs = [first]
    const runTogether = (until: number): void => {
      for (;;) {
        for (const pair of pairs) {
          supply(pair)
          pair.pump()
        }
        const next = pairs.reduce((a, b) => (a.nextTime <= b.nextTime ? a : b))
        if (next.nextTime > until) {
          return
        }
        next.step()
      }
    }
    const start = first.now
    runTogether(start + 1000)
    second.now = Math.max(first.now, second.now)
    pairs.push(second)
    runTogether(start + 4000)
    const received = pairs.map(countReceived)
    runTogether(start + 14_000)
    const [a, b] = received.map(({ bytes }) => bytes)
    assert.ok((a + b) / 10_000 >= 0.9 * 5000, `${(a + b) / 10_000} bytes/ms together`)
    assert.ok(Math.min(a, b) / (a + b) >= 0.4, `${a} and ${b}`)
  })
})

describe('congestion control where packets are lost at random', () => {
  const cases: [number, number, number][] = [
    [0.01, 25, 1300],
    [0.05, 25, 500],
    [0.01, 0.1, 30_000],
    [0.05, 0.1, 20_000]
  ]
  for (const [loss, delay, least] of cases) {
    it(`keeps going with ${100 * loss} % at ${2 * delay} ms`, () => {
      const pair = Pair.connected({ conditions: { loss, delay } })
      const size = delay < 1 ? 10_000_000 : 5_000_000
      const rate = size / transfer(pair, size)
      assert.ok(rate >= least, `${rate} bytes/ms`)
    })
  }

  it('takes a full queue for what it is, and not for random loss', () => {
    const pair = Pair.connected({ conditions: { rate: 2000, queueLimit: 100_000, delay: 20 } })
    const size = 10_000_000
    transfer(pair, size)
    assert.ok(pair.toB.dropped / pair.toB.sent < 0.02, `${pair.toB.dropped} of ${pair.toB.sent} dropped`)
  })
})

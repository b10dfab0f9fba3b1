import assert from 'node:assert/strict'
import { measure, runTogether, SctpFlow, type Flow } from './support/flow.ts'
import { Bottleneck, type LinkConditions } from './support/link.ts'
import { Pair } from './support/pair.ts'
import { TcpFlow } from './support/tcp-flow.ts'
import { transfer } from './support/transfer.ts'

const BOTTLENECK: Partial<LinkConditions> = { rate: 5000, queueLimit: 150_000 }
const START = 1e9

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

  for (const [delay, wait] of [
    [1, 500],
    [10, 5000],
    [25, 500],
    [25, 3000]
  ]) {
    it(`shares it with a second flow that comes after ${wait} ms, at ${2 * delay} ms`, () => {
      const init = { conditions: { ...BOTTLENECK, delay }, bottleneck: new Bottleneck() }
      const first = new SctpFlow({ ...init, seed: 1 }, START)
      runTogether([first], START + wait)
      const second = new SctpFlow({ ...init, seed: 2 }, START + wait)
      runTogether([first, second], START + wait + 2000)
      const [a, b] = measure([first, second], START + wait + 12_000)
      assert.ok((a + b) / 10_000 >= 0.9 * 5000, `${(a + b) / 10_000} bytes/ms together`)
      assert.ok(Math.min(a, b) / (a + b) >= 0.4, `${a} and ${b}`)
    })
  }

  for (const kind of ['reno', 'cubic'] as const) {
    for (const delay of [1, 10, 25]) {
      for (const isFirst of [true, false]) {
        const order = isFirst ? 'that was there first' : 'that comes later'
        it(`leaves a quarter of it to a TCP (${kind}) ${order}, at ${2 * delay} ms`, () => {
          const conditions = { ...BOTTLENECK, delay }
          const bottleneck = new Bottleneck()
          const ours = (at: number): Flow => new SctpFlow({ conditions, bottleneck }, at)
          const tcp = (at: number): Flow => new TcpFlow(kind, conditions, bottleneck, at)
          const first = isFirst ? tcp(START) : ours(START)
          runTogether([first], START + 1000)
          const second = isFirst ? ours(START + 1000) : tcp(START + 1000)
          // A TCP that comes later takes its time, also beside another TCP.
          runTogether([first, second], START + 4000)
          const [a, b] = measure([first, second], START + 14_000)
          const share = (isFirst ? a : b) / (a + b)
          assert.ok(share >= 0.25, `${share}`)
        })
      }
    }
  }
})

describe('congestion control where packets are lost at random', () => {
  const cases: [number, number, number][] = [
    [0.01, 25, 1500],
    [0.05, 25, 800],
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

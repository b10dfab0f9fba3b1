import assert from 'node:assert/strict'
import { SeededRandom } from '@hearsay/testing'
import { Link } from '../src/loss/link.ts'

const never = (): number => 1

describe('Link', () => {
  it('delays', () => {
    const link = new Link({ delayMs: 25 }, never)
    assert.equal(link.send(1200, 100), 125)
    assert.equal(link.send(1200, 100.5), 125.5)
  })

  it('passes a limited rate on, one datagram after the other', () => {
    const link = new Link({ bytesPerSecond: 1_000_000, delayMs: 10 }, never)
    assert.equal(link.send(1000, 0), 11)
    assert.equal(link.send(1000, 0), 12)
    assert.equal(link.send(1000, 50), 61)
  })

  it('drops what its queue cannot hold, and takes more when it has drained', () => {
    const link = new Link({ bytesPerSecond: 1_000_000, queueBytes: 3000 }, never)
    assert.deepEqual(
      [0, 0, 0, 0, 1].map((now) => link.send(1000, now)),
      [1, 2, 3, undefined, 4]
    )
  })

  it('loses the share that it is told to', () => {
    const random = new SeededRandom(7)
    const link = new Link({ loss: 0.05 }, () => random.number())
    const arrived = Array.from({ length: 10_000 }, () => link.send(100, 0)).filter((at) => at !== undefined)
    assert.ok(Math.abs(arrived.length - 9_500) < 100, `${arrived.length} arrived`)
  })
})

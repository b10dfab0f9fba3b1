import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CandidateBatcher, type CandidateBatch, type IceCandidate } from '../../src/candidates/index.ts'

function candidate(port: number): IceCandidate {
  return { foundation: '1', protocol: 'udp', priority: 1, address: '192.0.2.2', port, type: 'host' }
}

function drain(batcher: CandidateBatcher): [number[], boolean][] {
  const batches: [number[], boolean][] = []
  for (let batch: CandidateBatch | undefined; (batch = batcher.pollOutput()) !== undefined;) {
    batches.push([batch.candidates.map(({ port }) => port), batch.endOfCandidates])
  }
  return batches
}

describe('CandidateBatcher', () => {
  it('waits for company from the first candidate on', () => {
    const batcher = new CandidateBatcher({ maxDelayMs: 20 })
    assert.equal(batcher.pollTimeout(), undefined)
    batcher.add(candidate(1), 100)
    batcher.add(candidate(2), 115)
    assert.equal(batcher.pollTimeout(), 120)
    batcher.handleTimeout(119)
    assert.deepEqual(drain(batcher), [])
    batcher.handleTimeout(120)
    assert.deepEqual(drain(batcher), [[[1, 2], false]])
    assert.equal(batcher.pollTimeout(), undefined)
  })

  it('sends a full batch at once', () => {
    const batcher = new CandidateBatcher({ maxBatch: 2 })
    for (const port of [1, 2, 3]) batcher.add(candidate(port), 0)
    assert.deepEqual(drain(batcher), [[[1, 2], false]])
    batcher.handleTimeout(20)
    assert.deepEqual(drain(batcher), [[[3], false]])
  })

  it('sends what waits together with the end, once', () => {
    const batcher = new CandidateBatcher()
    batcher.add(candidate(1), 0)
    batcher.end()
    batcher.end()
    assert.deepEqual(drain(batcher), [[[1], true]])
    assert.equal(batcher.pollTimeout(), undefined)
  })

  it('tells the end also where nothing was gathered', () => {
    const batcher = new CandidateBatcher()
    batcher.end()
    assert.deepEqual(drain(batcher), [[[], true]])
  })

  it('forgets the old generation on a restart', () => {
    const batcher = new CandidateBatcher({ maxBatch: 2 })
    for (const port of [1, 2, 3]) batcher.add(candidate(port), 0)
    batcher.end()
    batcher.restart()
    assert.deepEqual(drain(batcher), [])
    batcher.add(candidate(4), 50)
    batcher.end()
    assert.deepEqual(drain(batcher), [[[4], true]])
  })

  it('drops and counts what comes beyond the bound or after the end', () => {
    const batcher = new CandidateBatcher({ maxBatch: 8, maxCandidates: 3 })
    for (const port of [1, 2, 3, 4]) batcher.add(candidate(port), 0)
    assert.equal(batcher.dropped, 1)
    batcher.end()
    batcher.add(candidate(5), 0)
    assert.equal(batcher.dropped, 2)
    assert.deepEqual(drain(batcher), [[[1, 2, 3], true]])
  })

  it('loses and repeats nothing, keeps the order, and is never late', () => {
    const step = fc.record({ after: fc.integer({ min: 0, max: 30 }), add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, maxBatch) => {
        const batcher = new CandidateBatcher({ maxDelayMs: 20, maxBatch })
        const added: { port: number; at: number }[] = []
        const sent: number[] = []
        let now = 0
        const take = (): void => {
          for (const [ports] of drain(batcher)) {
            assert.ok(ports.length > 0 && ports.length <= maxBatch)
            for (const port of ports) assert.ok(now - added[port].at <= 20)
            sent.push(...ports)
          }
        }
        for (const { after, add } of steps) {
          const until = now + after
          for (
            let due = batcher.pollTimeout();
            due !== undefined && due <= until;
            due = batcher.pollTimeout()
          ) {
            now = due
            batcher.handleTimeout(now)
            take()
          }
          now = until
          if (add) {
            added.push({ port: added.length, at: now })
            batcher.add(candidate(added.length - 1), now)
            take()
          }
        }
        batcher.end()
        const last = drain(batcher)
        assert.equal(last.length, 1)
        assert.deepEqual(
          [...sent, ...last[0][0]],
          added.map(({ port }) => port)
        )
      })
    )
  })
})

import assert from 'node:assert/strict'
import { ChunkType } from '../src/packet/chunk.ts'
import { CauseCode } from '../src/packet/error-cause.ts'
import { record, typesOf } from './support/craft.ts'
import { Pair, text } from './support/pair.ts'

describe('shutdown (RFC 9260 section 9.2)', () => {
  it('delivers everything queued on both sides first', () => {
    const pair = Pair.connected()
    pair.send(pair.a, 1, new Uint8Array(100_000))
    pair.send(pair.b, 1, new Uint8Array(200_000))
    pair.a.association.shutdown(pair.now)
    assert.throws(
      () => {
        pair.send(pair.a, 1, 'x')
      },
      { code: 'ERR_SCTP_INVALID_STATE' }
    )
    pair.runUntil(() => pair.a.association.state === 'closed' && pair.b.association.state === 'closed')
    assert.equal(pair.a.messages[0].data.length, 200_000)
    assert.equal(pair.b.messages[0].data.length, 100_000)
    for (const side of [pair.a, pair.b]) {
      side.pollEvents()
      assert.deepEqual(side.eventsOf('closed'), [{ type: 'closed', reason: { kind: 'shutdown' } }])
    }
  })

  it('passes the states of RFC 9260 figure 3', () => {
    const pair = Pair.connected()
    pair.send(pair.a, 1, 'x')
    pair.a.association.shutdown(pair.now)
    pair.run(1000)
    assert.deepEqual(
      pair.a.eventsOf('state-change').map(({ to }) => to),
      ['cookie-wait', 'cookie-echoed', 'established', 'shutdown-pending', 'shutdown-sent', 'closed']
    )
    assert.deepEqual(
      pair.b.eventsOf('state-change').map(({ to }) => to),
      ['established', 'shutdown-received', 'shutdown-ack-sent', 'closed']
    )
  })

  it('comes to its end where both sides begin at once', () => {
    const pair = Pair.connected()
    pair.a.association.shutdown(pair.now)
    pair.b.association.shutdown(pair.now)
    pair.run(1000)
    assert.equal(pair.a.association.state, 'closed')
    assert.equal(pair.b.association.state, 'closed')
  })

  for (const type of [ChunkType.shutdown, ChunkType.shutdownAck, ChunkType.shutdownComplete]) {
    it(`comes to its end where the first chunk of type ${type} is lost`, () => {
      const pair = Pair.connected()
      let lost = 0
      const lose = (packet: Uint8Array): boolean => typesOf(packet).includes(type) && lost++ === 0
      pair.toA.filter = lose
      pair.toB.filter = lose
      pair.a.association.shutdown(pair.now)
      pair.run(5000)
      assert.equal(lost > 0, true)
      for (const side of [pair.a, pair.b]) {
        assert.deepEqual(side.eventsOf('closed')[0].reason, { kind: 'shutdown' })
      }
    })
  }

  it('ends by timeout where the peer is gone', () => {
    const pair = Pair.connected()
    pair.conditions = { loss: 1 }
    pair.a.association.shutdown(pair.now)
    pair.runUntil(() => pair.a.association.state === 'closed')
    assert.deepEqual(pair.a.eventsOf('closed')[0].reason, { kind: 'timeout', during: 'shutdown' })
  })

  it('is idempotent, and ends an association that never began', () => {
    const pair = new Pair()
    pair.a.association.shutdown(pair.now)
    pair.a.association.shutdown(pair.now)
    pair.a.association.abort()
    pair.a.association.connect(pair.now)
    pair.a.pollEvents()
    assert.deepEqual(pair.a.events, [{ type: 'closed', reason: { kind: 'shutdown' } }])
  })
})

describe('abort (RFC 9260 section 9.1)', () => {
  it('ends both sides at once, and the peer learns why', () => {
    const pair = Pair.connected()
    pair.send(pair.a, 1, new Uint8Array(1_000_000))
    pair.a.association.abort('enough')
    pair.run(11)
    assert.deepEqual(pair.a.eventsOf('closed')[0].reason, { kind: 'aborted' })
    const { reason } = pair.b.eventsOf('closed')[0]
    assert.ok(reason.kind === 'aborted-by-peer')
    assert.deepEqual(
      reason.causes.map(({ code, info }) => [code, text(info)]),
      [[CauseCode.userInitiatedAbort, 'enough']]
    )
    assert.equal(pair.a.association.pollTimeout(), Infinity)
    assert.equal(pair.b.association.pollTimeout(), Infinity)
  })

  it('is repeated to a peer that has not heard of it (8.4)', () => {
    const pair = Pair.connected()
    const toB = record(pair.toB)
    pair.toB.filter = (packet) => {
      toB.push(packet.slice())
      return toB.length === 1
    }
    pair.a.association.abort()
    pair.run(100)
    assert.equal(pair.b.association.state, 'established')
    pair.send(pair.b, 1, 'are you there?')
    pair.run(100)
    assert.equal(pair.b.eventsOf('closed')[0].reason.kind, 'aborted-by-peer')
  })
})

import assert from 'node:assert/strict'
import { ChunkType } from '../src/packet/chunk.ts'
import { record, typesOf } from './support/craft.ts'
import { Pair } from './support/pair.ts'

const isData = (packet: Uint8Array): boolean => typesOf(packet).includes(ChunkType.data)

describe('partial reliability (RFC 3758)', () => {
  for (const ordered of [true, false]) {
    it(`never sends a message with maxRetransmits 0 twice, ${ordered ? 'ordered' : 'unordered'}`, () => {
      const pair = Pair.connected()
      let count = 0
      pair.toB.filter = (packet) => isData(packet) && count++ === 0
      const options = { ordered, maxRetransmits: 0 }
      pair.send(pair.a, 1, new Uint8Array(1000).fill(1), options)
      pair.send(pair.a, 1, new Uint8Array(1000).fill(2), options)
      pair.send(pair.a, 1, new Uint8Array(1000).fill(3), options)
      pair.run(2000)
      assert.deepEqual(
        pair.b.messages.map(({ data }) => data[0]),
        [2, 3]
      )
      assert.equal(pair.a.association.counters.messagesAbandoned, 1)
      assert.equal(pair.a.association.counters.chunksRetransmitted, 0)
      assert.equal(pair.a.association.status()?.outstandingChunks, 0)
    })
  }

  it('sends a chunk again as often as maxRetransmits allows', () => {
    const pair = Pair.connected()
    const toB = record(pair.toB)
    let lost = 0
    pair.toB.filter = (packet) => {
      toB.push(packet.slice())
      // The first message only: its chunks are 1016 bytes.
      return isData(packet) && packet.length > 1000 && ++lost > 0
    }
    pair.send(pair.a, 1, new Uint8Array(1000), { maxRetransmits: 2 })
    pair.send(pair.a, 1, new Uint8Array(900), { maxRetransmits: 2 })
    pair.run(20_000)
    assert.equal(lost, 3)
    assert.deepEqual(
      pair.b.messages.map(({ data }) => data.length),
      [900]
    )
  })

  it('gives up what outlives maxPacketLifeTime, in flight or still queued', () => {
    const pair = Pair.connected()
    pair.conditions = { loss: 1 }
    pair.send(pair.a, 1, new Uint8Array(200_000), { maxPacketLifeTimeMs: 300 })
    pair.send(pair.a, 1, new Uint8Array(10), { maxPacketLifeTimeMs: 300 })
    pair.send(pair.a, 1, new Uint8Array(20), {})
    pair.run(1000)
    pair.conditions = { loss: 0 }
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.equal(pair.b.messages[0].data.length, 20)
    assert.equal(pair.a.association.counters.messagesAbandoned, 2)
    assert.equal(pair.a.association.bufferedAmount(1), 0)
    pair.run(1000)
    assert.equal(pair.a.association.status()?.outstandingChunks, 0)
    assert.equal(pair.a.association.status()?.queuedBytes, 0)
  })

  it('tells the peer of a message of which all that was sent had arrived', () => {
    const pair = Pair.connected({ a: { maxCongestionWindow: 6000 }, conditions: { delay: 100 } })
    const toB = record(pair.toB)
    pair.send(pair.a, 1, new Uint8Array(50_000), { maxPacketLifeTimeMs: 150 })
    pair.send(pair.a, 1, new Uint8Array(7))
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.equal(pair.b.messages[0].data.length, 7)
    assert.ok(toB.some((packet) => typesOf(packet).includes(ChunkType.forwardTsn)))
  })

  it('repeats a lost FORWARD-TSN', () => {
    const pair = Pair.connected()
    const isForward = (packet: Uint8Array): boolean => typesOf(packet).includes(ChunkType.forwardTsn)
    let forwards = 0
    pair.toB.filter = (packet) => isData(packet) || (isForward(packet) && forwards++ < 2)
    pair.send(pair.a, 1, new Uint8Array(10), { maxRetransmits: 0 })
    pair.runUntil(() => forwards > 2, 10_000)
    pair.toB.filter = () => false
    pair.send(pair.a, 1, new Uint8Array(11))
    pair.runUntil(() => pair.b.messages.length === 1)
  })

  it('skips on some streams and not on others', () => {
    const pair = Pair.connected({ conditions: { loss: 0.3, jitter: 30 }, seed: 9 })
    for (let i = 0; i < 200; i++) {
      pair.send(pair.a, i % 7, new Uint8Array(300).fill(i), i % 2 === 0 ? {} : { maxRetransmits: 0 })
      pair.run(5)
    }
    pair.conditions = { loss: 0 }
    pair.run(10_000)
    const reliable = Array.from({ length: 100 }, (_, i) => 2 * i)
    const received = pair.b.messages.map(({ data }) => data[0])
    assert.deepEqual(
      received.filter((i) => i % 2 === 0).toSorted((x, y) => x - y),
      reliable
    )
    for (let stream = 0; stream < 7; stream++) {
      const ofStream = pair.b.messages
        .filter(({ streamId }) => streamId === stream)
        .map(({ data }) => data[0])
      assert.deepEqual(
        ofStream,
        ofStream.toSorted((x, y) => x - y)
      )
      assert.equal(new Set(ofStream).size, ofStream.length)
    }
    assert.ok(received.length < 200)
  })
})

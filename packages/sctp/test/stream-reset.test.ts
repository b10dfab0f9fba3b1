import assert from 'node:assert/strict'
import { ChunkType } from '../src/packet/chunk.ts'
import { encodeReConfigChunk, readReConfigChunk, ReConfigResult } from '../src/packet/re-config-chunk.ts'
import { chunksOf, packetOf, record, tagOf, typesOf } from './support/craft.ts'
import { Pair, text } from './support/pair.ts'

const isReConfig = (packet: Uint8Array): boolean => typesOf(packet).includes(ChunkType.reConfig)

describe('stream reset (RFC 6525, RFC 8831 section 6.7)', () => {
  it('sends what is queued first, tells both sides, and the id begins anew', () => {
    const pair = Pair.connected()
    for (let i = 0; i < 10; i++) {
      pair.send(pair.a, 4, `first ${i}`)
    }
    pair.a.association.resetStreams([4])
    assert.throws(
      () => {
        pair.send(pair.a, 4, 'too late')
      },
      { code: 'ERR_SCTP_STREAM_RESETTING' }
    )
    pair.runUntil(() => pair.a.eventsOf('outgoing-streams-reset').length === 1)
    assert.deepEqual(pair.a.eventsOf('outgoing-streams-reset')[0].streamIds, [4])
    const types = pair.b.events
      .filter(({ type }) => type === 'message' || type === 'incoming-streams-reset')
      .map(({ type }) => type)
    assert.deepEqual(types, [...new Array<string>(10).fill('message'), 'incoming-streams-reset'])
    pair.send(pair.a, 4, 'again')
    pair.runUntil(() => pair.b.messages.length === 11)
    assert.equal(text(pair.b.messages[10].data), 'again')
  })

  it('opens and closes a thousand streams, ids used again, on a bad network', () => {
    const pair = Pair.connected({ seed: 3, conditions: { loss: 0.05, jitter: 20, duplicate: 0.05 } })
    const ids = [0, 2, 4, 6, 8]
    for (let round = 0; round < 200; round++) {
      for (const id of ids) {
        pair.send(pair.a, id, `round ${round}`)
        pair.send(pair.b, id, `round ${round}`)
      }
      pair.a.association.resetStreams(ids)
      pair.b.association.resetStreams(ids)
      pair.runUntil(() =>
        [pair.a, pair.b].every(
          (side) =>
            side.eventsOf('outgoing-streams-reset').flatMap(({ streamIds }) => streamIds).length ===
            5 * (round + 1)
        )
      )
    }
    for (const side of [pair.a, pair.b]) {
      assert.equal(side.messages.length, 1000)
      assert.equal(side.eventsOf('incoming-streams-reset').flatMap(({ streamIds }) => streamIds).length, 1000)
      for (const id of ids) {
        const received = side.messages.filter(({ streamId }) => streamId === id).map(({ data }) => text(data))
        assert.deepEqual(
          received,
          Array.from({ length: 200 }, (_, round) => `round ${round}`)
        )
      }
    }
  })

  it('waits with the reset until the data before it has arrived (5.2.2, E2)', () => {
    const pair = Pair.connected()
    let lost = 0
    pair.toB.filter = (packet) => typesOf(packet).includes(ChunkType.data) && lost++ === 0
    const toA = record(pair.toA)
    pair.send(pair.a, 1, 'before')
    pair.a.association.resetStreams([1])
    pair.runUntil(() => pair.a.eventsOf('outgoing-streams-reset').length === 1)
    assert.deepEqual(pair.b.events.map(({ type }) => type).slice(-2), ['message', 'incoming-streams-reset'])
    const results = toA
      .flatMap(chunksOf)
      .filter((chunk) => chunk[0] === ChunkType.reConfig)
      .flatMap((chunk) => readReConfigChunk(chunk, 0, chunk.length) ?? [])
      .map((parameter) => (parameter.kind === 'response' ? parameter.result : -1))
    assert.equal(results[0], ReConfigResult.inProgress)
    assert.equal(results.at(-1), ReConfigResult.performed)
    assert.equal(pair.b.eventsOf('incoming-streams-reset').length, 1)
  })

  it('repeats a lost request, and a lost response, without resetting twice (5.1.1, 5.2.1)', () => {
    for (const link of ['toA', 'toB'] as const) {
      const pair = Pair.connected()
      let lost = 0
      pair[link].filter = (packet) => isReConfig(packet) && lost++ === 0
      pair.send(pair.a, 1, 'x')
      pair.a.association.resetStreams([1])
      pair.runUntil(() => pair.a.eventsOf('outgoing-streams-reset').length === 1)
      assert.equal(pair.b.eventsOf('incoming-streams-reset').length, 1)
    }
  })

  it('leaves other streams alone', () => {
    const pair = Pair.connected()
    pair.send(pair.a, 1, 'x')
    pair.send(pair.a, 2, 'x')
    pair.a.association.resetStreams([1])
    pair.runUntil(() => pair.a.eventsOf('outgoing-streams-reset').length === 1)
    pair.send(pair.a, 2, 'y')
    pair.send(pair.a, 1, 'z')
    pair.runUntil(() => pair.b.messages.length === 4)
  })

  it('resets outgoing streams where the peer asks for it (5.2.3), and denies what it does not do', () => {
    const pair = Pair.connected({ a: { initialTsn: 77 } })
    const toB = record(pair.toB)
    const toA = record(pair.toA)
    pair.send(pair.a, 9, 'x')
    pair.send(pair.b, 9, 'y')
    pair.run(100)
    const ask = encodeReConfigChunk([{ kind: 'incoming-reset', requestSequence: 77, streamIds: [9, 9, 11] }])
    pair.b.association.handlePacket(packetOf(tagOf(toB[0]), ask), pair.now)
    pair.pump()
    const sent = toA.flatMap(chunksOf).filter((chunk) => chunk[0] === ChunkType.reConfig)
    const parameters = sent.flatMap((chunk) => readReConfigChunk(chunk, 0, chunk.length) ?? [])
    const reset = parameters.find(({ kind }) => kind === 'outgoing-reset')
    assert.ok(reset?.kind === 'outgoing-reset')
    assert.deepEqual([reset.responseSequence, reset.streamIds], [77, [9]])
    assert.deepEqual(pair.b.eventsOf('outgoing-reset-requested'), [
      { type: 'outgoing-reset-requested', streamIds: [9] }
    ])
    const addStreams = Uint8Array.of(130, 0, 0, 16, 0, 17, 0, 12, 0, 0, 0, 78, 0, 5, 0, 0)
    pair.b.association.handlePacket(packetOf(tagOf(toB[0]), addStreams), pair.now)
    toA.length = 0
    pair.pump()
    const [answer] = toA.flatMap(chunksOf).flatMap((chunk) => readReConfigChunk(chunk, 0, chunk.length) ?? [])
    assert.deepEqual(answer, { kind: 'response', responseSequence: 78, result: ReConfigResult.denied })
  })

  it('does not let a peer that asks without end fill the memory', () => {
    const pair = Pair.connected({ a: { initialTsn: 0 } })
    const toB = record(pair.toB)
    pair.send(pair.a, 1, 'x')
    pair.run(100)
    pair.b.reading = false
    for (let sequence = 0; sequence < 10_000; sequence++) {
      const request = encodeReConfigChunk([
        {
          kind: 'outgoing-reset',
          requestSequence: sequence,
          responseSequence: 0,
          lastAssignedTsn: 0,
          streamIds: [1]
        }
      ])
      pair.b.association.handlePacket(packetOf(tagOf(toB[0]), request), pair.now)
    }
    pair.b.reading = true
    pair.b.pollEvents()
    assert.ok(pair.b.eventsOf('incoming-streams-reset').length <= 64)
  })
})

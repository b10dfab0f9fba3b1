import assert from 'node:assert/strict'
import { writeUint16, writeUint32 } from '../src/packet/bytes.ts'
import { ChunkType, encodeChunk, TAG_REFLECTED } from '../src/packet/chunk.ts'
import { encodeInitChunk, ParameterType } from '../src/packet/init-chunk.ts'
import { encodeParameter, joinParameters } from '../src/packet/parameter.ts'
import {
  chunksOf,
  dataChunk,
  packetOf,
  record,
  resealed,
  sackChunk,
  tagOf,
  typesOf
} from './support/craft.ts'
import { Pair } from './support/pair.ts'

const ORDERED = 3
const UNORDERED = 7

/** A pair whose `a` is played by the test: tags and TSNs are known. */
interface Victim {
  pair: Pair
  /** What packets to `b` are tagged with. */
  tag: number
  /** What `b` tags its packets with. */
  peerTag: number
  /** The next TSN of `a`'s and of `b`'s. */
  tsn: number
  ownTsn: number
  give: (...chunks: Uint8Array[]) => void
  /** What `b` answers to it. */
  take: () => Uint8Array[]
}

function victim(options = {}): Victim {
  const pair = new Pair({ a: { initialTsn: 5000 }, b: { initialTsn: 9000, ...options } })
  const toB = record(pair.toB)
  const toA = record(pair.toA)
  pair.a.association.connect(pair.now)
  pair.runUntil(() => pair.a.association.state === 'established')
  const tag = tagOf(toB[1])
  return {
    pair,
    tag,
    peerTag: tagOf(toA[1]),
    tsn: 5000,
    ownTsn: 9000,
    give: (...chunks) => {
      pair.b.association.handlePacket(packetOf(tag, ...chunks), pair.now)
    },
    take: () => {
      const packets: Uint8Array[] = []
      for (;;) {
        const { association, packetBuffer } = pair.b
        const length = association.pollPacket(packetBuffer, pair.now)
        if (length === 0) {
          return packets
        }
        packets.push(packetBuffer.slice(0, length))
      }
    }
  }
}

describe('a hostile peer or a stranger', () => {
  it('gets nothing with a wrong verification tag, whatever the chunk (8.5)', () => {
    const { pair, tag, peerTag } = victim()
    const { association } = pair.b
    const abort = (flags: number): Uint8Array => encodeChunk(ChunkType.abort, flags, new Uint8Array(0))
    const chunks = [
      dataChunk(5000),
      sackChunk(9000, 0),
      abort(0),
      abort(TAG_REFLECTED),
      encodeChunk(ChunkType.shutdown, 0, new Uint8Array(4)),
      encodeChunk(ChunkType.shutdownComplete, TAG_REFLECTED, new Uint8Array(0)),
      encodeChunk(ChunkType.heartbeat, 0, new Uint8Array(8))
    ]
    for (const chunk of chunks) {
      association.handlePacket(packetOf((tag ^ 1) >>> 0, chunk), pair.now)
    }
    // The reflected tag is no excuse without its flag, nor our own with it.
    association.handlePacket(packetOf(peerTag, abort(0)), pair.now)
    association.handlePacket(packetOf(tag, abort(TAG_REFLECTED)), pair.now)
    assert.equal(association.state, 'established')
    assert.equal(association.counters.droppedVerificationTag, chunks.length + 2)
    association.handlePacket(packetOf(peerTag, abort(TAG_REFLECTED)), pair.now)
    assert.equal(association.state, 'closed')
  })

  it('gets nothing with wrong ports or a wrong checksum', () => {
    const { pair, tag } = victim()
    const packet = packetOf(tag, dataChunk(5000))
    const wrongPort = packet.slice()
    wrongPort[1] ^= 1
    pair.b.association.handlePacket(resealed(wrongPort), pair.now)
    const wrongChecksum = packet.slice()
    wrongChecksum[20] ^= 1
    pair.b.association.handlePacket(wrongChecksum, pair.now)
    const { droppedPort, droppedChecksum } = pair.b.association.counters
    assert.deepEqual([droppedPort, droppedChecksum], [1, 1])
    assert.equal(pair.b.messages.length, 0)
  })

  it('does not get in by a forged, altered or stale cookie', () => {
    const pair = new Pair()
    const toB = record(pair.toB)
    const cookieEchos = (): Uint8Array[] =>
      toB.filter((packet) => typesOf(packet)[0] === ChunkType.cookieEcho)
    pair.a.association.connect(pair.now)
    pair.runUntil(() => cookieEchos().length === 1)
    const [good] = cookieEchos()
    const target = new Pair({ seed: 2 }).b.association
    target.handlePacket(good, pair.now)
    assert.equal(target.state, 'closed', "another's cookie")
    for (let position = 16; position < 12 + chunksOf(good)[0].length; position++) {
      const altered = good.slice()
      altered[position] ^= 0x40
      const before = pair.b.association.state
      pair.b.association.handlePacket(resealed(altered), pair.now)
      assert.equal(pair.b.association.state, before, `byte ${position}`)
    }
    pair.b.association.handlePacket(good, pair.now + 61_000)
    assert.equal(pair.b.association.state, 'closed', 'stale')
    pair.b.association.handlePacket(good, pair.now)
    assert.equal(pair.b.association.state, 'established')
  })

  it('floods with INIT: a bounded number of answers, no state, and the association goes on', () => {
    const { pair, take } = victim()
    let authenticated = 0
    for (let i = 1; i <= 10_000; i++) {
      const init = encodeInitChunk(ChunkType.init, {
        initiateTag: i,
        advertisedWindow: 1500,
        outboundStreams: 1,
        inboundStreams: 1,
        initialTsn: i,
        forwardTsn: true,
        reConfig: true,
        zeroChecksum: false
      })
      pair.b.association.handlePacket(packetOf(0, init), pair.now)
    }
    authenticated = take().length
    assert.equal(authenticated, 8)
    assert.equal(pair.b.association.counters.droppedReplies, 9992)
    pair.send(pair.a, 1, 'still here')
    pair.runUntil(() => pair.b.messages.length === 1)
  })

  it('sends an INIT whose answer would outgrow every packet: it gets none (5.1.2, 3.2.1)', () => {
    const unknown = (type: number): Uint8Array => encodeParameter(type, new Uint8Array(0))
    const asked = [
      [encodeParameter(ParameterType.hostNameAddress, new Uint8Array(10_000))],
      Array.from({ length: 60 }, (_, index) => unknown(0xc700 + index))
    ]
    for (const parameters of asked) {
      const { pair } = victim({ basePacketSize: 512 })
      const init = encodeInitChunk(ChunkType.init, {
        initiateTag: 1,
        advertisedWindow: 1500,
        outboundStreams: 1,
        inboundStreams: 1,
        initialTsn: 1,
        forwardTsn: true,
        reConfig: true,
        zeroChecksum: false
      })
      const chunk = joinParameters([init, ...parameters])
      writeUint16(chunk, 2, chunk.length)
      pair.b.association.handlePacket(packetOf(0, chunk), pair.now)
      assert.equal(pair.b.association.pollPacket(pair.b.packetBuffer, pair.now), 0)
      assert.equal(pair.b.association.counters.droppedReplies, 1)
      pair.send(pair.a, 1, 'still here')
      pair.runUntil(() => pair.b.messages.length === 1)
    }
  })

  it('acknowledges what was never sent', () => {
    const { pair, ownTsn, give } = victim()
    pair.send(pair.b, 1, new Uint8Array(5000))
    give(sackChunk(ownTsn + 100, 1_000_000))
    give(sackChunk(ownTsn - 1, 1_000_000, [[50, 60]]))
    give(sackChunk(ownTsn + 0x7ffffffe, 1_000_000))
    assert.equal(pair.b.association.counters.invalidSacks, 2)
    pair.runUntil(() => pair.a.messages.length === 1)
  })

  it('sends absurd gap blocks: overlapping, backwards, beyond, thousands of them', () => {
    const { pair, ownTsn, give, take } = victim()
    pair.send(pair.b, 1, new Uint8Array(12_000))
    take()
    const absurd: (readonly [number, number])[][] = [
      [[0, 0]],
      [[0, 65_535]],
      [[5, 3]],
      [
        [2, 4],
        [3, 5]
      ],
      [
        [4, 5],
        [2, 3]
      ],
      Array.from({ length: 10_000 }, () => [1, 65_535] as const),
      Array.from({ length: 10_000 }, () => [2, 9] as const)
    ]
    for (const blocks of absurd) {
      give(sackChunk(ownTsn - 1, 1_000_000, blocks))
      take()
    }
    give(sackChunk(ownTsn - 1, 1_000_000, [], new Array<number>(10_000).fill(ownTsn)))
    assert.equal(pair.b.association.state, 'established')
    assert.ok((pair.b.association.status()?.bytesInFlight ?? -1) >= 0)
  })

  it('announces a tiny window, or a giant one', () => {
    for (const window of [0, 1, 100, 0xffffffff]) {
      const { pair, ownTsn, give, take } = victim()
      give(sackChunk(ownTsn - 1, window))
      pair.send(pair.b, 1, new Uint8Array(1_000_000))
      take()
      const inFlight = pair.b.association.status()?.bytesInFlight ?? 0
      assert.ok(
        inFlight <= (window === 0xffffffff ? 20_000 : 1200),
        `${inFlight} in flight at window ${window}`
      )
    }
  })

  it('ignores the window: memory is bounded', () => {
    const receiveWindow = 262_144
    const { pair, tsn, give, take } = victim({ receiveWindow })
    pair.b.reading = false
    const data = new Uint8Array(1100)
    for (let i = 0; i < 2000; i++) {
      give(dataChunk(tsn + i, { data, flags: UNORDERED }))
      take()
    }
    assert.ok((pair.b.association.status()?.unpolledBytes ?? Infinity) <= receiveWindow)
    assert.ok(pair.b.association.counters.droppedWindow > 1000)
  })

  it('ignores the window beyond a gap: memory is bounded, and the gap can still be filled', () => {
    const receiveWindow = 262_144
    const { pair, tsn, give, take } = victim({ receiveWindow })
    const data = new Uint8Array(1100)
    for (let i = 1; i < 2000; i++) {
      give(dataChunk(tsn + i, { data, ssn: i }))
      take()
    }
    assert.ok(pair.b.association.counters.droppedWindow > 1000)
    give(dataChunk(tsn, { data }))
    pair.b.pollEvents()
    assert.ok(pair.b.messages.length >= 1)
  })

  it('sends a message without end: it is told that this is too much', () => {
    const { pair, tsn, give, take } = victim({ maxMessageSize: 10_000 })
    for (let i = 0; i < 20 && pair.b.association.state === 'established'; i++) {
      give(dataChunk(tsn + i, { data: new Uint8Array(1000), flags: i === 0 ? 2 : 0 }))
    }
    pair.b.pollEvents()
    assert.equal(pair.b.eventsOf('closed')[0].reason.kind, 'protocol-violation')
    assert.deepEqual(take().flatMap(typesOf), [ChunkType.abort])
  })

  it('sends such a message beyond a gap', () => {
    const { pair, tsn, give } = victim({ maxMessageSize: 10_000 })
    for (let i = 20; i >= 1; i--) {
      give(dataChunk(tsn + i, { data: new Uint8Array(1000), flags: i === 20 ? 1 : i === 1 ? 2 : 0 }))
    }
    assert.equal(pair.b.association.state, 'closed')
  })

  it('sends DATA without user data: ABORT (6.2)', () => {
    const { pair, tsn, give, take } = victim()
    const empty = dataChunk(tsn).slice(0, 16)
    empty[3] = 16
    give(empty)
    assert.equal(pair.b.association.state, 'closed')
    assert.deepEqual(take().flatMap(typesOf), [ChunkType.abort])
  })

  it('sends on a stream that does not exist: ERROR, and acknowledged (6.5)', () => {
    const { pair, tsn, give, take } = victim({ inboundStreams: 4 })
    give(dataChunk(tsn, { streamId: 4 }), dataChunk(tsn + 1, { streamId: 3 }))
    pair.b.association.flush()
    assert.deepEqual(take().flatMap(typesOf), [ChunkType.error, ChunkType.sack])
    pair.b.pollEvents()
    assert.deepEqual(
      pair.b.messages.map(({ streamId }) => streamId),
      [3]
    )
  })

  it('sends TSNs far ahead, behind and around the wrap', () => {
    const { pair, tsn, give, take } = victim()
    for (const ahead of [40_000, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff]) {
      give(dataChunk((tsn + ahead) >>> 0))
      take()
    }
    pair.b.pollEvents()
    assert.equal(pair.b.messages.length, 0)
    give(dataChunk(tsn))
    pair.b.pollEvents()
    assert.equal(pair.b.messages.length, 1)
  })

  it('uses every stream with one message each that waits: memory and time stay bounded', () => {
    const { pair, tsn, give } = victim()
    for (let i = 0; i < 20_000; i++) {
      give(dataChunk(tsn + 1 + i, { streamId: i, ssn: 1, flags: ORDERED }))
    }
    pair.b.pollEvents()
    assert.equal(pair.b.messages.length, 0)
    const forward = new Uint8Array(4 + 4 * 10_000)
    writeUint32(forward, 0, tsn)
    give(encodeChunk(ChunkType.forwardTsn, 0, forward))
    assert.equal(pair.b.association.state, 'established')
  })

  it('moves the cumulative TSN by FORWARD-TSN as far as it likes: it loses its own messages only', () => {
    const { pair, tsn, give } = victim()
    const forward = new Uint8Array(8)
    writeUint32(forward, 0, tsn + 0x7ffffff0)
    writeUint32(forward, 4, 0x00010005)
    give(encodeChunk(ChunkType.forwardTsn, 0, forward))
    give(dataChunk(tsn + 0x7ffffff1, { streamId: 1, ssn: 6 }))
    pair.b.pollEvents()
    assert.equal(pair.b.messages.length, 1)
    pair.send(pair.b, 1, 'the other way')
    pair.runUntil(() => pair.a.messages.length === 1)
  })

  it('floods with HEARTBEATs and unknown chunks: a bounded number of answers', () => {
    const { give, take, pair } = victim()
    const heartbeat = encodeChunk(ChunkType.heartbeat, 0, new Uint8Array(400))
    for (let i = 0; i < 1000; i++) {
      give(heartbeat, Uint8Array.of(0xff, 0, 0, 4))
    }
    assert.ok(take().flatMap(chunksOf).length <= 16)
    give(encodeChunk(ChunkType.heartbeat, 0, new Uint8Array(40_000)))
    assert.equal(take().length, 0)
    assert.equal(pair.b.association.state, 'established')
  })

  it('replays a whole conversation: nothing is delivered twice', () => {
    const pair = new Pair()
    const toB = record(pair.toB)
    pair.a.association.connect(pair.now)
    for (let i = 0; i < 20; i++) {
      pair.send(pair.a, i % 3, new Uint8Array(700), { ordered: i % 2 === 0 })
    }
    pair.run(1000)
    assert.equal(pair.b.messages.length, 20)
    for (const packet of [...toB]) {
      pair.b.association.handlePacket(packet, pair.now)
      pair.step(pair.now + 10)
    }
    assert.equal(pair.b.messages.length, 20)
    pair.send(pair.a, 1, 'one more')
    pair.runUntil(() => pair.b.messages.length === 21)
  })

  it('echoes an old COOKIE ECHO in ESTABLISHED: acknowledged again, nothing else (5.2.4 D)', () => {
    const pair = new Pair()
    const toB = record(pair.toB)
    const toA = record(pair.toA)
    pair.a.association.connect(pair.now)
    pair.run(100)
    toA.length = 0
    pair.b.association.handlePacket(toB[1], pair.now)
    pair.pump()
    assert.deepEqual(toA.map(typesOf), [[ChunkType.cookieAck]])
    assert.equal(pair.b.eventsOf('connected').length, 1)
  })

  it('does no harm to another association, also of the same process, with all it knows of its own', () => {
    const cookieKey = new Uint8Array(32).fill(7)
    const own = new Pair({ seed: 1, cookieKey })
    const known = [record(own.toA), record(own.toB)]
    own.a.association.connect(own.now)
    own.send(own.a, 1, new Uint8Array(5000))
    own.send(own.b, 1, new Uint8Array(5000))
    own.run(200)
    own.a.association.abort('bye')
    own.pump()
    const [waiting, other] = [new Pair({ seed: 2, cookieKey }), Pair.connected({ seed: 3, cookieKey })]
    const before = { ...other.b.association.status() }
    for (const packet of known.flat()) {
      // An INIT needs no tag; whoever gets one answers it, and that is all.
      if (typesOf(packet)[0] === ChunkType.init) {
        continue
      }
      other.b.association.handlePacket(packet, other.now)
      waiting.b.association.handlePacket(packet, waiting.now)
    }
    assert.equal(waiting.b.association.state, 'closed')
    assert.equal(other.b.association.state, 'established')
    assert.deepEqual(other.b.association.status(), before)
    other.send(other.a, 1, 'as ever')
    other.runUntil(() => other.b.messages.length === 1)
    waiting.a.association.connect(waiting.now)
    waiting.send(waiting.a, 1, 'still possible')
    waiting.runUntil(() => waiting.b.messages.length === 1)
  })
})

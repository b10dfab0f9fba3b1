import assert from 'node:assert/strict'
import { cookieAction } from '../src/association/handshake.ts'
import type { AgreedParameters } from '../src/association/state-cookie.ts'
import { readUint16, readUint32 } from '../src/packet/bytes.ts'
import { ChunkType } from '../src/packet/chunk.ts'
import { encodeInitChunk, ParameterType, readInitChunk } from '../src/packet/init-chunk.ts'
import { encodeParameter } from '../src/packet/parameter.ts'
import { chunksOf, packetOf, record, typesOf } from './support/craft.ts'
import { Endpoint, Pair, text } from './support/pair.ts'

const INIT = {
  initiateTag: 7,
  advertisedWindow: 100_000,
  outboundStreams: 10,
  inboundStreams: 20,
  initialTsn: 1,
  forwardTsn: true,
  reConfig: true,
  zeroChecksum: false
}

describe('handshake (RFC 9260 section 5)', () => {
  it('takes two round trips, the first data coming with COOKIE ECHO (5.1)', () => {
    const pair = new Pair()
    pair.send(pair.a, 1, 'early')
    pair.a.association.connect(pair.now)
    const start = pair.now
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.equal(pair.now - start, 30)
    pair.runUntil(() => pair.a.association.state === 'established')
    assert.equal(pair.now - start, 40)
    assert.equal(pair.a.association.status()?.srtt, 20)
  })

  it('connects where both sides start at once, as WebRTC does (5.2.1)', () => {
    const pair = new Pair()
    pair.a.association.connect(pair.now)
    pair.b.association.connect(pair.now)
    pair.send(pair.a, 1, 'from a')
    pair.send(pair.b, 2, 'from b')
    pair.run(1000)
    assert.equal(pair.a.eventsOf('connected').length, 1)
    assert.equal(pair.b.eventsOf('connected').length, 1)
    assert.deepEqual(
      pair.a.messages.map(({ data }) => text(data)),
      ['from b']
    )
    assert.deepEqual(
      pair.b.messages.map(({ data }) => text(data)),
      ['from a']
    )
  })

  it('connects where both sides start and any one packet of the handshake is lost', () => {
    for (let lost = 0; lost < 8; lost++) {
      for (const link of ['toA', 'toB'] as const) {
        const pair = new Pair()
        let count = 0
        pair[link].filter = () => count++ === lost
        pair.a.association.connect(pair.now)
        pair.run(5)
        pair.b.association.connect(pair.now)
        pair.send(pair.a, 1, 'from a')
        pair.send(pair.b, 2, 'from b')
        pair.runUntil(() => pair.a.messages.length === 1 && pair.b.messages.length === 1, 5000)
      }
    }
  })

  it('sends INIT again, ever more slowly, and gives up after nine of them (5.1, 16)', () => {
    const pair = new Pair({ conditions: { loss: 1 } })
    const sentAt: number[] = []
    pair.toB.filter = (_, now) => {
      sentAt.push(now)
      return false
    }
    pair.a.association.connect(pair.now)
    pair.runUntil(() => pair.a.association.state === 'closed')
    assert.equal(sentAt.length, 9)
    const waits = sentAt.slice(1).map((at, index) => at - sentAt[index])
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])
    assert.deepEqual(pair.a.eventsOf('closed')[0].reason, { kind: 'timeout', during: 'handshake' })
  })

  it('agrees on the smaller number of streams each way (5.1.1)', () => {
    const pair = Pair.connected({
      a: { outboundStreams: 100, inboundStreams: 50 },
      b: { outboundStreams: 200, inboundStreams: 30 }
    })
    assert.deepEqual(pair.a.eventsOf('connected'), [
      { type: 'connected', outboundStreams: 30, inboundStreams: 50 }
    ])
    assert.throws(
      () => {
        pair.send(pair.a, 30, 'x')
      },
      { code: 'ERR_SCTP_INVALID_STREAM' }
    )
  })

  it('drops what waits for streams that the peer does not have', () => {
    const pair = new Pair({ b: { inboundStreams: 2 } })
    pair.send(pair.a, 5, 'nowhere')
    pair.send(pair.a, 1, 'here')
    pair.a.association.connect(pair.now)
    pair.run(1000)
    assert.deepEqual(
      pair.b.messages.map(({ streamId }) => streamId),
      [1]
    )
    assert.equal(pair.a.association.bufferedAmount(5), 0)
    assert.equal(pair.a.association.status()?.queuedBytes, 0)
  })

  it('never begins a message that the peer has no stream for, with COOKIE ECHO neither', () => {
    const pair = new Pair({ b: { inboundStreams: 2 } })
    const toA = record(pair.toA)
    pair.send(pair.a, 5, new Uint8Array(50_000))
    pair.send(pair.a, 1, 'here')
    pair.a.association.connect(pair.now)
    pair.runUntil(() => pair.b.messages.length === 1)
    pair.run(1000)
    assert.ok(!toA.flatMap(typesOf).includes(ChunkType.error))
    const { queuedBytes, outstandingChunks } = pair.a.association.status() ?? {}
    assert.deepEqual([queuedBytes, outstandingChunks], [0, 0])
    assert.equal(pair.a.association.counters.messagesSent, 1)
  })

  it('has a restarted peer begin anew, and what was unacknowledged goes to it (5.2.4 A)', () => {
    const pair = Pair.connected()
    pair.send(pair.a, 1, 'to the first life')
    pair.run(100)
    pair.b = new Endpoint({}, pair.random)
    pair.send(pair.a, 1, 'to the second life')
    pair.send(pair.a, 3, new Uint8Array(100_000))
    pair.b.association.connect(pair.now)
    pair.runUntil(() => pair.a.eventsOf('restarted').length === 1 && pair.b.messages.length === 2)
    assert.equal(text(pair.b.messages[0].data), 'to the second life')
    assert.equal(pair.b.messages[1].data.length, 100_000)
    pair.send(pair.b, 1, 'and back')
    pair.runUntil(() => pair.a.messages.length === 1)
  })

  it('tells the four cases of a repeated COOKIE ECHO apart (5.2.4, table 12)', () => {
    const current = agreed(1, 2)
    const act = (localTag: number, peerTag: number, localTieTag = 0, peerTieTag = 0): string =>
      cookieAction({ agreed: agreed(localTag, peerTag), localTieTag, peerTieTag, createdAt: 0 }, current)
    assert.equal(act(8, 9, 1, 2), 'restart')
    assert.equal(act(1, 9), 'collision')
    assert.equal(act(8, 2), 'discard')
    assert.equal(act(1, 2), 'repeated')
    assert.equal(act(8, 9, 1, 3), 'discard')
  })

  it('answers a stale cookie with an ERROR, and begins anew (5.2.6)', () => {
    const pair = new Pair({ b: { cookieLifetime: 5 } })
    const toA = record(pair.toA)
    pair.a.association.connect(pair.now)
    pair.runUntil(() => toA.some((packet) => typesOf(packet).includes(ChunkType.error)))
    const error = toA.flatMap(chunksOf).find((chunk) => chunk[0] === ChunkType.error)
    assert.ok(error)
    assert.equal(readUint16(error, 4), 3)
    assert.equal(readUint32(error, 8), 15_000, 'microseconds over the lifetime')
    pair.conditions = { delay: 1 }
    pair.runUntil(() => pair.a.association.state === 'established')
  })

  it('reports parameters that ask for it and goes on or stops as they say (3.2.1)', () => {
    const pair = new Pair()
    const toA = record(pair.toA)
    const withParameters = (...types: number[]): Uint8Array => {
      const init = encodeInitChunk(ChunkType.init, { ...INIT, forwardTsn: false, reConfig: false })
      const parameters = types.map((type) => encodeParameter(type, Uint8Array.of(1, 2, 3, 4)))
      const chunk = new Uint8Array(init.length + 8 * types.length)
      chunk.set(init)
      parameters.forEach((parameter, index) => {
        chunk.set(parameter, init.length + 8 * index)
      })
      chunk[3] = chunk.length
      return packetOf(0, chunk)
    }
    const reported = (packet: Uint8Array): number[] => {
      const [chunk] = chunksOf(packet)
      const types: number[] = []
      for (let offset = 20; offset + 4 <= chunk.length; offset += (readUint16(chunk, offset + 2) + 3) & ~3) {
        if (readUint16(chunk, offset) === ParameterType.unrecognizedParameter) {
          types.push(readUint16(chunk, offset + 4))
        }
      }
      return types
    }
    pair.b.association.handlePacket(withParameters(0x8777, 0xc777, 0x4777, 0xc778), pair.now)
    pair.pump()
    assert.deepEqual(reported(toA[0]), [0xc777, 0x4777])
    pair.b.association.handlePacket(withParameters(0x0777, 0xc777), pair.now)
    pair.pump()
    assert.deepEqual(reported(toA[1]), [])
  })

  it('reports what it does not know of an INIT ACK beside its COOKIE ECHO (5.1)', () => {
    const pair = new Pair()
    const toB = record(pair.toB)
    pair.a.association.connect(pair.now)
    pair.pump()
    const initAck = encodeInitChunk(ChunkType.initAck, { ...INIT, stateCookie: new Uint8Array(30) })
    const unknown = encodeParameter(0xc777, Uint8Array.of(1, 2, 3, 4))
    const chunk = new Uint8Array(((initAck.length + 3) & ~3) + unknown.length)
    chunk.set(initAck)
    chunk.set(unknown, (initAck.length + 3) & ~3)
    chunk[3] = chunk.length
    const [init] = chunksOf(toB[0])
    pair.a.association.handlePacket(packetOf(readUint32(init, 4), chunk), pair.now)
    pair.pump()
    assert.deepEqual(typesOf(toB[1]), [ChunkType.cookieEcho, ChunkType.error])
    assert.deepEqual(chunksOf(toB[1])[1].subarray(8), unknown)
  })

  it('is over where the INIT ACK has no cookie (3.3.3.1)', () => {
    const pair = new Pair()
    const toB = record(pair.toB)
    pair.a.association.connect(pair.now)
    pair.pump()
    const [init] = chunksOf(toB[0])
    const initAck = encodeInitChunk(ChunkType.initAck, INIT)
    pair.a.association.handlePacket(packetOf(readUint32(init, 4), initAck), pair.now)
    pair.a.pollEvents()
    assert.equal(pair.a.eventsOf('closed')[0].reason.kind, 'protocol-violation')
  })

  it('answers INIT with no streams by ABORT, and one without a tag not at all (3.3.2)', () => {
    const pair = new Pair()
    const toA = record(pair.toA)
    for (const wrong of [{ outboundStreams: 0 }, { inboundStreams: 0 }, { initiateTag: 0 }]) {
      const init = encodeInitChunk(ChunkType.init, { ...INIT, ...wrong })
      pair.b.association.handlePacket(packetOf(0, init), pair.now)
      pair.pump()
    }
    assert.deepEqual(toA.map(typesOf), [[ChunkType.abort], [ChunkType.abort]])
    assert.equal(pair.b.association.state, 'closed')
  })

  it('keeps nothing of an INIT until its cookie comes back (5.1)', () => {
    const pair = new Pair()
    for (let i = 0; i < 1000; i++) {
      pair.b.association.handlePacket(
        packetOf(0, encodeInitChunk(ChunkType.init, { ...INIT, initiateTag: i + 1 })),
        pair.now
      )
      pair.pump()
    }
    assert.equal(pair.b.association.state, 'closed')
    assert.equal(pair.b.association.status(), undefined)
  })
})

describe('zero checksum (RFC 9653)', () => {
  const zeros = (packets: Uint8Array[]): boolean[] => packets.map((packet) => readUint32(packet, 8) === 0)

  it('is used after the handshake where both sides announce it', () => {
    const pair = new Pair({ a: { zeroChecksum: true }, b: { zeroChecksum: true } })
    const toB = record(pair.toB)
    pair.a.association.connect(pair.now)
    pair.runUntil(() => pair.a.association.state === 'established')
    assert.deepEqual(zeros(toB), [false, false], 'INIT and COOKIE ECHO')
    pair.send(pair.a, 1, 'x')
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.deepEqual(zeros(toB).slice(2, 3), [true])
  })

  it('is not used where one side does not announce it, and then not accepted', () => {
    const pair = Pair.connected({ a: { zeroChecksum: true } })
    const toB = record(pair.toB)
    pair.send(pair.a, 1, 'x')
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.ok(!zeros(toB).includes(true))
    const forged = toB[0].slice().fill(0, 8, 12)
    pair.b.association.handlePacket(forged, pair.now)
    assert.equal(pair.b.association.counters.droppedChecksum, 1)
  })

  it('is announced as RFC 9653 section 4 has it', () => {
    const chunk = encodeInitChunk(ChunkType.init, { ...INIT, zeroChecksum: true })
    const reading = readInitChunk(chunk, 0, chunk.length)
    assert.ok(reading.kind === 'init' && reading.init.zeroChecksum)
    assert.ok(Buffer.from(chunk).includes(Buffer.from('8001000800000001', 'hex')))
  })
})

function agreed(localTag: number, peerTag: number): AgreedParameters {
  return {
    localTag,
    peerTag,
    localInitialTsn: 0,
    peerInitialTsn: 0,
    peerWindow: 0,
    outboundStreams: 1,
    inboundStreams: 1,
    forwardTsn: true,
    reConfig: true,
    zeroChecksum: false
  }
}

import assert from 'node:assert/strict'
import { Ppid } from '../src/index.ts'
import { readUint16, readUint32 } from '../src/packet/bytes.ts'
import { ChunkType } from '../src/packet/chunk.ts'
import { chunksOf, packetOf, record, tagOf, typesOf, dataChunk } from './support/craft.ts'
import { Pair, text } from './support/pair.ts'

const isData = (packet: Uint8Array): boolean => typesOf(packet).includes(ChunkType.data)
const isSack = (packet: Uint8Array): boolean => typesOf(packet).includes(ChunkType.sack)

describe('data transfer (RFC 9260 section 6)', () => {
  it('bundles small messages into one packet (6.10)', () => {
    const pair = Pair.connected()
    const toB = record(pair.toB)
    for (let i = 0; i < 20; i++) {
      pair.send(pair.a, 1, `message ${i}`)
    }
    pair.runUntil(() => pair.b.messages.length === 20)
    assert.equal(toB.filter(isData).length, 1)
    assert.deepEqual(
      pair.b.messages.map(({ data }) => text(data)),
      Array.from({ length: 20 }, (_, i) => `message ${i}`)
    )
  })

  it('fills packets with a part of the next message, unless it may be lost (6.9, 6.10)', () => {
    for (const [options, packets] of [
      [{}, 8],
      [{ maxRetransmits: 0 }, 10]
    ] as const) {
      const pair = Pair.connected()
      const toB = record(pair.toB)
      for (let i = 0; i < 10; i++) {
        pair.send(pair.a, 1, pair.random.bytes(800), options)
      }
      pair.runUntil(() => pair.b.messages.length === 10)
      assert.equal(toB.filter(isData).length, packets)
    }
  })

  it('says when the peer has all of a message, so that its memory may be used again', () => {
    const pair = Pair.connected({ conditions: { loss: 0.2, jitter: 5 } })
    const acknowledged: number[] = []
    const sizes = [1, 5000, 100, 100_000, 2000, 70_000, 3]
    for (const size of sizes) {
      const data = pair.random.bytes(size)
      const copy = data.slice()
      pair.send(pair.a, 1, data, {
        onAcknowledged: (given: Uint8Array) => {
          assert.equal(given, data)
          assert.deepEqual(pair.b.messages[acknowledged.length]?.data, copy)
          acknowledged.push(size)
          given.fill(0xee)
        }
      })
    }
    pair.runUntil(() => acknowledged.length === sizes.length)
    assert.deepEqual(acknowledged, sizes)
  })

  it('does not say so of a message that is given up (RFC 3758)', () => {
    const pair = Pair.connected()
    pair.toB.filter = isData
    let acknowledged = 0
    const onAcknowledged = (): void => {
      acknowledged++
    }
    pair.send(pair.a, 1, pair.random.bytes(3000), { maxRetransmits: 0, onAcknowledged })
    pair.runUntil(() => pair.a.association.counters.messagesAbandoned === 1)
    pair.toB.filter = () => false
    pair.send(pair.a, 1, 'the next one')
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.equal(acknowledged, 0)
  })

  it('carries messages of every size, each in memory of its own (6.9)', () => {
    const pair = Pair.connected()
    const sizes = [1, 2, 3, 4, 1159, 1160, 1161, 2320, 16_384, 65_536, 262_144]
    for (const size of sizes) {
      pair.send(pair.a, 1, pair.random.bytes(size))
    }
    pair.runUntil(() => pair.b.messages.length === sizes.length)
    assert.deepEqual(
      pair.b.messages.map(({ data }) => data.length),
      sizes
    )
    for (const { data } of pair.b.messages) {
      assert.equal(data.buffer.byteLength, data.length)
    }
  })

  it('keeps PPIDs and streams apart, and the fragments of a message together', () => {
    const pair = Pair.connected()
    const toB = record(pair.toB)
    const data = [pair.random.bytes(5000), pair.random.bytes(5000)]
    pair.a.association.send(3, Ppid.binary, data[0], {}, pair.now)
    pair.a.association.send(4, Ppid.string, data[1], {}, pair.now)
    pair.runUntil(() => pair.b.messages.length === 2)
    assert.deepEqual(
      pair.b.messages.map(({ streamId, ppid }) => [streamId, ppid]),
      [
        [3, 53],
        [4, 51]
      ]
    )
    assert.deepEqual(
      pair.b.messages.map((message) => message.data),
      data
    )
    const streams = toB
      .flatMap(chunksOf)
      .filter((chunk) => chunk[0] === ChunkType.data)
      .map((chunk) => readUint16(chunk, 8))
    assert.deepEqual(streams, streams.toSorted())
  })

  it('delivers in order within a stream, and a loss holds up its own stream only (6.6)', () => {
    const pair = Pair.connected({ a: { basePacketSize: 512, maxPacketSize: 512 } })
    let sent = 0
    pair.toB.filter = (packet) => isData(packet) && sent++ === 0
    pair.send(pair.a, 1, new Uint8Array(400))
    pair.send(pair.a, 1, new Uint8Array(401))
    pair.send(pair.a, 2, new Uint8Array(402))
    pair.run(11)
    assert.deepEqual(
      pair.b.messages.map(({ data }) => data.length),
      [402]
    )
    pair.runUntil(() => pair.b.messages.length === 3)
    assert.deepEqual(
      pair.b.messages.map(({ data }) => data.length),
      [402, 400, 401]
    )
  })

  it('delivers unordered messages as they come, fragments or not (6.6)', () => {
    const pair = Pair.connected({ a: { basePacketSize: 512, maxPacketSize: 512 } })
    let sent = 0
    pair.toB.filter = (packet) => isData(packet) && sent++ === 0
    pair.send(pair.a, 1, new Uint8Array(400), { ordered: false })
    pair.send(pair.a, 1, new Uint8Array(2000), { ordered: false })
    pair.run(11)
    assert.deepEqual(
      pair.b.messages.map(({ data }) => data.length),
      [2000]
    )
    pair.runUntil(() => pair.b.messages.length === 2)
  })

  it('acknowledges once a batch, with the data that goes out anyway (6.2)', () => {
    const pair = Pair.connected()
    const toA = record(pair.toA)
    pair.b.onEvent = (event) => {
      if (event.type === 'message') {
        pair.send(pair.b, 1, 'answer')
      }
    }
    pair.send(pair.a, 1, 'question')
    pair.runUntil(() => pair.a.messages.length === 1)
    assert.deepEqual(toA.map(typesOf), [[ChunkType.sack, ChunkType.data]])
  })

  it('acknowledges every eighth packet without flush, or after the delay (6.2)', () => {
    const pair = Pair.connected()
    const { association } = pair.b
    const out = new Uint8Array(1500)
    const packets = record(pair.toB)
    pair.toB.filter = (packet) => {
      packets.push(packet.slice())
      return true
    }
    pair.send(pair.a, 1, new Uint8Array(11_000))
    pair.pump()
    // The I bit of the last would ask for a SACK.
    const data = packets.slice(0, 9)
    for (const packet of data.slice(0, 7)) {
      association.handlePacket(packet, pair.now)
      assert.equal(association.pollPacket(out, pair.now), 0)
    }
    assert.equal(association.pollTimeout(), pair.now + 20)
    association.handlePacket(data[7], pair.now)
    assert.ok(isSack(out.slice(0, association.pollPacket(out, pair.now))))
    association.handlePacket(data[8], pair.now)
    assert.equal(association.pollPacket(out, pair.now), 0)
    association.handleTimeout(pair.now + 20)
    assert.ok(isSack(out.slice(0, association.pollPacket(out, pair.now + 20))))
  })

  it('reports gaps and duplicates at once (6.2, 6.7)', () => {
    const { tag, tsn, pair } = rawSender()
    const out = new Uint8Array(1500)
    const answer = (...tsns: number[]): Uint8Array => {
      pair.b.association.handlePacket(packetOf(tag, ...tsns.map((t) => dataChunk(t, { flags: 7 }))), pair.now)
      const length = pair.b.association.pollPacket(out, pair.now)
      return chunksOf(out.slice(0, length))[0]
    }
    let sack = answer(tsn, tsn + 2, tsn + 3, tsn + 6)
    assert.equal(readUint32(sack, 4), tsn)
    assert.deepEqual([readUint16(sack, 12), readUint16(sack, 14)], [2, 0])
    assert.deepEqual(
      [16, 18, 20, 22].map((at) => readUint16(sack, at)),
      [2, 3, 6, 6]
    )
    sack = answer(tsn + 3, tsn)
    assert.deepEqual([readUint16(sack, 12), readUint16(sack, 14)], [2, 2])
    assert.deepEqual([readUint32(sack, 24), readUint32(sack, 28)], [tsn + 3, tsn])
    sack = answer(tsn + 1, tsn + 5, tsn + 4)
    assert.equal(readUint32(sack, 4), tsn + 6)
    assert.equal(readUint16(sack, 12), 0)
  })

  it('stops the sender when nobody reads, and goes on when somebody does (6.2.1)', () => {
    const window = 262_144
    const pair = Pair.connected({ b: { receiveWindow: window } })
    pair.b.reading = false
    const count = 100
    for (let i = 0; i < count; i++) {
      pair.send(pair.a, 1, new Uint8Array(16_384).fill(i))
    }
    pair.run(60_000)
    const unpolled = pair.b.association.status()?.unpolledBytes ?? 0
    assert.ok(unpolled <= window, `${unpolled} bytes wait`)
    assert.ok(unpolled > window / 2)
    assert.equal(pair.a.association.state, 'established')
    pair.b.reading = true
    pair.runUntil(() => pair.b.messages.length === count, 20_000)
    assert.deepEqual(
      pair.b.messages.map(({ data }) => data[0]),
      Array.from({ length: count }, (_, i) => i)
    )
  })

  it('probes a closed window for as long as the peer answers (6.1 A)', () => {
    const pair = Pair.connected({ b: { receiveWindow: 8192, maxMessageSize: 8192 } })
    pair.b.reading = false
    for (let i = 0; i < 30; i++) {
      pair.send(pair.a, 1, new Uint8Array(1000))
    }
    pair.run(3_600_000)
    assert.equal(pair.a.association.state, 'established')
    pair.b.reading = true
    pair.runUntil(() => pair.b.messages.length === 30)
  })

  it('counts what is queued, and tells when it has fallen to the threshold', () => {
    const pair = Pair.connected()
    pair.a.association.setBufferedAmountLowThreshold(1, 1000)
    pair.send(pair.a, 1, new Uint8Array(800))
    pair.send(pair.a, 1, new Uint8Array(900))
    pair.send(pair.a, 2, new Uint8Array(5))
    assert.equal(pair.a.association.bufferedAmount(1), 1700)
    assert.equal(pair.a.association.bufferedAmount(7), 0)
    pair.run(100)
    assert.equal(pair.a.association.bufferedAmount(1), 0)
    assert.deepEqual(
      pair.a
        .eventsOf('buffered-amount-low')
        .map(({ streamId }) => streamId)
        .toSorted(),
      [1, 2]
    )
  })

  it('survives the wrapping of TSNs and SSNs', () => {
    const pair = Pair.connected({ a: { initialTsn: 0xffffff00 }, conditions: { loss: 0.02, jitter: 5 } })
    const total = 70_000
    let queued = 0
    let next = 0
    pair.b.onEvent = (event) => {
      if (event.type === 'message') {
        assert.equal(new DataView(event.data.buffer).getUint32(0), next++)
      }
    }
    pair.runUntil(() => {
      for (; queued < total && pair.a.association.bufferedAmount(1) < 40_000; queued++) {
        const data = new Uint8Array(4)
        new DataView(data.buffer).setUint32(0, queued)
        pair.send(pair.a, 1, data)
      }
      pair.b.events.length = 0
      return next === total
    })
  })

  it('answers HEARTBEAT with what it held (8.3)', () => {
    const { pair, tag } = rawSender()
    const out = new Uint8Array(1500)
    const heartbeat = Uint8Array.of(4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4)
    pair.b.association.handlePacket(packetOf(tag, heartbeat), pair.now)
    const [ack] = chunksOf(out.slice(0, pair.b.association.pollPacket(out, pair.now)))
    assert.deepEqual(ack, Uint8Array.of(5, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4))
  })

  it('asks with HEARTBEAT whether a silent peer is there, and gives up in time (8.1, 8.3)', () => {
    const pair = Pair.connected({ a: { heartbeatInterval: 1000, associationMaxRetransmits: 3 } })
    const toB = record(pair.toB)
    pair.run(3500)
    assert.equal(toB.filter((packet) => typesOf(packet)[0] === ChunkType.heartbeat).length, 3)
    assert.equal(pair.a.association.state, 'established')
    pair.conditions = { loss: 1 }
    pair.runUntil(() => pair.a.association.state === 'closed', 30_000)
    assert.deepEqual(pair.a.eventsOf('closed')[0].reason, { kind: 'timeout', during: 'transfer' })
  })

  it('reports unknown chunks that ask for it, and goes on or stops as they say (3.2)', () => {
    const { pair, tag, tsn } = rawSender()
    const out = new Uint8Array(1500)
    const unknown = (type: number): Uint8Array => Uint8Array.of(type, 0, 0, 4)
    const handle = (...chunks: Uint8Array[]): number[] => {
      pair.b.association.handlePacket(packetOf(tag, ...chunks), pair.now)
      pair.b.association.flush()
      return typesOf(out.slice(0, pair.b.association.pollPacket(out, pair.now)))
    }
    assert.deepEqual(handle(unknown(0x3f), dataChunk(tsn)), [])
    assert.deepEqual(handle(unknown(0x7f), dataChunk(tsn)), [ChunkType.error])
    assert.deepEqual(handle(unknown(0xbf), dataChunk(tsn)), [ChunkType.sack])
    assert.deepEqual(handle(unknown(0xff), dataChunk(tsn + 1, { ssn: 1 })), [ChunkType.error, ChunkType.sack])
  })

  it('refuses what cannot be sent, with a code that says why', () => {
    const pair = new Pair({ a: { maxSendBuffer: 10_000 } })
    const { association } = pair.a
    assert.throws(
      () => {
        pair.send(pair.a, 1, '')
      },
      { code: 'ERR_SCTP_EMPTY_MESSAGE' }
    )
    assert.throws(
      () => {
        pair.send(pair.a, 65535, 'x')
      },
      { code: 'ERR_SCTP_INVALID_STREAM' }
    )
    assert.throws(
      () => {
        pair.send(pair.a, 1, new Uint8Array(10_000))
      },
      { code: 'ERR_SCTP_SEND_BUFFER_FULL' }
    )
    assert.throws(
      () => {
        association.setPriority(1, 0)
      },
      { code: 'ERR_SCTP_INVALID_OPTION' }
    )
    assert.throws(() => association.pollPacket(new Uint8Array(100), 0), {
      code: 'ERR_SCTP_PACKET_BUFFER_TOO_SMALL'
    })
    association.abort()
    assert.throws(
      () => {
        pair.send(pair.a, 1, 'x')
      },
      { code: 'ERR_SCTP_INVALID_STATE' }
    )
    assert.throws(() => new Pair({ a: { rtoMin: 0 } }), {
      code: 'ERR_SCTP_INVALID_OPTION',
      message: /rtoMin/
    })
    assert.throws(() => new Pair({ a: { receiveWindow: 2000 } }), {
      code: 'ERR_SCTP_INVALID_OPTION',
      message: /maxMessageSize/
    })
  })

  it('takes the default for an option that is undefined', () => {
    const pair = Pair.connected({
      a: { receiveWindow: undefined, basePacketSize: undefined, rtoMin: undefined }
    })
    pair.send(pair.b, 1, new Uint8Array(100_000))
    pair.runUntil(() => pair.a.messages.length === 1)
    assert.equal(pair.a.association.status()?.packetSize, 1188)
  })

  it('brings a message of high priority past megabytes of low ones (RFC 8831 section 6.4)', () => {
    const pair = Pair.connected({ conditions: { rate: 1000, queueLimit: 60_000, delay: 5 } })
    const arrivals: number[] = []
    pair.b.onEvent = (event) => {
      if (event.type === 'message' && event.streamId === 2) {
        arrivals.push(pair.now)
      }
    }
    pair.a.association.setPriority(1, 128)
    pair.a.association.setPriority(2, 1024)
    for (let i = 0; i < 500; i++) {
      pair.send(pair.a, 1, new Uint8Array(16_384))
    }
    pair.run(1000)
    const sentAt = pair.now
    pair.send(pair.a, 2, 'at once')
    pair.runUntil(() => arrivals.length === 1)
    // 8 MB take as many seconds; what is in flight already, at most a full queue, goes first.
    assert.ok(pair.a.association.bufferedAmount(1) > 5_000_000)
    assert.ok(arrivals[0] - sentAt < 120, `${arrivals[0] - sentAt} ms`)
  })
})

/** `b` is connected, and the test speaks for `a`. */
function rawSender(): { pair: Pair; tag: number; tsn: number } {
  const pair = new Pair({ a: { initialTsn: 1000 } })
  const toB = record(pair.toB)
  pair.a.association.connect(pair.now)
  pair.runUntil(() => pair.a.association.state === 'established')
  return { pair, tag: tagOf(toB[1]), tsn: 1000 }
}

import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { MAX_PACKET_SIZE, type SctpHandlers } from '../../src/node/sctp/association.ts'
import { DrivenSctpAssociation } from '../../src/node/sctp/driven-association.ts'
import { assertNoLeaks } from './support/leaks.ts'

type Side = 'a' | 'b'

const DATA = 0
const SACK = 3
const HEARTBEAT_ACK = 5
const RE_CONFIG = 130
const INCOMING_RESET = 14
const RE_CONFIG_RESPONSE = 16

/** Types of the chunks in a packet, and of the first parameter of each. */
function chunksOf(packet: Buffer): { type: number; parameter: number }[] {
  const chunks = []
  for (let offset = 12; offset + 4 <= packet.length; offset += (packet.readUInt16BE(offset + 2) + 3) & ~3) {
    const parameter = offset + 6 <= packet.length ? packet.readUInt16BE(offset + 4) : 0
    chunks.push({ type: packet[offset], parameter })
  }
  return chunks
}

/** Two associations over a link, which tells what passes and may drop it. */
function associate(passes: (packet: Buffer, from: Side) => boolean = () => true) {
  const log: string[] = []
  const received: { by: Side; streamId: number; ppid: number; data: Uint8Array }[] = []
  const waiting: (() => void)[] = []
  const packetBuffer = new Uint8Array(MAX_PACKET_SIZE)
  const note = (entry?: string): void => {
    if (entry !== undefined) log.push(entry)
    for (const wake of waiting.splice(0)) wake()
  }
  const handlers = (side: Side): SctpHandlers => ({
    packetBuffer,
    onPacket: (length) => {
      const copy = Buffer.from(packetBuffer.subarray(0, length))
      if (passes(copy, side)) setImmediate(() => (side === 'a' ? b : a).handlePacket(copy, performance.now()))
    },
    onConnected: (maxStreams) => {
      note(`${side} connected ${maxStreams}`)
    },
    onMessage: (streamId, ppid, data) => {
      received.push({ by: side, streamId, ppid, data })
      note()
    },
    onSent: (streamId, bytes) => {
      note(`${side} sent ${streamId} ${bytes}`)
    },
    onIncomingReset: (streamId) => {
      note(`${side} incoming reset ${streamId}`)
    },
    onResetRequested: (streamId) => {
      note(`${side} reset requested ${streamId}`)
    },
    onOutgoingReset: (streamId) => {
      note(`${side} outgoing reset ${streamId}`)
    },
    onClosed: (causeCode) => {
      note(`${side} closed ${causeCode}`)
    }
  })
  const init = { localPort: 5000, remotePort: 5000, maxMessageSize: 262_144, shortPathWindow: 524_288 }
  const a = new DrivenSctpAssociation({ ...init, initiates: true }, handlers('a'))
  let b = new DrivenSctpAssociation({ ...init, initiates: false }, handlers('b'))
  const retired: DrivenSctpAssociation[] = []
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return {
    a,
    b,
    log,
    received,
    until,
    connect: async () => {
      a.start()
      b.start()
      await until(() => log.includes('a connected 1024') && log.includes('b connected 1024'))
    },
    /** Another association in the place of `b`, which knows nothing of the one before. */
    restartB: () => {
      retired.push(b)
      b = new DrivenSctpAssociation({ ...init, initiates: true }, handlers('b'))
      b.start()
    },
    [Symbol.dispose]() {
      for (const association of [a, b, ...retired]) association.abort()
    }
  }
}

describe('DrivenSctpAssociation', () => {
  it('connects, carries messages and tells what has left', async () => {
    using pair = associate()
    const { a, log, received, until, connect } = pair
    await connect()
    a.send(1, 51, Buffer.from('short'), { ordered: true })
    a.send(1, 53, new Uint8Array(100_000).fill(7), { ordered: true })
    a.send(2, 53, new Uint8Array(10), { ordered: true })
    await until(() => received.length === 3)
    assert.deepEqual(
      received.map(({ by, streamId, ppid, data }) => [by, streamId, ppid, data.length]).sort(),
      [
        ['b', 1, 51, 5],
        ['b', 1, 53, 100_000],
        ['b', 2, 53, 10]
      ]
    )
    const sentOn = (streamId: number): number =>
      log
        .map((entry) => entry.split(' '))
        .filter(([side, what, stream]) => side === 'a' && what === 'sent' && stream === String(streamId))
        .reduce((sum, [, , , bytes]) => sum + Number(bytes), 0)
    assert.deepEqual([sentOn(1), sentOn(2)], [100_005, 10])
  })

  it('bundles what a script sends', async () => {
    const packets: Side[] = []
    using pair = associate((_, from) => packets.push(from) > 0)
    const { a, received, until, connect } = pair
    await connect()
    packets.length = 0
    for (let index = 0; index < 100; index++) a.send(1, 53, new Uint8Array(20), { ordered: true })
    await until(() => received.length === 100)
    assert.ok(packets.filter((side) => side === 'a').length < 10)
  })

  it('lets the event loop have its turn within a long transfer', async () => {
    let turns = 0
    let running = true
    const count = (): void => {
      turns++
      if (running) setImmediate(count)
    }
    const packetsInTurn = new Map<number, number>()
    using pair = associate((_, from) => {
      if (from === 'a') packetsInTurn.set(turns, (packetsInTurn.get(turns) ?? 0) + 1)
      return true
    })
    const { a, received, until, connect } = pair
    await connect()
    count()
    for (let index = 0; index < 40; index++) a.send(1, 53, new Uint8Array(100_000), { ordered: true })
    await until(() => received.length === 40)
    running = false
    assert.ok(packetsInTurn.size > 20)
    // A burst or two, as the turns of this test and of the association meet.
    assert.ok(Math.max(...packetsInTurn.values()) <= 3 * 32)
  })

  it('acknowledges once a turn, and at least every eight packets', async () => {
    const recorded: Buffer[] = []
    const proven = new Set<Side>()
    let answers = 0
    let recording = false
    using pair = associate((packet, from) => {
      const has = (wanted: number): boolean => chunksOf(packet).some(({ type }) => type === wanted)
      if (has(HEARTBEAT_ACK)) proven.add(from)
      if (from === 'b' && has(SACK)) answers++
      if (!recording || from === 'b') return true
      if (has(DATA)) recorded.push(packet)
      return false
    })
    const { a, b, connect } = pair
    await connect()
    // Until both have found the path's MTU, and all is quiet.
    while (proven.size < 2) await turn()
    for (let turns = 0; turns < 5; turns++) await turn()
    recording = true
    a.send(1, 53, new Uint8Array(11_000), { ordered: true })
    await turn()
    assert.equal(recorded.length, 9)
    answers = 0
    for (const packet of recorded.slice(0, 7)) b.handlePacket(packet, performance.now())
    assert.equal(answers, 0)
    b.handlePacket(recorded[7], performance.now())
    assert.equal(answers, 1)
    b.handlePacket(recorded[8], performance.now())
    assert.equal(answers, 1)
    await turn()
    assert.equal(answers, 2)
  })

  it('resets a stream only after its data, and both sides hear of it', async () => {
    using pair = associate()
    const { a, log, received, until, connect } = pair
    await connect()
    a.send(3, 53, new Uint8Array(100_000), { ordered: true })
    a.resetStream(3)
    await until(() => log.includes('a outgoing reset 3'))
    assert.ok(log.includes('b incoming reset 3'))
    assert.equal(received.length, 1)
    a.send(3, 51, Buffer.from('again'), { ordered: true })
    await until(() => received.length === 2)
  })

  it('resets a stream that the peer asks for, tells of it, and lets it begin anew', async () => {
    const sent: Buffer[] = []
    using pair = associate((packet, from) => from === 'b' || sent.push(packet) > 0)
    const { a, b, log, received, until, connect } = pair
    await connect()
    b.send(3, 51, Buffer.from('x'), { ordered: true })
    a.send(3, 51, Buffer.from('y'), { ordered: true })
    await until(() => received.length === 2)
    // As `a` would, if it did such a thing: its sequence begins with the TSN of its INIT.
    const ask = Buffer.alloc(28)
    sent.at(-1)!.copy(ask, 0, 0, 8)
    ask.writeUInt8(RE_CONFIG, 12)
    ask.writeUInt16BE(14, 14)
    ask.writeUInt16BE(INCOMING_RESET, 16)
    ask.writeUInt16BE(10, 18)
    sent[0].copy(ask, 20, 28, 32)
    ask.writeUInt16BE(3, 24)
    b.handlePacket(ask, performance.now())
    assert.equal(log.at(-1), 'b reset requested 3')
    await until(() => log.includes('a incoming reset 3') && log.includes('b outgoing reset 3'))
    b.send(3, 51, Buffer.from('again'), { ordered: true })
    await until(() => received.length === 3)
  })

  it('lets a stream begin anew although the answer to its reset was lost', async () => {
    let lost = 0
    using pair = associate((packet, from) => {
      const isAnswer = chunksOf(packet).some(
        ({ type, parameter }) => type === RE_CONFIG && parameter === RE_CONFIG_RESPONSE
      )
      return from === 'b' || !isAnswer || ++lost > 1
    })
    const { a, b, log, received, until, connect } = pair
    await connect()
    a.resetStream(3)
    await until(() => log.includes('b incoming reset 3'))
    b.resetStream(3)
    await until(() => log.includes('a outgoing reset 3') && log.includes('a incoming reset 3'))
    await turn()
    assert.equal(lost, 1)
    a.send(3, 51, Buffer.from('new'), { ordered: true })
    await until(() => received.length === 1)
    assert.equal(log.filter((entry) => entry === 'b outgoing reset 3').length, 1)
    b.send(3, 51, Buffer.from('reply'), { ordered: true })
    b.resetStream(3)
    await until(() => log.filter((entry) => entry === 'a incoming reset 3').length === 2)
    assert.deepEqual(
      received.map(({ data }) => Buffer.from(data).toString()),
      ['new', 'reply']
    )
  })

  it('gives up messages beyond their limit, those only, also maxRetransmits 0', async () => {
    let lossy = false
    let seed = 1
    using pair = associate(() => {
      seed = (seed * 48_271) % 0x7fff_ffff
      return !lossy || seed % 4 !== 0
    })
    const { a, received, until, connect } = pair
    await connect()
    lossy = true
    const reliable = 20
    for (let index = 0; index < reliable; index++) {
      a.send(1, 53, new Uint8Array(2500).fill(index), { ordered: true })
      a.send(3, 53, new Uint8Array(2500).fill(index), { ordered: false, maxRetransmits: 0 })
    }
    const on = (streamId: number) => received.filter((message) => message.streamId === streamId)
    await until(() => on(1).length === reliable)
    assert.deepEqual(
      on(1).map(({ data }) => data[0]),
      Array.from({ length: reliable }, (_, index) => index)
    )
    assert.ok(on(3).length < reliable)
    assert.ok(received.every(({ data }) => data.length === 2500 && data.every((byte) => byte === data[0])))
  })

  it('asks a new path at once what became of what was under way', async () => {
    let open = true
    let sent = 0
    using pair = associate((_, from) => {
      if (from === 'a') sent++
      return open
    })
    const { a, received, until, connect } = pair
    await connect()
    a.send(1, 53, new Uint8Array(10), { ordered: true })
    await until(() => received.length === 1)
    open = false
    a.send(1, 53, new Uint8Array(10), { ordered: true })
    await turn()
    open = true
    sent = 0
    a.handlePathChange()
    await turn()
    assert.ok(sent > 0)
    await until(() => received.length === 2)
  })

  it('ends the other side by abort(), once, and leaves no timer', () =>
    assertNoLeaks(async () => {
      const { a, b, log, until, connect } = associate()
      await connect()
      a.abort()
      a.abort()
      await until(() => log.includes('b closed 12'))
      assert.equal(log.filter((entry) => entry.includes('closed')).length, 1)
      a.send(1, 53, new Uint8Array(1), { ordered: true })
      b.send(1, 53, new Uint8Array(1), { ordered: true })
      b.resetStream(1)
      b.abort()
      await turn()
    }))

  it('ends with a peer that sends larger messages than it may', async () => {
    using pair = associate()
    const { a, log, until, connect } = pair
    await connect()
    a.send(1, 53, new Uint8Array(262_145), { ordered: true })
    await until(() => log.includes('a closed 13') && log.includes('b closed undefined'))
  })

  it('ends when the peer begins anew: it has forgotten the channels', async () => {
    using pair = associate()
    const { log, until, connect, restartB } = pair
    await connect()
    restartB()
    await until(() => log.includes('a closed undefined'))
    await until(() => log.includes('b closed 12'))
  })

  it('takes any packet without throwing', () => {
    using pair = associate()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        pair.a.handlePacket(bytes, performance.now())
      })
    )
  })
})

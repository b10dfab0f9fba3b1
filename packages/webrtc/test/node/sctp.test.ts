import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SendQueue } from '../../src/node/sctp/send-queue.ts'
import { isWellFormedPacket } from '../../src/node/sctp/packet-shape.ts'
import { WeriftSctpAssociation } from '../../src/node/sctp/werift-sctp.ts'
import type { SctpHandlers } from '../../src/node/sctp/association.ts'

/** Two associations over a link that may drop packets. */
function associate(lossOf: () => boolean = () => false) {
  const log: string[] = []
  const received: { name: string; streamId: number; ppid: number; data: Uint8Array }[] = []
  const waiting: (() => void)[] = []
  const notify = (): void => {
    for (const wake of waiting.splice(0)) wake()
  }
  const handlers = (name: 'a' | 'b'): SctpHandlers => ({
    onPacket: (packet) => {
      if (!lossOf()) setImmediate(() => (name === 'a' ? b : a).handlePacket(packet))
    },
    onConnected: (maxStreams) => {
      log.push(`${name} connected ${maxStreams}`)
      notify()
    },
    onMessage: (streamId, ppid, data) => {
      received.push({ name, streamId, ppid, data })
      notify()
    },
    onSent: (streamId, bytes) => {
      log.push(`${name} sent ${streamId} ${bytes}`)
      notify()
    },
    onIncomingReset: (streamId) => {
      log.push(`${name} incoming reset ${streamId}`)
      notify()
    },
    onOutgoingReset: (streamId) => {
      log.push(`${name} outgoing reset ${streamId}`)
      notify()
    },
    onClosed: () => {
      log.push(`${name} closed`)
      notify()
    }
  })
  const init = { localPort: 5000, remotePort: 5000, maxMessageSize: 262_144 }
  const a = new WeriftSctpAssociation({ ...init, initiates: true }, handlers('a'))
  const b = new WeriftSctpAssociation({ ...init, initiates: false }, handlers('b'))
  a.start()
  b.start()
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return {
    a,
    b,
    log,
    received,
    until,
    [Symbol.dispose]() {
      a.abort()
      b.abort()
    }
  }
}

describe('WeriftSctpAssociation', () => {
  it('connects, carries messages and tells what has left', async () => {
    using pair = associate()
    const { a, log, received, until } = pair
    a.send(1, 51, Buffer.from('early'), { ordered: true })
    a.send(1, 53, new Uint8Array(5000).fill(7), { ordered: true })
    await until(() => received.length === 2)
    assert.deepEqual(
      received.map(({ name, streamId, ppid, data }) => [name, streamId, ppid, data.length]),
      [
        ['b', 1, 51, 5],
        ['b', 1, 53, 5000]
      ]
    )
    assert.ok(log.includes('a connected 1024'))
    assert.deepEqual(
      log.filter((entry) => entry.startsWith('a sent')),
      ['a sent 1 5', 'a sent 1 5000']
    )
  })

  it('resets a stream only after its data, and both sides hear of it', async () => {
    using pair = associate()
    const { a, log, received, until } = pair
    a.send(3, 53, new Uint8Array(100_000), { ordered: true })
    a.resetStream(3)
    await until(() => log.includes('a outgoing reset 3'))
    assert.ok(log.includes('b incoming reset 3'))
    assert.equal(received.length, 1)
    a.send(3, 51, Buffer.from('again'), { ordered: true })
    await until(() => received.length === 2)
  })

  it('gives up messages beyond their limit, those only, also maxRetransmits 0', async () => {
    let lossy = false
    let seed = 1
    using pair = associate(() => {
      seed = (seed * 48_271) % 0x7fff_ffff
      return lossy && seed % 4 === 0
    })
    const { a, log, received, until } = pair
    await until(() => log.includes('a connected 1024') && log.includes('b connected 1024'))
    lossy = true
    const reliable = 20
    for (let index = 0; index < reliable; index++) {
      a.send(1, 53, new Uint8Array(2500).fill(index), { ordered: true })
      a.send(3, 53, new Uint8Array(2500).fill(index), { ordered: false, maxRetransmits: 0 })
    }
    await until(() => received.filter(({ streamId }) => streamId === 1).length === reliable)
    const whole = received.filter(({ streamId }) => streamId === 1).map(({ data }) => data[0])
    assert.deepEqual(
      whole,
      Array.from({ length: reliable }, (_, index) => index)
    )
    assert.ok(received.filter(({ streamId }) => streamId === 3).length < reliable)
    assert.ok(received.every(({ data }) => data.length === 2500 && data.every((byte) => byte === data[0])))
  })

  it('ends the other side by abort(), once', async () => {
    using pair = associate()
    const { a, log, until } = pair
    await until(() => log.includes('a connected 1024') && log.includes('b connected 1024'))
    a.abort()
    a.abort()
    await until(() => log.includes('b closed'))
    assert.equal(log.includes('a closed'), false)
  })

  it('ends with a peer that sends larger messages than it may', async () => {
    using pair = associate()
    const { a, log, until } = pair
    a.send(1, 53, new Uint8Array(262_145), { ordered: true })
    await until(() => log.includes('b closed'))
  })

  it('takes any packet without throwing', () => {
    using pair = associate()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        pair.a.handlePacket(bytes)
      })
    )
  })
})

describe('isWellFormedPacket()', () => {
  const header = Buffer.alloc(12)
  const packet = (...chunks: number[][]): Buffer =>
    Buffer.concat([header, ...chunks.map((chunk) => Buffer.from(chunk))])

  it('takes whole chunks with whole parameters', () => {
    assert.ok(isWellFormedPacket(packet([14, 0, 0, 4])))
    assert.ok(isWellFormedPacket(packet([6, 0, 0, 8, 0, 12, 0, 4], [11, 0, 0, 4])))
    assert.ok(isWellFormedPacket(packet([130, 0, 0, 9, 0, 13, 0, 5, 1, 0, 0, 0])))
  })

  it('refuses lengths of zero and beyond the end, which keep the parser below busy for ever', () => {
    assert.equal(isWellFormedPacket(header), false)
    assert.equal(isWellFormedPacket(packet([14, 0, 0, 0])), false)
    assert.equal(isWellFormedPacket(packet([14, 0, 0, 3])), false)
    assert.equal(isWellFormedPacket(packet([14, 0, 0, 5])), false)
    assert.equal(isWellFormedPacket(packet([6, 0, 0, 8, 0, 12, 0, 0])), false)
    assert.equal(isWellFormedPacket(packet([1, 0, 0, 8, 0, 0, 0, 0])), false)
  })
})

describe('SendQueue', () => {
  it('lets streams take turns and keeps the order within each', () => {
    const queue = new SendQueue<null>()
    const push = (streamId: number, ppid: number): void => {
      queue.push({ streamId, ppid, data: new Uint8Array(), options: null })
    }
    for (const ppid of [1, 2, 3]) push(7, ppid)
    for (const ppid of [1, 2]) push(9, ppid)
    const order = Array.from({ length: 6 }, () => queue.shift()).map(
      (message) => message && `${message.streamId}/${message.ppid}`
    )
    assert.deepEqual(order, ['7/1', '9/1', '7/2', '9/2', '7/3', undefined])
  })
})

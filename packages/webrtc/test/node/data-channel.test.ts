import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { RTCDataChannel, RTCPeerConnection } from '@hearsay/webrtc'
import { connectPair, createPair, negotiate, once, receive, record } from './support/connections.ts'

const SIZES = [0, 1, 2, 1100, 1200, 16_384, 65_535, 65_536, 65_537, 262_144]

function sha256(data: unknown): string {
  return createHash('sha256')
    .update(new Uint8Array(data as ArrayBuffer))
    .digest('hex')
}

describe('RTCDataChannel', () => {
  describe('createDataChannel()', () => {
    let pc: RTCPeerConnection
    beforeEach(() => {
      pc = new RTCPeerConnection()
    })
    afterEach(() => {
      pc.close()
    })

    it('has the defaults of webrtc-pc', () => {
      const channel = pc.createDataChannel('')
      assert.ok(channel instanceof RTCDataChannel)
      assert.deepEqual(
        [channel.label, channel.ordered, channel.maxPacketLifeTime, channel.maxRetransmits, channel.protocol],
        ['', true, null, null, '']
      )
      assert.deepEqual(
        [channel.negotiated, channel.id, channel.readyState, channel.bufferedAmount],
        [false, null, 'connecting', 0]
      )
      assert.deepEqual([channel.bufferedAmountLowThreshold, channel.binaryType], [0, 'arraybuffer'])
    })

    it('converts its arguments as Web IDL has it', () => {
      assert.equal(pc.createDataChannel(null as unknown as string).label, 'null')
      assert.equal(pc.createDataChannel('\ud800').label, '\ufffd')
      assert.equal(pc.createDataChannel('x', { id: 7 }).id, null)
      assert.equal(pc.createDataChannel('x', { negotiated: true, id: 65_534 }).id, 65_534)
      assert.equal(pc.createDataChannel('x', { maxRetransmits: 0, ordered: false }).maxRetransmits, 0)
    })

    it('throws TypeError for what is out of range', () => {
      for (const init of [
        { negotiated: true },
        { negotiated: true, id: 65_535 },
        { negotiated: true, id: -1 },
        { maxRetransmits: -1 },
        { maxRetransmits: 65_536 },
        { maxPacketLifeTime: 65_536 },
        { maxRetransmits: 1, maxPacketLifeTime: 1 },
        { priority: 'urgent' as 'high' },
        { protocol: 'ö'.repeat(32_768) }
      ]) {
        assert.throws(() => pc.createDataChannel('x', init), TypeError, JSON.stringify(init))
      }
      assert.throws(() => pc.createDataChannel('ö'.repeat(32_768)), TypeError)
      assert.equal(pc.createDataChannel('ö'.repeat(32_767)).label.length, 32_767)
    })

    it('throws OperationError for an identifier that is taken', () => {
      pc.createDataChannel('x', { negotiated: true, id: 3 })
      assert.throws(() => pc.createDataChannel('y', { negotiated: true, id: 3 }), { name: 'OperationError' })
    })

    it('lets nothing be sent before it is open', () => {
      const channel = pc.createDataChannel('x')
      assert.throws(
        () => {
          channel.send('x')
        },
        { name: 'InvalidStateError', constructor: DOMException }
      )
    })
  })

  it('cannot be constructed by scripts', () => {
    assert.throws(() => new (RTCDataChannel as unknown as new () => unknown)(), TypeError)
  })

  it('announces itself to the peer with all its properties', async () => {
    using pair = createPair()
    const { a, b } = pair
    const channels = [
      { label: 'plain', init: {} },
      { label: 'grün 🌿', init: { protocol: 'prötocol', ordered: false } },
      { label: 'retransmits', init: { maxRetransmits: 3 } },
      { label: 'high', init: { priority: 'high' as const } },
      { label: 'very low', init: { priority: 'very-low' as const, maxRetransmits: 1 } },
      { label: 'none', init: { maxRetransmits: 0, ordered: false } },
      { label: 'lifetime', init: { maxPacketLifeTime: 500, ordered: false } },
      { label: 'long'.repeat(5000), init: {} }
    ].map(({ label, init }) => a.createDataChannel(label, init))
    const announced: RTCDataChannel[] = []
    const all = new Promise<void>((resolve) => {
      b.ondatachannel = ({ channel }) => {
        if (announced.push(channel) === channels.length) resolve()
      }
    })
    await negotiate(a, b)
    await all
    const properties = ({
      label,
      protocol,
      ordered,
      maxRetransmits,
      maxPacketLifeTime,
      priority,
      id
    }: RTCDataChannel & { priority?: RTCPriorityType }) => ({
      label,
      protocol,
      ordered,
      maxRetransmits,
      maxPacketLifeTime,
      priority,
      id
    })
    announced.sort((x, y) => x.id! - y.id!)
    assert.deepEqual(announced.map(properties), channels.map(properties))
    assert.ok(announced.every(({ negotiated }) => !negotiated))
  })

  it('is open in the datachannel event already, whose handler may send; the open event follows', async () => {
    using pair = createPair()
    const { a, b } = pair
    const channel = a.createDataChannel('x')
    const log: string[] = []
    const opened = new Promise<void>((resolve) => {
      b.ondatachannel = ({ channel: announced }) => {
        log.push(`datachannel ${announced.readyState}`)
        announced.send('at once')
        announced.onopen = () => {
          log.push('open')
          resolve()
        }
      }
    })
    const got = receive(channel, 1)
    await negotiate(a, b)
    await opened
    assert.deepEqual(log, ['datachannel open', 'open'])
    assert.deepEqual(await got, ['at once'])
  })

  it('gives even identifiers to the DTLS client and odd ones to the server', async () => {
    using pair = await connectPair()
    const { a, b, channelA } = pair
    assert.equal(channelA.id! % 2, 1)
    const fromB = b.createDataChannel('x')
    assert.equal(fromB.id! % 2, 0)
    const { channel } = await once<RTCDataChannelEvent>(a, 'datachannel')
    assert.equal(channel.id, fromB.id)
  })

  for (const negotiated of [false, true]) {
    it(`carries every size both ways, ${negotiated ? 'negotiated' : 'announced in-band'}`, async () => {
      using pair = await connectPair(negotiated ? { negotiated, id: 5 } : {})
      const { channelA, channelB } = pair
      const messages = SIZES.map((size) => randomBytes(size))
      for (const [from, to] of [
        [channelA, channelB],
        [channelB, channelA]
      ] as const) {
        const got = receive(to, messages.length)
        for (const message of messages) from.send(message)
        assert.deepEqual(
          (await got).map((message) => [(message as ArrayBuffer).byteLength, sha256(message)]),
          messages.map((message) => [message.length, sha256(message)])
        )
      }
    })
  }

  it('keeps kinds and order, also around Blobs', async () => {
    using pair = await connectPair()
    const { channelA, channelB } = pair
    const got = receive(channelB, 7)
    channelA.send('text')
    channelA.send(new Blob(['blob ', 'one']))
    channelA.send('')
    channelA.send(new Uint16Array([1, 2]).subarray(1))
    channelA.send(new Blob([]))
    channelA.send(new Uint8Array([9]).buffer)
    channelA.send('ünï\u0000 🌿')
    const [text, blob, empty, view, emptyBlob, buffer, last] = await got
    assert.deepEqual([text, empty, last], ['text', '', 'ünï\u0000 🌿'])
    assert.equal(Buffer.from(blob as ArrayBuffer).toString(), 'blob one')
    assert.deepEqual(new Uint16Array(view as ArrayBuffer), new Uint16Array([2]))
    assert.equal((emptyBlob as ArrayBuffer).byteLength, 0)
    assert.deepEqual(new Uint8Array(buffer as ArrayBuffer), new Uint8Array([9]))
  })

  it('takes the bytes when send() is called', async () => {
    using pair = await connectPair()
    const { channelA, channelB } = pair
    const got = receive(channelB, 1)
    const data = new Uint8Array([1, 2, 3])
    channelA.send(data)
    data.fill(0)
    assert.deepEqual(new Uint8Array((await got)[0] as ArrayBuffer), new Uint8Array([1, 2, 3]))
  })

  it('gives Blobs where binaryType says so, and ignores other values', async () => {
    using pair = await connectPair()
    const { channelA, channelB } = pair
    channelB.binaryType = 'blob'
    channelB.binaryType = 'nonsense' as BinaryType
    assert.equal(channelB.binaryType, 'blob')
    const got = receive(channelB, 1)
    channelA.send(new Uint8Array([65]))
    const [message] = await got
    assert.ok(message instanceof Blob)
    assert.equal(await message.text(), 'A')
  })

  it('throws TypeError beyond maxMessageSize and OperationError when full', async () => {
    using pair = await connectPair()
    const { a, channelA } = pair
    assert.equal(a.sctp!.maxMessageSize, 262_144)
    assert.throws(() => {
      channelA.send(new Uint8Array(262_145))
    }, TypeError)
    const full = () => {
      for (;;) channelA.send(new Uint8Array(262_144))
    }
    assert.throws(full, { name: 'OperationError' })
    assert.equal(channelA.bufferedAmount, 16 * 1024 * 1024)
  })

  it('counts bufferedAmount in bytes, and says when it is low', async () => {
    using pair = await connectPair()
    const { channelA, channelB } = pair
    channelA.bufferedAmountLowThreshold = 1000
    const log: string[] = []
    record(log, channelA, ['bufferedamountlow'])
    let handled = false
    channelA.onbufferedamountlow = () => {
      handled = true
    }
    const got = receive(channelB, 3)
    const low = once(channelA, 'bufferedamountlow')
    channelA.send('ü')
    channelA.send('')
    assert.equal(channelA.bufferedAmount, 2)
    channelA.send(new Uint8Array(200_000))
    assert.equal(channelA.bufferedAmount, 200_002)
    await low
    assert.ok(channelA.bufferedAmount <= 1000)
    assert.ok(handled)
    await got
    assert.deepEqual(log, ['bufferedamountlow'])
  })

  it('lets a message of high priority overtake what waits at low', async () => {
    using pair = await connectPair()
    const { a, b } = pair
    const names = ['low', 'high'] as const
    const received: string[] = []
    const announced = new Promise<void>((resolve) => {
      let left = names.length
      b.ondatachannel = ({ channel }) => {
        channel.onmessage = () => received.push(channel.label)
        if (--left === 0) resolve()
      }
    })
    const [low, high] = names.map((priority) => a.createDataChannel(priority, { priority }))
    await Promise.all([announced, once(low, 'open'), once(high, 'open')])
    const all = new Promise<void>((resolve) => {
      low.onbufferedamountlow = () => {
        resolve()
      }
    })
    for (let index = 0; index < 100; index++) low.send(new Uint8Array(65_536))
    high.send('overtakes')
    await all
    assert.ok(received.indexOf('high') < 50, received.join())
  })

  it('delivers unordered and limited messages', async () => {
    for (const init of [
      { ordered: false },
      { ordered: false, maxRetransmits: 0 },
      { maxPacketLifeTime: 5000 }
    ]) {
      using pair = await connectPair(init)
      const { channelA, channelB } = pair
      const got = receive(channelB, 20)
      for (let index = 0; index < 20; index++) channelA.send(new Uint8Array(3000).fill(index))
      assert.equal(new Set((await got).map((data) => new Uint8Array(data as ArrayBuffer)[0])).size, 20)
    }
  })

  describe('close()', () => {
    it('delivers what was sent, then closes both sides: closing and close there, close here', async () => {
      using pair = await connectPair()
      const { channelA, channelB } = pair
      const log: string[] = []
      record(log, channelA, ['closing', 'close', 'error'], 'a ')
      record(log, channelB, ['message', 'closing', 'close', 'error'], 'b ')
      const both = Promise.all([once(channelA, 'close'), once(channelB, 'close')])
      channelA.send(new Uint8Array(100_000))
      channelA.send(new Blob(['last']))
      channelA.close()
      assert.equal(channelA.readyState, 'closing')
      assert.throws(
        () => {
          channelA.send('late')
        },
        { name: 'InvalidStateError' }
      )
      await both
      assert.deepEqual([channelA.readyState, channelB.readyState], ['closed', 'closed'])
      assert.deepEqual(
        log.filter((entry) => entry !== 'a close'),
        ['b message', 'b message', 'b closing', 'b close']
      )
      assert.equal(log.filter((entry) => entry === 'a close').length, 1)
    })

    it('lets the identifier be used again', async () => {
      using pair = await connectPair()
      const { a, b, channelA, channelB } = pair
      const { id } = channelA
      const both = Promise.all([once(channelA, 'close'), once(channelB, 'close')])
      channelB.close()
      await both
      const announced = once<RTCDataChannelEvent>(b, 'datachannel')
      const next = a.createDataChannel('next')
      assert.equal(next.id, id)
      const { channel } = await announced
      assert.equal(channel.label, 'next')
      const got = receive(next, 1)
      channel.send('hello')
      assert.deepEqual(await got, ['hello'])
    })

    it('works from both sides at once', async () => {
      using pair = await connectPair()
      const { channelA, channelB } = pair
      const both = Promise.all([once(channelA, 'close'), once(channelB, 'close')])
      channelA.close()
      channelB.close()
      await both
    })

    it('works before the connection is there', async () => {
      const pc = new RTCPeerConnection()
      const channel = pc.createDataChannel('x')
      const closed = once(channel, 'close')
      channel.close()
      assert.equal(channel.readyState, 'closing')
      await closed
      assert.equal(channel.readyState, 'closed')
      pc.close()
    })
  })

  it('gives many channels, each with its own messages', async () => {
    using pair = await connectPair()
    const { a, b } = pair
    const count = 50
    const all = new Promise<void>((resolve) => {
      let complete = 0
      b.ondatachannel = ({ channel }) => {
        channel.onmessage = ({ data }) => {
          assert.equal(data, channel.label)
          if (++complete === count) resolve()
        }
      }
    })
    for (let index = 0; index < count; index++) {
      const channel = a.createDataChannel(`channel ${index}`)
      channel.onopen = () => {
        channel.send(channel.label)
      }
    }
    await all
  })
})

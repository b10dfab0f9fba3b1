import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RemoteHandlerError, type ChannelOptions } from '@hearsay/session'
import {
  decodeChannelFrame,
  encodeChannelFrame,
  type ChannelFrame,
  type MessageHeader
} from '../src/channels/frame.ts'
import { encodeControlFrame } from '../src/control/control-frame.ts'
import {
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_RECEIVE_WINDOW_BYTES,
  FRAME_COST_BYTES,
  MAX_RECEIVED_BYTES,
  MAX_TEXT_BYTES
} from '../src/constants.ts'
import { attack, codeOf } from './support/attack.ts'
import type { RawPeer } from './support/raw-peer.ts'

describe('after hello', () => {
  const violations: [what: string, act: (peer: RawPeer) => void, options?: ChannelOptions][] = [
    ['a second hello', (peer) => peer.sayHello()],
    ['garbage on the control channel', (peer) => peer.control.send(Uint8Array.of(0))],
    ['a malformed signal', (peer) => peer.say({ type: 'signal', payload: Uint8Array.of(1, 99) })],
    ['garbage on a channel', (peer) => peer.channel.send(Uint8Array.of(255))],
    ['an empty frame', (peer) => peer.channel.send(new Uint8Array(0))],
    [
      'a fragment without a beginning',
      (peer) => peer.send({ type: 'continue', lane: 'messages', end: true, body: Uint8Array.of(1) })
    ],
    ['a message over the limit', (peer) => peer.message(new Uint8Array(10), 2 ** 40)],
    [
      'a split message where none may be',
      (peer) => peer.message(new Uint8Array(10), 20),
      { kind: 'realtime' }
    ]
  ]
  for (const [what, act, options] of violations) {
    it(`${what} ends it as protocol-violation, and the peer is told`, async () => {
      const { peer, victim, advance, end } = await attack(options)
      peer.sayHello()
      await advance(100)
      assert.equal(victim.state.name, 'connected')
      act(peer)
      await advance(1_000)
      assert.equal(codeOf(victim), 'protocol-violation')
      const bye = peer.received.find(({ type }) => type === 'bye')
      assert.equal(bye?.type === 'bye' && bye.reason.code, 'protocol-violation')
      await end()
    })
  }

  it('more than the credit granted ends it as protocol-violation', async () => {
    const { peer, victim, advance, end } = await attack({}, false)
    peer.sayHello()
    await advance(100)
    for (let sent = 0; sent < 1_000_000; sent += 60_000) peer.message(new Uint8Array(60_000))
    await advance(1_000)
    assert.equal(victim.state.name, 'connected')
    for (let sent = 0; sent < 240_000; sent += 60_000) peer.message(new Uint8Array(60_000))
    await advance(1_000)
    assert.equal(codeOf(victim), 'protocol-violation')
    await end()
  })

  it('the largest messages on many channels at once are received one after another', async () => {
    const { peer, victim, endOf, advance, end } = await attack()
    peer.sayHello()
    await advance(100)
    const labels = Array.from({ length: 4 }, (_, index) => `c${index}`)
    const taken: number[] = []
    victim.addEventListener('channel', ({ detail }) => {
      detail.addEventListener('message', (event) => {
        taken.push((event as CustomEvent<Uint8Array>).detail.length)
      })
    })
    const body = new Uint8Array(60_000)
    const total = DEFAULT_MAX_MESSAGE_SIZE
    const encode = (frame: ChannelFrame): Uint8Array<ArrayBuffer> => encodeChannelFrame(frame).slice()
    const continued = encode({ type: 'continue', lane: 'messages', end: false, body })
    const cost = continued.length + FRAME_COST_BYTES
    const flows = labels.map((label) => {
      const flow = { label, sent: 0, used: 0, limit: 0 }
      const channel = peer.connection.createDataChannel(label, { protocol: 'hearsay.1 reliable bytes' })
      channel.addEventListener('message', (event) => {
        const frame = decodeChannelFrame(new Uint8Array((event as MessageEvent<ArrayBuffer>).data))
        if (frame?.type === 'credit') flow.limit = frame.limit
      })
      return flow
    })
    await advance(100)
    const header = { kind: 'message' as const }
    for (const flow of flows) {
      const frame = encode({ type: 'begin', header, empty: false, total, end: false, body })
      endOf(flow.label).receive(frame)
      flow.sent += body.length
      flow.used += frame.length + FRAME_COST_BYTES
    }
    /** As much of each as credit allows, but for its last frame. */
    const send = async (): Promise<number> => {
      for (let moved = true; moved;) {
        moved = false
        for (const flow of flows) {
          while (flow.used + cost <= flow.limit && flow.sent + body.length < total) {
            endOf(flow.label).receive(continued)
            flow.sent += body.length
            flow.used += cost
            moved = true
          }
        }
        await advance(20)
      }
      return flows.reduce((sum, { sent }) => sum + sent, 0)
    }
    const held = await send()
    assert.ok(held <= MAX_RECEIVED_BYTES + total + labels.length * DEFAULT_RECEIVE_WINDOW_BYTES, String(held))
    assert.ok(flows.slice(1).every(({ sent }) => sent < 0.75 * total))
    const [oldest] = flows
    const last = new Uint8Array(total - oldest.sent)
    endOf(oldest.label).receive(encode({ type: 'continue', lane: 'messages', end: true, body: last }))
    await advance(20)
    assert.deepEqual(taken, [total])
    assert.ok((await send()) - held > total / 4, 'the others go on')
    assert.equal(victim.state.name, 'connected')
    await end()
  })

  const harmless: [what: string, act: (peer: RawPeer) => void][] = [
    [
      'responses that nobody waits for',
      (peer) =>
        peer.send({
          type: 'begin',
          header: { kind: 'response', id: 7 },
          empty: true,
          total: 0,
          end: true,
          body: new Uint8Array(0)
        })
    ],
    ['cancelling what does not run', (peer) => peer.send({ type: 'cancel', id: 7 })],
    ['pongs to no ping', (peer) => peer.say({ type: 'pong', token: 12_345 })],
    [
      'a channel of another protocol',
      (peer) => void peer.connection.createDataChannel('other', { protocol: 'http' })
    ],
    [
      'a channel with a label over the limit',
      (peer) =>
        void peer.connection.createDataChannel('x'.repeat(65), { protocol: 'hearsay.1 reliable json' })
    ],
    [
      '300 channels',
      (peer) => {
        for (let index = 0; index < 300; index++) {
          peer.connection.createDataChannel(`c${index}`, { protocol: 'hearsay.1 reliable json' })
        }
      }
    ]
  ]
  for (const [what, act] of harmless) {
    it(`${what} change nothing`, async () => {
      const { peer, victim, delivered, advance, end } = await attack()
      peer.sayHello()
      await advance(100)
      act(peer)
      peer.message(Uint8Array.of(1))
      await advance(1_000)
      assert.equal(victim.state.name, 'connected')
      assert.deepEqual(delivered, [Uint8Array.of(1)])
      assert.ok(victim.channels.length <= 256)
      await end()
    })
  }

  const unread: [what: string, header: MessageHeader, body: Uint8Array][] = [
    ['requests that nobody handles', { kind: 'request', id: 1, type: 'x' }, new Uint8Array(0)],
    ['requests that are too large', { kind: 'request', id: 1, type: 'x' }, new Uint8Array(200)]
  ]
  for (const [what, header, body] of unread) {
    it(`a peer that does not read the answers to ${what} makes us keep a bounded number`, async () => {
      const options = { maxMessageSize: 100, receiveWindowBytes: 262_144, highWatermarkBytes: 1_000 }
      const { peer, victim, endOf, advance, end } = await attack(options)
      peer.sayHello()
      const channel = endOf('x')
      let limit = 0
      channel.send = (data) => {
        channel.bufferedAmount += data.length
        const frame = decodeChannelFrame(data)
        if (frame?.type === 'credit') limit = frame.limit
      }
      await advance(100)
      const frame = encodeChannelFrame({
        type: 'begin',
        header,
        empty: false,
        total: body.length,
        end: true,
        body
      }).slice()
      const cost = frame.length + FRAME_COST_BYTES
      let asked = 0
      for (let before = -1; before < asked;) {
        before = asked
        for (; (asked + 1) * cost <= limit && asked < 20_000; asked++) channel.receive(frame)
        await advance(0)
      }
      assert.ok(asked < 10_000, `${asked} were taken`)
      assert.equal(victim.state.name, 'connected')
      await end()
    })
  }

  it('a peer that pings and does not read the answers gets few', async () => {
    const { peer, victim, endOf, advance, end } = await attack()
    peer.sayHello()
    await advance(100)
    const control = endOf('hearsay')
    let answers = 0
    control.send = (data) => {
      control.bufferedAmount += data.length
      answers++
    }
    const ping = encodeControlFrame({ type: 'ping', token: 1 }).slice()
    for (let count = 0; count < 100_000; count++) control.receive(ping)
    assert.ok(answers > 0 && answers < 40_000, String(answers))
    assert.equal(victim.state.name, 'connected')
    await end()
  })

  it('an error is a line, however much the peer says', async () => {
    const { peer, victim, advance, end } = await attack()
    peer.sayHello()
    await advance(100)
    const failed = victim
      .channel('x')
      .request('anything')
      .catch((error: unknown) => error)
    await advance(100)
    const body = new TextEncoder().encode('ä'.repeat(20_000))
    const header = { kind: 'error' as const, id: 1, code: 'handler-failed' }
    peer.send({ type: 'begin', header, empty: false, total: body.length, end: true, body })
    await advance(100)
    const error = await failed
    assert.ok(error instanceof RemoteHandlerError)
    assert.equal(new TextEncoder().encode(error.message).length, MAX_TEXT_BYTES)
    await end()
  })

  it('a request of a type that is no text, or too large, is answered with an error', async () => {
    const { peer, victim, advance, end } = await attack({ maxMessageSize: 100 })
    peer.sayHello()
    await advance(100)
    const replies: number[] = []
    peer.channel.addEventListener('message', (event) => {
      replies.push((new Uint8Array((event as MessageEvent<ArrayBuffer>).data)[0] ?? 0) & 0x0f)
    })
    const body = new Uint8Array(101)
    const header = { kind: 'request' as const, id: 1, type: 'x' }
    peer.send({ type: 'begin', header, empty: false, total: body.length, end: true, body })
    await advance(100)
    assert.ok(replies.includes(4), 'an error frame')
    assert.equal(victim.state.name, 'connected')
    await end()
  })

  it('any bytes on any channel, at any time: nothing throws, nothing is left behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 40 })), { maxLength: 20 }),
        async (hello, frames) => {
          const { peer, advance, end } = await attack()
          if (hello) peer.sayHello()
          for (const [onControl, bytes] of frames) {
            await advance(1)
            const target = onControl ? peer.control : peer.channel
            if (target.readyState === 'open') target.send(bytes)
          }
          await advance(1_000)
          await end()
        }
      ),
      { numRuns: 60 }
    )
  })
})

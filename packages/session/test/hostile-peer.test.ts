import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ChannelOptions, PeerSession } from '@hearsay/session'
import { testPeerId } from '@hearsay/testing'
import { MAX_EARLY_BYTES } from '../src/constants.ts'
import { makePair } from './support/pair.ts'
import { RawPeer } from './support/raw-peer.ts'

interface Attack {
  peer: RawPeer
  victim: PeerSession
  delivered: unknown[]
  connected: boolean
  advance: (ms: number) => Promise<void>
  end: () => Promise<void>
}

/** Bob, and a peer that has dialled him and may do what it wants; `hello` has not been said. */
async function attack(options: ChannelOptions = {}, isRead = true): Promise<Attack> {
  const delivered: unknown[] = []
  const state = { connected: false }
  const pair = makePair({
    bob: { channels: { x: { codec: 'bytes', ...options } } },
    prepare: (session) => {
      session.addEventListener('connected', () => (state.connected = true))
      if (isRead) session.channel('x').addEventListener('message', ({ detail }) => delivered.push(detail))
    }
  })
  const { clock, hub, network } = pair
  const peer = new RawPeer(network, hub.join(testPeerId(9)), 'x', { codec: 'bytes', ...options })
  const dialing = peer.dial(pair.bob.peerId)
  await clock.advance(200)
  await dialing
  return {
    peer,
    victim: pair.bob.session,
    delivered,
    get connected() {
      return state.connected
    },
    advance: (ms) => clock.advance(ms),
    end: async () => {
      peer.connection.close()
      void pair.bob.session.close()
      await clock.advance(60_000)
      assert.equal(clock.pendingTimers, 0)
      assert.equal(network.open.length, 0)
    }
  }
}

function codeOf({ state }: PeerSession): string {
  return 'reason' in state ? state.reason.code : state.name
}

describe('before hello', () => {
  it('nothing is delivered and nobody is connected; what came is delivered after it', async () => {
    const { peer, victim, delivered, advance, end } = await attack()
    peer.message(Uint8Array.of(1))
    await advance(100)
    assert.deepEqual([victim.state.name, delivered], ['connecting', []])
    peer.sayHello()
    await advance(100)
    assert.deepEqual([victim.state.name, delivered], ['connected', [Uint8Array.of(1)]])
    await end()
  })

  it('a peer that never says it is given up', async () => {
    const { peer, victim, delivered, advance, end } = await attack()
    peer.message(Uint8Array.of(1))
    await advance(16_000)
    assert.deepEqual([codeOf(victim), delivered], ['connect-timeout', []])
    await end()
  })

  const instead: [what: string, act: (peer: RawPeer) => void, code: string][] = [
    [
      'a wrong MAC',
      (peer) => peer.say({ type: 'hello', version: 1, mac: new Uint8Array(32) }),
      'hello-mismatch'
    ],
    [
      'another version',
      (peer) => peer.say({ type: 'hello', version: 2, mac: new Uint8Array(32) }),
      'protocol-violation'
    ],
    ['a ping', (peer) => peer.say({ type: 'ping', token: 1 }), 'protocol-violation'],
    ['a signal', (peer) => peer.say({ type: 'signal', payload: new Uint8Array(2) }), 'protocol-violation'],
    ['garbage', (peer) => peer.control.send(Uint8Array.of(99)), 'protocol-violation'],
    [
      'too much data',
      (peer) => {
        for (let sent = 0; sent <= MAX_EARLY_BYTES; sent += 60_000) peer.message(new Uint8Array(60_000))
      },
      'protocol-violation'
    ],
    [
      'too many data channels',
      (peer) => {
        for (let index = 0; index < 300; index++) {
          peer.connection.createDataChannel(`c${index}`, { protocol: 'hearsay.1 reliable json' })
        }
      },
      'protocol-violation'
    ]
  ]
  for (const [what, act, code] of instead) {
    it(`${what} ends it as ${code}`, async () => {
      const session = await attack()
      act(session.peer)
      await session.advance(1_000)
      assert.equal(codeOf(session.victim), code)
      assert.deepEqual([session.connected, session.delivered], [false, []])
      await session.end()
    })
  }
})

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

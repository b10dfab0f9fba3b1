import assert from 'node:assert/strict'
import { FRAME_COST_BYTES, MAX_EARLY_BYTES } from '../src/constants.ts'
import { attack, codeOf } from './support/attack.ts'
import type { RawPeer } from './support/raw-peer.ts'

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

  it('frames are counted, however small they are', async () => {
    const session = await attack()
    const end = session.endOf('x')
    for (let count = 0; count < MAX_EARLY_BYTES / FRAME_COST_BYTES; count++) end.receive(new Uint8Array(0))
    assert.equal(session.victim.state.name, 'connecting')
    end.receive(new Uint8Array(0))
    await session.advance(1_000)
    assert.equal(codeOf(session.victim), 'protocol-violation')
    await session.end()
  })
})

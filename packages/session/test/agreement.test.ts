import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createSignalingHub, testPeerIds, VirtualClock } from '@hearsay/testing'
import type { PeerSession } from '@hearsay/session'
import { Endpoint } from './support/endpoint.ts'
import { FakeNetwork } from './support/fake-network.ts'
import { FakePeerConnection } from './support/fake-peer-connection.ts'

const action = fc.record({
  side: fc.constantFrom('alice' as const, 'bob' as const),
  type: fc.constantFrom(
    'dial' as const,
    'dial' as const,
    'dial' as const,
    'close' as const,
    'restart' as const
  ),
  afterMs: fc.integer({ min: 0, max: 60 })
})

describe('two sessions, whatever happens between them', () => {
  it('end in one agreed state and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 1, maxLength: 8 }),
        fc.record({
          seed: fc.nat(),
          loss: fc.constantFrom(0, 0.2, 0.5),
          slowest: fc.integer({ min: 0, max: 80 })
        }),
        async (actions, { seed, loss, slowest }) => {
          const clock = new VirtualClock()
          const hub = createSignalingHub({ clock, seed, loss, delayMs: [0, slowest] })
          const network = new FakeNetwork(clock, { seed })
          const init = { clock, createPeerConnection: () => new FakePeerConnection(network) }
          const [lower = '', higher = ''] = testPeerIds(2)
          const ends = {
            alice: new Endpoint(hub.join(lower), init),
            bob: new Endpoint(hub.join(higher), init)
          }
          const other = { alice: ends.bob, bob: ends.alice }
          for (const { side, type, afterMs } of actions) {
            act(ends[side], other[side].peerId, type)
            await clock.advance(afterMs)
          }
          await clock.advance(120_000)

          const live = (end: Endpoint): PeerSession[] =>
            end.sessions.filter((session) => session.state.name !== 'closed')
          const [a, b] = [live(ends.alice), live(ends.bob)]
          assert.equal(a.length, b.length, 'both know each other, or neither does')
          assert.ok(a.length <= 1)
          for (const session of [...a, ...b]) assert.equal(session.state.name, 'connected')
          assert.equal(network.open.length, a.length * 2)
          if (a[0] !== undefined && b[0] !== undefined) {
            assert.notEqual(a[0].stats().role, b[0].stats().role)
            b[0].handle('echo', (payload: unknown) => payload)
            const reply = a[0].request('echo', seed)
            await clock.advance(1_000)
            assert.equal(await reply, seed, 'they talk to each other')
          }
          for (const session of [...a, ...b]) void session.close()
          await clock.advance(10_000)
          assert.equal(clock.pendingTimers, 0)
          assert.equal(network.open.length, 0)
        }
      ),
      { numRuns: 150 }
    )
  })
})

function act(end: Endpoint, remotePeer: string, type: 'dial' | 'close' | 'restart'): void {
  const current = end.sessions.find((session) => session.state.name !== 'closed')
  switch (type) {
    case 'dial':
      if (current === undefined)
        end
          .open(remotePeer)
          .dial()
          .catch(() => {})
      return
    case 'close':
      void current?.close()
      return
    case 'restart':
      current?.restartIce()
      return
  }
}

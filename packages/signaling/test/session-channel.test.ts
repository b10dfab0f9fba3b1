import assert from 'node:assert/strict'
import {
  PathUnavailableError,
  peerIdOfSeed,
  SessionChannelPath,
  type Arrival,
  type SessionCarrier
} from '../src/index.ts'
import { createMember, dial, seedOf } from './support/member.ts'
import { TestNetwork } from './support/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

type Receive = (remotePeer: string, envelope: Uint8Array) => void

/** Two ends of one session. */
function createSession(alice: string, bob: string) {
  const receivers = new Map<string, Receive>()
  const session = { isUp: true, carried: 0 }
  const end = (local: string, remote: string): SessionCarrier => ({
    reaches: (peer) => session.isUp && peer === remote,
    send: async (_, envelope) => {
      if (!session.isUp) {
        throw new Error('the session is down')
      }
      session.carried++
      queueMicrotask(() => receivers.get(remote)?.(local, envelope))
    },
    setReceiver: (receive) => {
      if (receive === undefined) {
        receivers.delete(local)
      } else {
        receivers.set(local, receive)
      }
    }
  })
  return { session, ends: [end(alice, bob), end(bob, alice)] as const, receivers }
}

describe('the path over a live session', () => {
  it('carries the next handshake and what follows, and nobody else hears of it', async () => {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    const peers = [0, 1].map((index) => peerIdOfSeed(seedOf(index)))
    const { session, ends } = createSession(peers[0], peers[1])
    const [alice, bob] = await Promise.all(
      ends.map((end, index) =>
        createMember(clock, network, {
          index,
          paths: [new SessionChannelPath(end), network.path('relay', peers[index])]
        })
      )
    )
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    assert.equal(await dial(alice, bob), 'answered')
    alice.sessions[0].send(new TextEncoder().encode('over the session'))
    await clock.advance(100)
    assert.deepEqual(bob.received, ['over the session'])
    assert.equal(alice.sessions[0].path, 'session')
    assert.deepEqual([session.carried >= 3, network.seen.length], [true, 0])

    session.isUp = false
    alice.sessions[0].send(new TextEncoder().encode('over the overlay'))
    await clock.advance(100)
    assert.deepEqual(bob.received, ['over the session', 'over the overlay'])
    await Promise.all([alice.signaler.stop(), bob.signaler.stop()])
  })

  it('keeps a bounded number of envelopes for a channel that takes nothing', async () => {
    const path = new SessionChannelPath({
      reaches: () => true,
      send: () => new Promise(() => undefined),
      setReceiver: () => undefined
    })
    let refused = 0
    for (let count = 0; count < 100; count++) {
      path.send('peer', new Uint8Array(1)).catch((error: unknown) => {
        refused += Number(error instanceof PathUnavailableError)
      })
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(refused, 36)
  })

  it('says that the peer itself has sent it, and falls silent when stopped', async () => {
    const { ends, receivers } = createSession('alice', 'bob')
    const arrived: Arrival[] = []
    const path = new SessionChannelPath(ends[1])
    await path.start((_, arrival) => arrived.push(arrival))
    receivers.get('bob')?.('alice', new Uint8Array(1))
    assert.deepEqual(arrived, [{ path: 'session', origin: 'alice', neighbour: 'alice' }])
    await path.stop()
    assert.equal(receivers.size, 0)
  })
})

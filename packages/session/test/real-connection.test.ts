import assert from 'node:assert/strict'
import { HelloMismatchError, type Channel, type PeerSession, type PeerSessionInit } from '@hearsay/session'
import { createSignalingHub, testPeerId, testPeerIds } from '@hearsay/testing'
import { leakCheck } from '@hearsay/testing/leaks'
import { crossOffer } from './support/cross-offer.ts'
import { Endpoint } from './support/endpoint.ts'

interface RealPair {
  alice: Endpoint
  bob: Endpoint
}

function makeRealPair(init: Partial<PeerSessionInit> = {}): RealPair {
  const hub = createSignalingHub()
  const [lower = '', higher = ''] = testPeerIds(2)
  return { alice: new Endpoint(hub.join(lower), init), bob: new Endpoint(hub.join(higher), init) }
}

async function connect({ alice, bob }: RealPair): Promise<{ a: PeerSession; b: PeerSession }> {
  const a = alice.open(bob.peerId)
  await a.dial()
  await bob.session.waitForConnected()
  return { a, b: bob.session }
}

describe('sessions over real peer connections', () => {
  it('connect, exchange messages of every kind, close with the same reason, and leave nothing behind', async () => {
    const leaks = leakCheck()
    const channels = {
      files: { kind: 'bulk' as const, codec: 'bytes' as const },
      moves: { kind: 'realtime' as const }
    }
    const { a, b } = await connect(makeRealPair({ channels }))
    b.handle('greet', ({ name }: { name: string }) => ({ text: `Hello, ${name}` }))
    assert.deepEqual(await a.request('greet', { name: 'Bob' }), { text: 'Hello, Bob' })

    const file = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251)
    const received = b.channel<Uint8Array>('files')[Symbol.asyncIterator]().next()
    await a.channel<Uint8Array>('files').send(file)
    assert.deepEqual(new Uint8Array((await received).value ?? []), file)

    const move = b.channel('moves')[Symbol.asyncIterator]().next()
    await a.channel('moves').send({ x: 1 })
    assert.deepEqual((await move).value, { x: 1 })

    const announced = new Promise<Channel>((resolve) =>
      b.addEventListener('channel', ({ detail }) => resolve(detail))
    )
    await a.channel<string>('later', { codec: 'text' }).send('hello')
    assert.equal((await (await announced)[Symbol.asyncIterator]().next()).value, 'hello')

    const pair = await a.selectedCandidatePair()
    assert.equal(pair?.local.protocol, 'udp')
    await a.close({ code: 'shutdown', message: 'done' })
    await b.close()
    for (const { state } of [a, b]) assert.equal(state.name === 'closed' && state.reason.code, 'shutdown')
    await leaks.done()
  })

  it('connect once where both dial at once', async () => {
    const leaks = leakCheck()
    const { alice, bob } = makeRealPair()
    const [a, b] = [alice.open(bob.peerId), bob.open(alice.peerId)]
    await Promise.all([a.dial(), b.dial()])
    b.handle('echo', (payload: unknown) => payload)
    assert.equal(await a.request('echo', 'one of two'), 'one of two')
    assert.deepEqual([alice.sessions.length, bob.sessions.length], [1, 1])
    await Promise.all([a.close(), b.close()])
    await leaks.done()
  })

  it('give up in time where there is no way, and leave nothing behind', async () => {
    const leaks = leakCheck()
    const { alice, bob } = makeRealPair({
      timeouts: { connectTimeoutMs: 300 },
      candidates: { local: { types: [] }, remote: { types: [] } }
    })
    const session = alice.open(bob.peerId)
    await assert.rejects(session.dial(), { code: 'ERR_CONNECT_TIMEOUT' })
    await bob.session.close()
    await leaks.done()
  })

  it('catch a third peer that passes on the fingerprints of two others', async () => {
    const leaks = leakCheck()
    const hub = createSignalingHub()
    const [lower = '', higher = ''] = testPeerIds(2)
    const alice = new Endpoint(hub.join(lower), {})
    const bob = new Endpoint(hub.join(higher), {})
    const mallory = hub.join(testPeerId(9))
    crossOffer(mallory, bob.peerId)
    const session = alice.open(mallory.localPeer)
    await assert.rejects(session.dial(), HelloMismatchError)
    await bob.session.close()
    const { state } = bob.session
    assert.equal(state.name === 'closed' && state.reason.code, 'hello-mismatch')
    await leaks.done()
  })

  it('restart ICE while messages go on', async () => {
    const leaks = leakCheck()
    const { a, b } = await connect(makeRealPair())
    b.handle('echo', (payload: unknown) => payload)
    a.restartIce()
    for (let index = 0; index < 20; index++) {
      assert.equal(await a.request('echo', index), index)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.equal(a.stats().renegotiations, 1)
    assert.deepEqual([a.state.name, b.state.name], ['connected', 'connected'])
    await Promise.all([a.close(), b.close()])
    await leaks.done()
  })
})

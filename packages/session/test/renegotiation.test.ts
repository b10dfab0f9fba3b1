import assert from 'node:assert/strict'
import { CandidateFilter } from '@hearsay/webrtc'
import { VirtualClock } from '@hearsay/testing'
import { incomingDescription, outgoingDescription } from '../src/negotiation/descriptions.ts'
import { PerfectNegotiation } from '../src/negotiation/perfect-negotiation.ts'
import { FakeNetwork } from './support/fake-network.ts'
import { FakePeerConnection } from './support/fake-peer-connection.ts'
import { connectPair } from './support/pair.ts'

describe('renegotiation (webrtc-pc §10.7)', () => {
  it('restarts ICE over the control channel; new candidates trickle; messages go on', async () => {
    const { a, b, clock, network } = await connectPair({ network: { reflexiveDelayMs: 300 } })
    await clock.advance(1_000)
    const before = [...network.connections].map(({ ufrag }) => ufrag)
    a.restartIce()
    await clock.advance(1_000)
    const [first, second] = [...network.connections]
    assert.ok(first !== undefined && second !== undefined)
    assert.notEqual(first.ufrag, before[0])
    assert.equal(second.remoteUfrag, first.ufrag)
    assert.equal(a.stats().renegotiations, 1)
    assert.equal(b.stats().renegotiations, 1)
    const candidates = second.remoteCandidates.filter(
      ({ usernameFragment }) => usernameFragment === first.ufrag
    )
    assert.ok(candidates.length >= 2, 'the new generation, with its end-of-candidates')
    b.handle('ping', () => 'pong')
    const reply = a.request('ping')
    await clock.advance(100)
    assert.equal(await reply, 'pong')
    assert.deepEqual([a.state.name, b.state.name], ['connected', 'connected'])
  })

  it('agrees where both sides restart at once: the polite one gives way', async () => {
    const { a, b, clock, network } = await connectPair()
    a.restartIce()
    b.restartIce()
    await clock.advance(2_000)
    const [first, second] = [...network.connections]
    assert.deepEqual([first?.signalingState, second?.signalingState], ['stable', 'stable'])
    assert.deepEqual([first?.remoteUfrag, second?.remoteUfrag], [second?.ufrag, first?.ufrag])
    assert.deepEqual([a.state.name, b.state.name], ['connected', 'connected'])
  })

  it('does not take another certificate', async () => {
    const network = new FakeNetwork(new VirtualClock())
    const [ours, theirs] = [new FakePeerConnection(network), new FakePeerConnection(network)]
    const filter = new CandidateFilter()
    const failures: unknown[] = []
    const negotiation = new PerfectNegotiation(
      {
        peerConnection: ours,
        polite: true,
        localFilter: filter,
        remoteFilter: filter,
        send: () => {},
        onRemote: () => {},
        onFailure: (error) => failures.push(error)
      },
      new Uint8Array(32)
    )
    await theirs.setLocalDescription()
    const { description } = outgoingDescription(theirs.localDescription, filter)
    negotiation.handleDescription('offer', description)
    await new Promise((resolve) => setTimeout(resolve))
    assert.match(String(failures[0]), /certificate/)
    assert.equal(ours.signalingState, 'stable')
  })

  it('keeps no more of what a peer describes than it can be at', async () => {
    const network = new FakeNetwork(new VirtualClock())
    const [ours, theirs] = [new FakePeerConnection(network), new FakePeerConnection(network)]
    const filter = new CandidateFilter()
    const failures: unknown[] = []
    await theirs.setLocalDescription()
    const { description, data } = outgoingDescription(theirs.localDescription, filter)
    const negotiation = new PerfectNegotiation(
      {
        peerConnection: ours,
        polite: true,
        localFilter: filter,
        remoteFilter: filter,
        send: () => {},
        onRemote: () => {},
        onFailure: (error) => failures.push(error)
      },
      data.fingerprint
    )
    for (let count = 0; count < 100; count++) negotiation.handleDescription('offer', description)
    assert.match(String(failures[0]), /faster/)
    negotiation.close()
  })

  it('ignores an answer to no offer', async () => {
    const { a, clock, network } = await connectPair()
    const [first] = [...network.connections]
    assert.ok(first !== undefined)
    const { description } = outgoingDescription(first.localDescription, new CandidateFilter())
    assert.equal(incomingDescription(description, 'offer', new CandidateFilter()).data.iceUfrag, first.ufrag)
    await clock.advance(100)
    assert.equal(a.stats().renegotiations, 0)
  })
})

import type { PeerSession, PeerSessionInit } from '@hearsay/session'
import {
  createSignalingHub,
  testPeerIds,
  VirtualClock,
  type HubClock,
  type SignalingHub
} from '@hearsay/testing'
import { Endpoint } from './endpoint.ts'
import { FakeNetwork, type FakeNetworkOptions } from './fake-network.ts'
import { FakePeerConnection } from './fake-peer-connection.ts'

export interface PairOptions {
  alice?: Partial<PeerSessionInit>
  bob?: Partial<PeerSessionInit>
  network?: FakeNetworkOptions
  prepare?: (session: PeerSession) => void
  /** Called with whatever goes through signaling, and with each dial. */
  onSignal?: () => void
}

export interface Pair {
  clock: VirtualClock
  hub: SignalingHub
  network: FakeNetwork
  alice: Endpoint
  bob: Endpoint
}

/** Two endpoints on one virtual clock; Alice has the lower peer ID and is polite. */
export function makePair(options: PairOptions = {}): Pair {
  const { alice, bob, network: networkOptions, prepare, onSignal = () => {} } = options
  const clock = new VirtualClock()
  const hub = createSignalingHub({ clock: watched(clock, onSignal), delayMs: 10 })
  const network = new FakeNetwork(clock, networkOptions)
  const [lower = '', higher = ''] = testPeerIds(2)
  const shared = { clock, createPeerConnection: () => new FakePeerConnection(network) }
  return {
    clock,
    hub,
    network,
    alice: new Endpoint(hub.join(lower), { ...shared, ...alice }, prepare),
    bob: new Endpoint(hub.join(higher), { ...shared, ...bob }, prepare)
  }
}

export interface ConnectedPair extends Pair {
  a: PeerSession
  b: PeerSession
}

/** Alice has dialled Bob, and both are connected. */
export async function connectPair(options?: PairOptions): Promise<ConnectedPair> {
  const pair = makePair(options)
  const a = pair.alice.open(pair.bob.peerId)
  const dialing = a.dial()
  await pair.clock.advanceUntil(
    () => a.state.name === 'connected' && pair.bob.sessions.at(-1)?.state.name === 'connected'
  )
  await dialing
  return { ...pair, a, b: pair.bob.session }
}

/** A clock that tells when something is put off. */
function watched(clock: VirtualClock, onSet: () => void): HubClock {
  return {
    now: () => clock.now(),
    setTimeout: (callback, delayMs) => {
      onSet()
      return clock.setTimeout(callback, delayMs)
    },
    clearTimeout: (handle) => clock.clearTimeout(handle)
  }
}

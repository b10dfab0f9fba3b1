import assert from 'node:assert/strict'
import { peerDiscoverySymbol } from '@libp2p/interface'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { LocalNetwork } from '../src/discovery/local-network.ts'
import type { HearsayComponents } from '../src/components.ts'
import type { FoundPeer } from '../src/discovery/found-peers.ts'
import type { PeerDiscoveryEvents, PeerInfo } from '@libp2p/interface'

/** Stands for the library, whose only door is a multicast socket. */
class FakeMdns extends TypedEventEmitter<PeerDiscoveryEvents> {
  readonly [peerDiscoverySymbol] = this
  running = false

  start(): void {
    this.running = true
  }

  stop(): void {
    this.running = false
  }

  find(peer: PeerInfo): void {
    this.safeDispatchEvent('peer', { detail: peer })
  }
}

const components = {} as HearsayComponents

describe('local network', () => {
  it('asks for the room’s service type, and tells whom it finds with addresses that name the peer', async () => {
    const mdns = new FakeMdns()
    const asked: string[] = []
    const found: FoundPeer[] = []
    const load = (serviceType: string) => {
      asked.push(serviceType)
      return Promise.resolve(() => mdns)
    }
    const network = new LocalNetwork(components, load, '_hroom._udp.local', (peer) => found.push(peer))
    await network.start()
    assert.equal(mdns.running, true)
    const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const multiaddrs = [multiaddr('/ip4/10.77.0.2/tcp/4001')]
    mdns.find({ id, multiaddrs })
    await network.stop()
    mdns.find({ id, multiaddrs })
    const peerId = id.toString()
    assert.deepEqual(found, [{ peerId, addresses: [`/ip4/10.77.0.2/tcp/4001/p2p/${peerId}`] }])
    assert.deepEqual(asked, ['_hroom._udp.local'])
    assert.equal(mdns.running, false)
  })

  it('stops what is still being loaded', async () => {
    const mdns = new FakeMdns()
    const loading = Promise.withResolvers<() => FakeMdns>()
    const network = new LocalNetwork(
      components,
      () => loading.promise,
      '_hroom._udp.local',
      () => undefined
    )
    const starting = network.start()
    const stopping = network.stop()
    loading.resolve(() => mdns)
    await Promise.all([starting, stopping])
    assert.equal(mdns.running, false)
  })

  it('leaves nothing where its library cannot be loaded', async () => {
    const load = () => Promise.reject(new Error('absent'))
    const network = new LocalNetwork(components, load, '_hroom._udp.local', () => undefined)
    await assert.rejects(network.start(), /absent/)
    await network.stop()
  })
})

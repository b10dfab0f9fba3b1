import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { dhtPeerStore } from '../src/discovery/dht-peer-store.ts'
import type { PeerId, PeerStore } from '@libp2p/interface'

const address = (port: number) => multiaddr(`/ip4/127.0.0.1/tcp/${port}`)

describe('peer store of a DHT node', () => {
  let store: PeerStore
  let peerId: PeerId

  beforeEach(async () => {
    store = dhtPeerStore((await createLibp2p({ start: false })).peerStore)
    peerId = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  })

  async function addresses(): Promise<string[]> {
    return (await store.get(peerId)).addresses.map(({ multiaddr }) => multiaddr.toString())
  }

  it('keeps the addresses that a provider gave last, and no others', async () => {
    await store.merge(peerId, { multiaddrs: [address(1), address(2)] })
    await store.merge(peerId, { multiaddrs: [address(3)] })
    assert.deepEqual(await addresses(), [address(3).toString()])
  })

  it('keeps a few addresses, whoever gives a thousand', async () => {
    await store.merge(peerId, { multiaddrs: Array.from({ length: 1_000 }, (_, port) => address(port)) })
    assert.equal((await addresses()).length, 16)
  })

  it('adds what is no address to what is known', async () => {
    await store.merge(peerId, { multiaddrs: [address(1)] })
    await store.merge(peerId, { tags: { one: { value: 1 } } })
    await store.merge(peerId, { tags: { other: { value: 2 } } })
    assert.deepEqual(await addresses(), [address(1).toString()])
    assert.deepEqual([...(await store.get(peerId)).tags.keys()].sort(), ['one', 'other'])
  })

  it('knows no address of a peer that it has forgotten, and does not fail', async () => {
    assert.deepEqual(await addresses(), [])
    assert.equal(await store.has(peerId), false)
  })
})

import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { networkOf } from '../src/introductions/network.ts'
import { Meshes } from './support/meshes.ts'

describe('introductions', () => {
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  it('bring an offer to a member through one whom both know, and keep the room out of it', async () => {
    const line = await meshes.line(3, { autoConnect: false, overlayDegree: 1 })
    const [left, , right] = line
    const peer = await left.dial(right.peerId, { paths: ['introducer'] })
    assert.equal((await peer.stats()).path, 'introducer')
  })

  it('bring it through one whom only the other knows, who is dialed for it', async () => {
    const line = await meshes.line(5, { autoConnect: false, overlayDegree: 1 })
    const [left, , , , right] = line
    const peer = await left.dial(right.peerId, { paths: ['introducer'], timeoutMs: 20_000 })
    assert.equal((await peer.stats()).path, 'introducer')
  })

  it('do without for who wants no introducers', async () => {
    const line = await meshes.line(3, { autoConnect: false, overlayDegree: 1, introducers: 0 })
    const dialing = line[0].dial(line[2].peerId, { paths: ['introducer'], timeoutMs: 2_000 })
    await assert.rejects(dialing, { code: 'ERR_DIAL_FAILED' })
    const peer = await line[0].dial(line[2].peerId)
    assert.equal((await peer.stats()).path, 'gossip')
  })

  it('know what networks addresses are in', () => {
    const networks = [
      '/ip4/192.0.2.7/tcp/1',
      '/ip4/192.0.99.1/udp/1',
      '/ip6/2001:db8:1::1/tcp/1',
      '/dns4/a.example/tcp/443/wss',
      '/memory/1'
    ].map((text) => networkOf(multiaddr(text)))
    assert.deepEqual(networks, ['192.0', '192.0', '2001:db8', 'a.example', undefined])
  })
})

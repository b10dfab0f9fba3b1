import assert from 'node:assert/strict'
import { testPeerId } from '@hearsay/testing'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { Introductions } from '../src/introductions/introductions.ts'
import { networkOf } from '../src/introductions/network.ts'
import { Meshes } from './support/meshes.ts'
import type { PeerId, Topology } from '@libp2p/interface'

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

  describe('that need a connection of their own', () => {
    const peer = testPeerId(7)
    const signal = AbortSignal.timeout(10_000)

    /** With a connection that is there from the start, or comes about by being asked for. */
    function introductions(isConnected: boolean, protocol = '/hearsay/introduce/1.0.0') {
      const log: string[] = []
      const connection = {
        status: 'open',
        streams: [{ protocol }],
        close: async () => {
          log.push('closed')
        }
      }
      const subject = new Introductions({
        components: {
          peerId: peerIdFromString(testPeerId(1)),
          logger: defaultLogger(),
          pubsub: { protocols: [] },
          connectionManager: { getConnections: () => (isConnected ? [connection] : []) }
        } as never,
        rooms: () => [
          {
            room: { topic: 'kitchen' },
            presence: undefined as never,
            overlay: {
              addressesOf: () => ['somewhere'],
              connect: async () => connection,
              handleFarewell: (to: string) => log.push(`farewell to ${to}`)
            } as never
          }
        ],
        introducers: 3
      })
      return { subject, log }
    }

    it('give it back, and say that it needs no replacement', async () => {
      const { subject, log } = introductions(false)
      await subject.connect(peer, { signal })
      assert.equal(subject.isBorrowed(peer), true)
      subject.release(peer)
      subject.release(peer)
      assert.deepEqual(log, [`farewell to ${peer}`, 'closed'])
      assert.equal(subject.isBorrowed(peer), false)
    })

    it('leave alone one that the application uses meanwhile', async () => {
      const { subject, log } = introductions(false, '/app/1.0.0')
      await subject.connect(peer, { signal })
      subject.release(peer)
      assert.deepEqual(log, [`farewell to ${peer}`])
      assert.equal(subject.isBorrowed(peer), false)
    })

    it('leave alone one that was there before', async () => {
      const { subject, log } = introductions(true)
      await subject.connect(peer, { signal })
      assert.equal(subject.isBorrowed(peer), false)
      subject.release(peer)
      assert.deepEqual(log, [])
    })
  })

  it('are asked of members of the room alone, whoever listens to its topic', async () => {
    const [outsider, neighbour, member, unconnected] = [2, 3, 4, 5].map(testPeerId)
    const connect: ((peerId: PeerId) => void)[] = []
    const pubsub = {
      getSubscribers: () => [outsider, neighbour, member].map((peer) => peerIdFromString(peer))
    }
    const connection = { status: 'open', remoteAddr: multiaddr('/ip4/192.0.2.7/tcp/1') }
    const known = (peerIds: string[]) => ({
      presence: {
        get: (peerId: string) => (peerIds.includes(peerId) ? { peerId } : undefined),
        members: () => peerIds.map((peerId) => ({ peerId }))
      } as never
    })
    const overlay = (neighbourIds: string[]) => ({
      overlay: { neighbourIds, addressesOf: () => [multiaddr('/ip4/192.0.2.7/tcp/1')] } as never
    })
    const subject = new Introductions({
      components: {
        pubsub,
        peerId: peerIdFromString(testPeerId(1)),
        logger: defaultLogger(),
        connectionManager: { getConnections: () => [connection] },
        registrar: {
          handle: async () => undefined,
          register: async (_protocol: string, topology: Topology) => {
            connect.push((peerId) => {
              void topology.onConnect?.(peerId, connection as never)
            })
            return 'topology'
          }
        }
      } as never,
      rooms: () => [
        { room: { topic: 'kitchen' }, ...known([outsider]), ...overlay([outsider]) },
        { room: { topic: 'attic' }, ...known([member, unconnected]), ...overlay([neighbour]) }
      ],
      introducers: 3
    })
    await subject.start()
    for (const speaker of [outsider, neighbour, member])
      for (const tell of connect) tell(peerIdFromString(speaker))
    const peers = (topic: string) => subject.candidates(topic).map(({ peer }) => peer)
    assert.deepEqual(peers('attic').sort(), [neighbour, member, unconnected].sort())
    assert.deepEqual(peers('kitchen'), [outsider])
    assert.deepEqual(peers('cellar'), [])
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

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once as onceEmitted } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { RTCPeerConnection, getConnectionMetrics } from '@hearsay/webrtc'
import { exchangeCandidates, negotiate, once, receive, until } from './support/connections.ts'
import { assertNoLeaks } from './support/leaks.ts'
import { TurnServer, dataIndication, startStunServer, startTurnOverTcp } from './support/servers.ts'

describe('ICE servers', () => {
  it('STUN gives server-reflexive candidates, of every server, each address once', async () => {
    const servers = await Promise.all([
      startStunServer({ address: '198.51.100.1', port: 4001 }),
      startStunServer({ address: '198.51.100.1', port: 4001 }),
      startStunServer({ address: '198.51.100.2', port: 4002 })
    ])
    const iceServers = servers.map(({ url }) => ({ urls: url }))
    const pc = new RTCPeerConnection({ iceServers })
    pc.createDataChannel('x')
    const reflexive: (RTCIceCandidate & { url?: string | null })[] = []
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.type === 'srflx') reflexive.push(candidate)
    }
    await pc.setLocalDescription()
    await until(pc, 'icegatheringstatechange', () => pc.iceGatheringState === 'complete')
    const addresses = new Set(reflexive.map(({ address, port }) => `${address}:${port}`))
    assert.deepEqual([...addresses].sort(), ['198.51.100.1:4001', '198.51.100.2:4002'])
    for (const { relatedAddress, url } of reflexive) {
      assert.ok(relatedAddress !== null)
      assert.ok(servers.some((server) => server.url === url))
    }
    pc.close()
    for (const server of servers) server.close()
  })

  it('STUN that tells no address that anybody could be at is an error, and nothing else', async () => {
    const server = await startStunServer({ address: '198.51.100.1', port: 0 })
    const pc = new RTCPeerConnection({ iceServers: [{ urls: server.url }] })
    pc.createDataChannel('x')
    const errors: string[] = []
    pc.onicecandidateerror = ({ url }) => errors.push(url)
    await pc.setLocalDescription()
    await until(pc, 'icegatheringstatechange', () => pc.iceGatheringState === 'complete')
    assert.ok(errors.includes(server.url))
    assert.doesNotMatch(pc.localDescription!.sdp, /srflx/)
    pc.close()
    server.close()
  })

  describe('TURN', () => {
    let turn: TurnServer
    let a: RTCPeerConnection
    let b: RTCPeerConnection

    beforeEach(async () => {
      turn = await TurnServer.start()
      const configuration: RTCConfiguration = { iceServers: [turn.iceServer], iceTransportPolicy: 'relay' }
      a = new RTCPeerConnection(configuration)
      b = new RTCPeerConnection(configuration)
      exchangeCandidates(a, b)
    })

    afterEach(() => {
      a.close()
      b.close()
      turn.close()
    })

    async function connect(): Promise<{ channelA: RTCDataChannel; channelB: RTCDataChannel }> {
      const channelA = a.createDataChannel('x')
      const announced = once<RTCDataChannelEvent>(b, 'datachannel')
      await negotiate(a, b)
      return { channelA, channelB: (await announced).channel }
    }

    it('carries everything where only relays may be used', async () => {
      const { channelA, channelB } = await connect()
      const got = receive(channelB, 1)
      channelA.send(new Uint8Array(20_000).fill(3))
      assert.deepEqual(new Uint8Array((await got)[0] as ArrayBuffer), new Uint8Array(20_000).fill(3))
      const { local } = a.sctp!.transport.iceTransport.getSelectedCandidatePair()!
      assert.equal(local.type, 'relay')
      assert.doesNotMatch(a.localDescription!.sdp, /typ (host|srflx)/)
    })

    for (const lifetimeS of [0, undefined, 2 ** 32 - 1]) {
      it(`is not refreshed without end where it grants ${lifetimeS} seconds`, async () => {
        turn.lifetimeS = lifetimeS
        const { channelA, channelB } = await connect()
        for (let count = 0; count < 50; count++) {
          const got = receive(channelB, 1)
          channelA.send('x')
          await got
        }
        assert.equal(turn.refreshes, 0)
      })
    }

    it('says goodbye through the relay', async () => {
      const { channelB } = await connect()
      const closed = once(channelB, 'close')
      a.close()
      await closed
      await until(b, 'connectionstatechange', () => b.connectionState === 'failed')
    })

    it('is heard from its own address only', async () => {
      const { channelA, channelB } = await connect()
      const [first, second] = [...turn.allocations.values()]
      const forged = Buffer.from([21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40])
      const attacker = createSocket('udp4')
      for (const [victim, other] of [
        [first, second],
        [second, first]
      ] as const) {
        const { address, port } = victim.client
        const indication = dataIndication(forged, other.relay.address())
        for (let count = 0; count < 10; count++) {
          await new Promise((resolve) => attacker.send(indication, port, address, resolve))
        }
      }
      const got = receive(channelB, 1)
      channelA.send('x')
      await got
      for (const pc of [a, b]) {
        const { dtlsDrops } = getConnectionMetrics(pc)!
        assert.equal(
          Object.values(dtlsDrops).reduce((sum, count) => sum + count, 0),
          0
        )
      }
      attacker.close()
    })
  })

  it('TURN over TCP carries everything, and ends with the connection', () =>
    assertNoLeaks(async () => {
      const turn = await TurnServer.start()
      const tcp = await startTurnOverTcp(turn.port)
      const iceServer = { ...turn.iceServer, urls: `turn:127.0.0.1:${tcp.port}?transport=tcp` }
      const configuration: RTCConfiguration = { iceServers: [iceServer], iceTransportPolicy: 'relay' }
      const [a, b] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)]
      exchangeCandidates(a, b)
      const channel = a.createDataChannel('x')
      const announced = once<RTCDataChannelEvent>(b, 'datachannel')
      await negotiate(a, b)
      const got = receive((await announced).channel, 1)
      channel.send(new Uint8Array(20_000).fill(3))
      assert.deepEqual(new Uint8Array((await got)[0] as ArrayBuffer), new Uint8Array(20_000).fill(3))
      a.close()
      b.close()
      tcp.close()
      turn.close()
    }))

  it('TURN over TCP that answers nothing is left when the connection closes', () =>
    assertNoLeaks(async () => {
      const connected = Promise.withResolvers<Socket>()
      const silent = createServer(connected.resolve)
      silent.listen(0, '127.0.0.1')
      await onceEmitted(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const pc = new RTCPeerConnection({
        iceServers: [{ urls: `turn:127.0.0.1:${port}?transport=tcp`, username: 'u', credential: 'p' }]
      })
      pc.createDataChannel('x')
      await pc.setLocalDescription()
      const stream = await connected.promise
      await onceEmitted(stream, 'data')
      const closed = onceEmitted(stream, 'close')
      pc.close()
      await closed
      silent.close()
    }))

  it('that do not answer leave nothing behind when the connection closes', async () => {
    await assertNoLeaks(async () => {
      const pc = new RTCPeerConnection({
        iceServers: [
          { urls: ['stun:127.0.0.1:9'] },
          { urls: 'turn:127.0.0.1:9', username: 'u', credential: 'p' }
        ]
      })
      pc.createDataChannel('x')
      await pc.setLocalDescription()
      await new Promise((resolve) => setTimeout(resolve, 50))
      pc.close()
    })
  })
})

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { randomBytes } from 'node:crypto'
import { RTCPeerConnection, getConnectionMetrics, parseSdp } from '@hearsay/webrtc'
import { connectPair, createPair, negotiate, once, receive, until } from './support/connections.ts'
import { BINDING_SUCCESS, USE_CANDIDATE, stunMessage } from './support/stun.ts'
import { UdpRelay, type Direction } from './support/udp-relay.ts'

const record = (type: number, epoch: number, body: Uint8Array): Buffer => {
  const header = Buffer.alloc(13)
  header.writeUInt8(type, 0)
  header.writeUInt16BE(0xfefd, 1)
  header.writeUInt16BE(epoch, 3)
  header.writeUIntBE(1_000_000, 5, 6)
  header.writeUInt16BE(body.length, 11)
  return Buffer.concat([header, body])
}

/** A ClientHello as anybody can send it: no cookie, one suite, nothing else. */
const clientHello = (): Buffer => {
  const body = Buffer.concat([
    Buffer.from([0xfe, 0xfd]),
    randomBytes(32),
    Buffer.from([0, 0, 0, 2, 0xc0, 0x2b, 1, 0])
  ])
  const header = Buffer.from([1, 0, 0, body.length, 0, 0, 0, 0, 0, 0, 0, body.length])
  return record(22, 0, Buffer.concat([header, body]))
}

/** Nobody vouches for the handshake before Finished, so who is on the path can spoil it by messages of his own. */
const FORGED_HANDSHAKE: readonly (() => Buffer)[] = [() => record(22, 0, randomBytes(80)), clientHello]

const FORGED_RECORDS: readonly (() => Buffer)[] = [
  () => record(21, 0, Buffer.from([2, 40])),
  () => record(21, 0, Buffer.from([1, 0])),
  () => record(21, 1, randomBytes(26)),
  () => record(23, 1, randomBytes(60)),
  () => record(20, 0, Buffer.from([1]))
]

/** All that somebody who does not know the passwords can make of what he may have seen. */
function forgedDatagrams(victim: { ufrag: string }, other: { ufrag: string }): Buffer[] {
  const username = `${victim.ufrag}:${other.ufrag}`
  const attributes = [
    [0x0024, Buffer.from([0x7e, 0xff, 0xff, 0xff])],
    [USE_CANDIDATE, Buffer.alloc(0)]
  ] as const
  return [
    stunMessage({}),
    stunMessage({ username }),
    stunMessage({ username, attributes }),
    stunMessage({ username, attributes, password: 'a guess' }),
    stunMessage({ type: BINDING_SUCCESS }),
    stunMessage({ type: BINDING_SUCCESS, password: 'a guess' }),
    stunMessage({ type: 0x0111, attributes: [[0x0009, Buffer.from([0, 0, 4, 87])]] }),
    randomBytes(100),
    ...[...FORGED_RECORDS, ...FORGED_HANDSHAKE].map((make) => make())
  ]
}

function ufragOf(description: RTCSessionDescription | null): { ufrag: string } {
  const { data } = parseSdp(description!.sdp)
  return { ufrag: data!.rejected ? '' : data!.iceUfrag }
}

/** The IPv4 transport addresses that a description tells. */
function addressesOf(description: RTCSessionDescription | null): { address: string; port: number }[] {
  const { data } = parseSdp(description!.sdp)
  return data!.rejected ? [] : data!.candidates.filter(({ address }) => address.includes('.'))
}

describe('a hostile UDP sender', () => {
  it('from an unknown address gets no answer, changes nothing, ends nothing: after connecting', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    const attacker = createSocket('udp4')
    let answers = 0
    attacker.on('message', () => answers++)
    const datagrams = [
      ...forgedDatagrams(ufragOf(a.localDescription), ufragOf(b.localDescription)),
      ...forgedDatagrams(ufragOf(b.localDescription), ufragOf(a.localDescription))
    ]
    let sent = 0
    for (const pc of [a, b]) {
      for (const { address, port } of addressesOf(pc.localDescription)) {
        for (const datagram of datagrams) {
          await new Promise((resolve) => attacker.send(datagram, port, address, resolve))
          sent++
        }
      }
    }
    const got = receive(channelB, 1)
    channelA.send('still here')
    assert.deepEqual(await got, ['still here'])
    const back = receive(channelA, 1)
    channelB.send('and here')
    assert.deepEqual(await back, ['and here'])
    assert.equal(answers, 0)
    const drops = [a, b].flatMap((pc) => Object.values(getConnectionMetrics(pc)!.iceDrops))
    assert.equal(
      drops.reduce((sum, count) => sum + count, 0),
      sent
    )
    const metrics = getConnectionMetrics(a)!
    for (const reason of ['bad-integrity', 'bad-username', 'unexpected-response', 'unvalidated-source']) {
      assert.ok(metrics.iceDrops[reason] > 0, reason)
    }
    assert.equal(a.connectionState, 'connected')
    assert.equal(b.connectionState, 'connected')
    attacker.close()
  })

  it('while connecting cannot keep it from coming about', async () => {
    using pair = createPair()
    const { a, b } = pair
    const channel = a.createDataChannel('x')
    const attacker = createSocket('udp4')
    let answers = 0
    attacker.on('message', () => answers++)
    const spray = (pc: RTCPeerConnection, other: RTCPeerConnection): void => {
      const from = other.localDescription === null ? { ufrag: 'unknown' } : ufragOf(other.localDescription)
      for (const { address, port } of addressesOf(pc.localDescription)) {
        for (const datagram of forgedDatagrams(ufragOf(pc.localDescription), from)) {
          attacker.send(datagram, port, address)
        }
      }
    }
    for (const [pc, other] of [
      [a, b],
      [b, a]
    ] as const) {
      for (const type of [
        'icecandidate',
        'signalingstatechange',
        'iceconnectionstatechange',
        'connectionstatechange'
      ]) {
        pc.addEventListener(type, () => {
          if (pc.localDescription !== null) spray(pc, other)
        })
      }
    }
    await negotiate(a, b)
    await once(channel, 'open')
    await until(b, 'connectionstatechange', () => b.connectionState === 'connected')
    assert.equal(answers, 0)
    attacker.close()
  })

  it('who learned a password is bounded in what he can add', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    const [{ ufrag: local }, { ufrag: remote }] = [ufragOf(a.localDescription), ufragOf(b.localDescription)]
    const password = /a=ice-pwd:(\S+)/.exec(a.localDescription!.sdp)![1]
    const [target] = addressesOf(a.localDescription)
    const attackers = Array.from({ length: 30 }, () => createSocket('udp4'))
    for (const attacker of attackers) {
      const check = stunMessage({
        username: `${local}:${remote}`,
        attributes: [
          [0x0024, Buffer.from([0x6e, 0, 0, 0])],
          [0x8029, randomBytes(8)]
        ],
        password
      })
      await new Promise((resolve) => attacker.send(check, target.port, target.address, resolve))
    }
    const dropped = () => getConnectionMetrics(a)!.iceDrops['too-many-candidates'] ?? 0
    for (let round = 0; round < 200 && dropped() < 22; round++) {
      const got = receive(channelA, 1)
      channelB.send('another turn of the loop')
      await got
    }
    assert.equal(dropped(), 30 - 8)
    for (const attacker of attackers) attacker.close()
  })

  it('who learned a password ends nothing by a check that lacks its priority', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    await until(a, 'iceconnectionstatechange', () => a.iceConnectionState === 'completed')
    const username = `${ufragOf(a.localDescription).ufrag}:${ufragOf(b.localDescription).ufrag}`
    const password = /a=ice-pwd:(\S+)/.exec(a.localDescription!.sdp)![1]
    const [target] = addressesOf(a.localDescription)
    const attacker = createSocket('udp4')
    const before = getConnectionMetrics(a)!.iceDrops.malformed ?? 0
    const check = stunMessage({ username, attributes: [[0x8029, randomBytes(8)]], password })
    await new Promise((resolve) => attacker.send(check, target.port, target.address, resolve))
    const dropped = () => (getConnectionMetrics(a)!.iceDrops.malformed ?? 0) - before
    for (let round = 0; round < 200 && dropped() === 0; round++) {
      const got = receive(channelA, 1)
      channelB.send('another turn of the loop')
      await got
    }
    assert.equal(dropped(), 1)
    assert.equal(a.connectionState, 'connected')
    const got = receive(channelB, 1)
    channelA.send('still here')
    await got
    attacker.close()
  })
})

describe('somebody on the path', () => {
  /** Two connections that know each other by the relay's addresses only. */
  async function connectThrough(relay: (address: string) => Promise<UdpRelay>) {
    const a = new RTCPeerConnection()
    const b = new RTCPeerConnection()
    const channelA = a.createDataChannel('x')
    const candidates = { a: [] as RTCIceCandidate[], b: [] as RTCIceCandidate[] }
    a.onicecandidate = ({ candidate }) => candidate && candidates.a.push(candidate)
    b.onicecandidate = ({ candidate }) => candidate && candidates.b.push(candidate)
    const strip = ({ type, sdp }: RTCSessionDescription) => ({
      type,
      sdp: sdp.replace(/a=(candidate|end-of-candidates).*\r\n/g, '')
    })
    const announced = once<RTCDataChannelEvent>(b, 'datachannel')
    await a.setLocalDescription()
    await b.setRemoteDescription(strip(a.localDescription!))
    await b.setLocalDescription()
    await a.setRemoteDescription(strip(b.localDescription!))
    for (const pc of [a, b]) {
      await until(pc, 'icegatheringstatechange', () => pc.iceGatheringState === 'complete')
    }
    const { address } = addressesOf(a.localDescription)[0]
    const path = await relay(address)
    for (const [side, other] of [
      ['a', b],
      ['b', a]
    ] as const) {
      const [line] = candidates[side]
        .filter(({ address: own }) => own === address)
        .flatMap(({ candidate }) => path.rewrite(candidate, side) ?? [])
      await other.addIceCandidate({ candidate: line, sdpMid: '0' })
    }
    return { a, b, channelA, announced, path }
  }

  it('can inject and replay what he likes, during the handshake and after, to no effect', async () => {
    // Replays are answered, and the answers replayed: without a bound that would never end.
    let injections = 300
    let forged = FORGED_RECORDS
    const injectAll = (path: UdpRelay, direction: Direction): void => {
      for (const make of forged) path.inject(make(), direction)
      const earlier = path.seen[Math.floor(path.seen.length / 2)]
      if (earlier !== undefined) path.inject(earlier.data, earlier.direction)
    }
    const { a, b, channelA, announced, path } = await connectThrough(async (address) => {
      const made = await UdpRelay.create(address)
      made.onDatagram = (_data, direction) => {
        if (--injections > 0) injectAll(made, direction)
        return true
      }
      return made
    })
    const { channel } = await announced
    forged = [...FORGED_RECORDS, ...FORGED_HANDSHAKE]
    injections = 300
    const count = 40
    const got = receive(channel, count)
    const back = receive(channelA, count)
    for (let index = 0; index < count; index++) {
      channelA.send(`a ${index}`)
      channel.send(`b ${index}`)
    }
    assert.deepEqual(
      await got,
      Array.from({ length: count }, (_, index) => `a ${index}`)
    )
    assert.deepEqual(
      await back,
      Array.from({ length: count }, (_, index) => `b ${index}`)
    )
    assert.deepEqual([a.connectionState, b.connectionState], ['connected', 'connected'])
    a.close()
    b.close()
    path[Symbol.dispose]()
  })

  describe('who drops datagrams is noticed', () => {
    // Both take about ten seconds: they wait at the same time.
    let cutLater: Promise<void>
    let cutFromTheStart: Promise<string[]>

    before(() => {
      cutLater = cutAndRestore()
      cutFromTheStart = dropAll()
      // A failure is the test's below.
      for (const outcome of [cutLater, cutFromTheStart]) outcome.catch(() => undefined)
    })

    async function cutAndRestore(): Promise<void> {
      const { a, b, channelA, announced, path } = await connectThrough((address) => UdpRelay.create(address))
      const { channel } = await announced
      let cut = true
      path.onDatagram = () => !cut
      await until(a, 'connectionstatechange', () => a.connectionState === 'disconnected')
      assert.equal(a.iceConnectionState, 'disconnected')
      cut = false
      await until(a, 'connectionstatechange', () => a.connectionState === 'connected')
      const got = receive(channel, 1)
      channelA.send('back')
      assert.deepEqual(await got, ['back'])
      a.close()
      b.close()
      path[Symbol.dispose]()
    }

    async function dropAll(): Promise<string[]> {
      const { a, b, path } = await connectThrough(async (address) => {
        const made = await UdpRelay.create(address)
        made.onDatagram = () => false
        return made
      })
      const states: string[] = []
      a.addEventListener('connectionstatechange', () => states.push(a.connectionState))
      for (const pc of [a, b]) await pc.addIceCandidate(null)
      await until(a, 'connectionstatechange', () => a.connectionState === 'failed')
      a.close()
      b.close()
      path[Symbol.dispose]()
      return states
    }

    it('disconnected while it lasts, connected again when the path is back', () => cutLater)

    it('failed where no path ever was', async () => {
      assert.equal((await cutFromTheStart).at(-1), 'failed')
    })
  })
})

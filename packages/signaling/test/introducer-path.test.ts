import assert from 'node:assert/strict'
import {
  createSignaler,
  INTRODUCE_PROTOCOL,
  IntroducerPath,
  type Arrival,
  type SignalerService
} from '../src/index.ts'
import { encodeEnvelope } from '../src/envelope/envelope.ts'
import { encodeIntroduction } from '../src/introduction/introduction.ts'
import { encodeFrame } from '../src/paths/frames.ts'
import { peerIdBytes, publicKeyOf } from '../src/peer-key.ts'
import { KITCHEN, seedOf } from './support/member.ts'
import { createOverlayNode, until, type OverlayNode } from './support/overlay-node.ts'
import { VirtualClock } from './support/virtual-clock.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function envelopeFor(recipient: string, bodyBytes: number): Uint8Array {
  return encodeEnvelope({
    version: 1,
    recipient: peerIdBytes(publicKeyOf(recipient)),
    session: new Uint8Array(16),
    kind: 'transport',
    number: 7,
    body: new Uint8Array(bodyBytes)
  })
}

describe('the introducer path over libp2p', () => {
  let nodes: OverlayNode[] = []
  let signalers: SignalerService[] = []
  let paths: IntroducerPath[] = []
  let farewells: string[] = []

  /** Two ends, and introducers to which the first end knows the way. */
  async function spawn(introducerCount: number): Promise<[OverlayNode, OverlayNode, ...OverlayNode[]]> {
    nodes = await Promise.all(
      Array.from({ length: introducerCount + 2 }, (_, index) =>
        createOverlayNode(index, (peer) => farewells.push(peer))
      )
    )
    await Promise.all(nodes.map(({ host }) => host.start()))
    return nodes as [OverlayNode, OverlayNode, ...OverlayNode[]]
  }

  /** The end is connected to the introducers and asks them; the other end hears of those that say yes. */
  async function register(
    end: OverlayNode,
    introducers: OverlayNode[],
    others: OverlayNode[]
  ): Promise<void> {
    await ask(end, introducers)
    const own = () => end.acquaintances.introducersOf(end.localPeer)
    await until(() => own().length === Math.min(3, introducers.length))
    for (const { acquaintances } of others) {
      acquaintances.introducers.set(end.localPeer, own())
      for (const { localPeer, libp2p } of introducers) {
        acquaintances.nodes.set(localPeer, libp2p.getMultiaddrs())
      }
    }
  }

  async function ask(end: OverlayNode, introducers: OverlayNode[]): Promise<void> {
    for (const { libp2p } of introducers) {
      await end.libp2p.dial(libp2p.getMultiaddrs())
    }
    end.acquaintances.candidatePeers = introducers.map(({ localPeer }) => localPeer)
    end.introducer.refresh()
  }

  async function signalerOf(node: OverlayNode): Promise<SignalerService> {
    const signaler = createSignaler({
      privateKey: seedOf(node.index),
      rooms: [KITCHEN],
      paths: [node.introducer]
    })
    signalers.push(signaler)
    await signaler.start()
    return signaler
  }

  afterEach(async () => {
    await Promise.all([...signalers, ...paths].map((running) => running.stop()))
    await Promise.all(nodes.flatMap(({ introducer, host }) => [introducer.stop(), host.stop()]))
    await Promise.all(nodes.map(async ({ libp2p }) => libp2p.stop()))
    nodes = []
    signalers = []
    paths = []
    farewells = []
  })

  it('carries an offer, an answer and messages, over introducers that had to be dialed', async () => {
    const [a, b, ...introducers] = await spawn(2)
    const [alice, bob] = await Promise.all([signalerOf(a), signalerOf(b)])
    await register(b, introducers, [a])
    alice.observeInstance(b.localPeer, bob.instance)
    bob.setOfferHandler((offer) => {
      const session = offer.answer(utf8('answer'))
      session.addEventListener('message', ({ detail }) => session.send(detail))
    })
    const result = await alice.dial(b.localPeer, utf8('offer'))
    assert.equal(result.outcome, 'answered')
    assert.equal(result.session.path, 'introducer')
    const echoed: string[] = []
    result.session.addEventListener('message', ({ detail }) => echoed.push(text(detail)))
    const large = 'x'.repeat(15_000)
    result.session.send(utf8('small'))
    result.session.send(utf8(large))
    await until(() => echoed.length === 2)
    assert.deepEqual(echoed, ['small', large])
    assert.deepEqual(Object.fromEntries(bob.dropped), { repeated: 1 }, 'message 1 comes on two lanes')
  })

  it('has introducers of its own in each room, and tells each room of these alone', async () => {
    const [, b, ...introducers] = await spawn(4)
    const peers = introducers.map(({ localPeer }) => localPeer)
    const rooms = new Map([
      ['attic', peers.slice(0, 2)],
      ['kitchen', peers.slice(1)]
    ])
    const announced = new Map<string, readonly string[]>()
    Object.assign(b.acquaintances, {
      rooms: () => [...rooms.keys()],
      candidates: (room: string) =>
        (rooms.get(room) ?? []).map((peer) => ({
          peer,
          isConnected: true,
          isDialable: true,
          network: undefined
        })),
      announce: (own: readonly string[], room: string) => announced.set(room, own.toSorted())
    })
    await ask(b, introducers)
    await b.introducer.start(() => undefined)
    await until(() => announced.get('attic')?.length === 2 && announced.get('kitchen')?.length === 3)
    for (const [room, members] of rooms) assert.deepEqual(announced.get(room), members.toSorted())
    const [only] = introducers
    rooms.delete('attic')
    b.introducer.refresh()
    await until(() => only.host.registrations === 0)
    assert.deepEqual(
      introducers.map(({ host }) => host.registrations),
      [0, 1, 1, 1]
    )
  })

  it('finds other introducers when one is gone, and says so', async () => {
    const [a, b, ...introducers] = await spawn(4)
    await b.introducer.start(() => undefined)
    await register(b, introducers, [a])
    const own = () => b.acquaintances.introducersOf(b.localPeer)
    const [gone] = own()
    await introducers.find(({ localPeer }) => localPeer === gone)!.libp2p.stop()
    await until(() => own().length === 3 && !own().includes(gone))
  })

  it('leaves an introducer that refuses somebody for that somebody, and no other', async () => {
    const [a, b, introducer] = await spawn(1)
    const c = await createOverlayNode(9)
    nodes.push(c)
    await Promise.all([a, b].map((node) => node.introducer.start(() => undefined)))
    await register(b, [introducer], [a])
    a.acquaintances.introducers.set(c.localPeer, [introducer.localPeer])
    assert.ok(a.introducer.reaches(c.localPeer))
    await a.introducer.send(c.localPeer, envelopeFor(c.localPeer, 10), introducer.localPeer)
    await until(() => !a.introducer.reaches(c.localPeer))
    assert.deepEqual(a.introducer.intermediaries(b.localPeer), [
      { peer: introducer.localPeer, isConnected: true }
    ])
  })

  it('leaves an introducer that cannot be reached', async () => {
    const [a, b, introducer] = await spawn(1)
    await a.introducer.start(() => undefined)
    a.acquaintances.introducers.set(b.localPeer, [introducer.localPeer])
    a.acquaintances.nodes.set(introducer.localPeer, introducer.libp2p.getMultiaddrs())
    await introducer.libp2p.stop()
    await assert.rejects(a.introducer.send(b.localPeer, envelopeFor(b.localPeer, 10)), {
      code: 'ERR_PATH_UNAVAILABLE'
    })
    assert.equal(a.introducer.reaches(b.localPeer), false)
  })

  it('leaves an introducer that brings more than it may', async () => {
    const [, b, introducer] = await spawn(1)
    const arrived: Arrival[] = []
    await introducer.host.stop()
    const flood = encodeFrame(
      encodeIntroduction({
        kind: 'envelope',
        envelope: envelopeFor(b.localPeer, 10),
        peer: introducer.localPeer
      })
    )
    await introducer.libp2p.handle(INTRODUCE_PROTOCOL, (stream) => {
      stream.send(encodeFrame(encodeIntroduction({ kind: 'registered' })))
      for (let count = 0; count < 1000; count++) {
        stream.send(flood)
      }
    })
    await b.introducer.start((_, arrival) => arrived.push(arrival))
    await ask(b, [introducer])
    await until(() => b.acquaintances.released.length > 0)
    assert.deepEqual(b.acquaintances.introducersOf(b.localPeer), [])
    assert.ok(arrived.length > 0 && arrived.length < 600, `${arrived.length} were let in`)
  })

  it('resets the stream of who says what is no introduction', async () => {
    const [a, , introducer] = await spawn(1)
    await a.libp2p.dial(introducer.libp2p.getMultiaddrs())
    for (const frame of [new Uint8Array(50).fill(0xff), encodeIntroduction({ kind: 'registered' })]) {
      const stream = await a.libp2p.dialProtocol(introducer.libp2p.peerId, INTRODUCE_PROTOCOL)
      const closed = new Promise<string>((resolve) => {
        stream.addEventListener('close', () => resolve(stream.status), { once: true })
      })
      stream.send(encodeFrame(frame))
      assert.equal(await closed, 'reset')
    }
  })

  describe('over a connection to an introducer of somebody else', () => {
    /** A path on a virtual clock that has sent an envelope so. */
    async function pathInUse(): Promise<{
      clock: VirtualClock
      node: OverlayNode
      introducer: OverlayNode
      send: () => Promise<void>
    }> {
      const clock = new VirtualClock()
      const [a, b, introducer] = await spawn(1)
      await b.introducer.start(() => undefined)
      await register(b, [introducer], [a])
      const path = new IntroducerPath({
        localPeer: a.localPeer,
        directory: a.acquaintances,
        logger: a.libp2p.logger,
        introducers: 0,
        timers: clock
      })
      paths.push(path)
      await path.start(() => undefined)
      const send = () => path.send(b.localPeer, envelopeFor(b.localPeer, 10))
      await send()
      return { clock, node: a, introducer, send }
    }

    it('says farewell when it was not used for a minute, and gives the connection back', async () => {
      const { clock, node, introducer, send } = await pathInUse()
      await clock.advance(59_000)
      await send()
      await clock.advance(59_000)
      assert.deepEqual(node.acquaintances.released, [], 'it was used in between')
      await clock.advance(3_000)
      await until(() => node.acquaintances.released.length > 0)
      assert.deepEqual(node.acquaintances.released, [introducer.localPeer])
      await until(() => farewells.includes(node.localPeer))
    })

    it('keeps a connection that stands for more than introductions', async () => {
      const { clock, node } = await pathInUse()
      node.acquaintances.areBorrowed = false
      await clock.advance(600_000)
      assert.deepEqual(node.acquaintances.released, [])
    })
  })

  it('leaves no stream, handler, timer or registration behind', async () => {
    const [a, b, ...introducers] = await spawn(2)
    const [alice, bob] = await Promise.all([signalerOf(a), signalerOf(b)])
    await register(b, introducers, [a])
    bob.setOfferHandler((offer) => void offer.answer(utf8('answer')))
    await alice.dial(b.localPeer, utf8('offer'))
    await Promise.all([alice.stop(), bob.stop()])
    await until(() => introducers.every(({ host }) => host.registrations === 0))
    await Promise.all(nodes.map(({ host }) => host.stop()))
    for (const { libp2p } of nodes) {
      assert.ok(!libp2p.getProtocols().includes(INTRODUCE_PROTOCOL))
      await until(() =>
        libp2p
          .getConnections()
          .every(({ streams }) => streams.every(({ protocol }) => protocol !== INTRODUCE_PROTOCOL))
      )
    }
  })
})

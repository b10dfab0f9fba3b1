import assert from 'node:assert/strict'
import { createSignaler, SIGNAL_PROTOCOL, type Arrival, type SignalerService } from '../src/index.ts'
import { encodeEnvelope, MAX_ENVELOPE_BYTES } from '../src/envelope/envelope.ts'
import { peerIdBytes, publicKeyOf } from '../src/peer-key.ts'
import { KITCHEN, seedOf } from './support/member.ts'
import { connect, createOverlayNode, until, type OverlayNode } from './support/overlay-node.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function envelopeFor(recipient: string, body: Uint8Array): Uint8Array {
  return encodeEnvelope({
    version: 1,
    recipient: peerIdBytes(publicKeyOf(recipient)),
    session: new Uint8Array(16),
    kind: 'transport',
    number: 7,
    body
  })
}

describe('paths over libp2p', () => {
  let nodes: OverlayNode[] = []
  let signalers: SignalerService[] = []

  async function spawn(count: number): Promise<OverlayNode[]> {
    nodes = await Promise.all(Array.from({ length: count }, (_, index) => createOverlayNode(index)))
    return nodes
  }

  async function signalerOf(node: OverlayNode, paths = [node.direct, node.gossip]): Promise<SignalerService> {
    const signaler = createSignaler({ privateKey: seedOf(node.index), rooms: [KITCHEN], paths })
    signalers.push(signaler)
    await signaler.start()
    return signaler
  }

  afterEach(async () => {
    await Promise.all(signalers.map((signaler) => signaler.stop()))
    await Promise.all(nodes.flatMap(({ direct, gossip }) => [direct.stop(), gossip.stop()]))
    await Promise.all(nodes.map(async ({ libp2p }) => libp2p.stop()))
    nodes = []
    signalers = []
  })

  it('carry an offer, an answer and messages between neighbours on a direct stream', async () => {
    const [a, b] = await spawn(2)
    const [alice, bob] = await Promise.all([signalerOf(a), signalerOf(b)])
    await connect(a, b)
    const heard: string[] = []
    bob.setOfferHandler((offer) => {
      const session = offer.answer(utf8('answer'))
      session.addEventListener('message', ({ detail }) => {
        heard.push(text(detail))
        session.send(detail)
      })
    })
    const result = await alice.dial(bob.localPeer, utf8('offer'))
    assert.equal(result.outcome, 'answered')
    assert.equal(result.session.path, 'direct')
    const echoed: string[] = []
    result.session.addEventListener('message', ({ detail }) => echoed.push(text(detail)))
    const large = 'x'.repeat(15_000)
    result.session.send(utf8('small'))
    result.session.send(utf8(large))
    await until(() => echoed.length === 2)
    assert.deepEqual(heard, ['small', large])
    assert.deepEqual(echoed, heard)
  })

  it('carry them by gossip to who is three hops away', async () => {
    const line = await spawn(4)
    const ends = await Promise.all([signalerOf(line[0]), signalerOf(line[3])])
    await Promise.all([signalerOf(line[1]), signalerOf(line[2])])
    for (let index = 0; index < 3; index++) {
      await connect(line[index], line[index + 1])
    }
    ends[1].setOfferHandler((offer) => {
      offer.answer(utf8('answer')).addEventListener('message', ({ detail }) => heard.push(text(detail)))
    })
    const heard: string[] = []
    // The line has just come into being: gossipsub's links are made with its next heartbeat.
    const result = await ends[0].dial(ends[1].localPeer, utf8('offer'))
    assert.equal(result.outcome, 'answered')
    assert.equal(result.session.path, 'gossip')
    result.session.send(utf8('a candidate'))
    await until(() => heard.length === 1)
  })

  it('reach a neighbour again after its connection was lost', async () => {
    const [a, b] = await spawn(2)
    const arrived: Arrival[] = []
    await a.direct.start(() => undefined)
    await b.direct.start((_, arrival) => arrived.push(arrival))
    await connect(a, b)
    await a.direct.send(b.localPeer, utf8('one'))
    await until(() => arrived.length === 1)
    await b.libp2p.hangUp(a.libp2p.peerId)
    await until(() => !a.direct.reaches(b.localPeer))
    await assert.rejects(a.direct.send(b.localPeer, utf8('lost')), { code: 'ERR_PATH_UNAVAILABLE' })
    await connect(a, b)
    await a.direct.send(b.localPeer, utf8('two'))
    await until(() => arrived.length === 2)
    assert.deepEqual(arrived[1], { path: 'direct', origin: a.localPeer, neighbour: a.localPeer })
  })

  it('reset a direct stream whose frames are longer than an envelope', async () => {
    const [a, b] = await spawn(2)
    const arrived: Uint8Array[] = []
    await a.direct.start(() => undefined)
    await b.direct.start((envelope) => arrived.push(envelope))
    await connect(a, b)
    const stream = await a.libp2p.dialProtocol(b.libp2p.peerId, SIGNAL_PROTOCOL)
    const closed = new Promise<string>((resolve) => {
      stream.addEventListener('close', () => resolve(stream.status), { once: true })
    })
    stream.send(Uint8Array.of(0xff, 0xff, 0x7f, 1, 2, 3))
    assert.equal(await closed, 'reset')
    assert.equal(arrived.length, 0)
  })

  it('refuse more than a bounded queue while a neighbour takes nothing', async () => {
    const [a, b] = await spawn(2)
    await a.direct.start(() => undefined)
    await b.direct.start(() => undefined)
    await connect(a, b)
    const sends = Array.from({ length: 200 }, () =>
      a.direct.send(b.localPeer, new Uint8Array(MAX_ENVELOPE_BYTES))
    )
    const results = await Promise.allSettled(sends)
    const refused = results.filter(({ status }) => status === 'rejected')
    assert.ok(refused.length > 0 && refused.length < results.length)
  })

  it('deliver from the topic only what is addressed to us and signed', async () => {
    const [a, b, c] = await spawn(3)
    const arrived: [string, Arrival][] = []
    await Promise.all([a.gossip.start(() => undefined), c.gossip.start(() => undefined)])
    await b.gossip.start((envelope, arrival) => arrived.push([text(envelope.subarray(-5)), arrival]))
    await dialOnly(a, b)
    await dialOnly(b, c)
    await until(() => a.gossip.reaches() && b.gossip.reaches() && c.gossip.reaches())
    await a.libp2p.services.pubsub.publish(KITCHEN.topic, utf8('no envelope'))
    await a.gossip.send(c.localPeer, envelopeFor(c.localPeer, utf8('other')))
    await a.gossip.send(b.localPeer, envelopeFor(b.localPeer, utf8('ours!')))
    await until(() => arrived.length > 0)
    assert.deepEqual(arrived, [['ours!', { path: 'gossip', origin: a.localPeer, neighbour: a.localPeer }]])
  })

  it('take nothing by gossip while nobody has subscribed', async () => {
    const [a] = await spawn(1)
    await a.gossip.start(() => undefined)
    assert.equal(a.gossip.reaches(), false)
    await assert.rejects(a.gossip.send(a.localPeer, utf8('x')), { code: 'ERR_PATH_UNAVAILABLE' })
  })

  it('know of neighbours that were there before, and forget who does not speak the protocol', async () => {
    const [a, b, stranger] = await spawn(3)
    await b.direct.start(() => undefined)
    let identified = 0
    a.libp2p.addEventListener('peer:identify', () => identified++)
    await dialOnly(a, b)
    await dialOnly(a, stranger)
    await until(() => identified === 2)
    await a.direct.start(() => undefined)
    assert.ok(a.direct.reaches(b.localPeer))
    await a.direct.send(b.localPeer, utf8('x'))
    await assert.rejects(a.direct.send(stranger.localPeer, utf8('x')), { code: 'ERR_PATH_UNAVAILABLE' })
    assert.equal(a.direct.reaches(stranger.localPeer), false)
  })

  it('bring the last words of a signaler that stops to its neighbours', async () => {
    const [a, b] = await spawn(2)
    const [alice, bob] = await Promise.all([signalerOf(a), signalerOf(b)])
    await connect(a, b)
    const closed: string[] = []
    bob.setOfferHandler((offer) => {
      offer.answer(utf8('answer')).addEventListener('close', ({ detail }) => closed.push(detail))
    })
    await alice.dial(bob.localPeer, utf8('offer'))
    await alice.stop()
    await until(() => closed.length === 1)
    assert.deepEqual(closed, ['remote'])
  })

  it('leave no handler, topology, stream or subscription behind', async () => {
    const [a, b] = await spawn(2)
    const [alice, bob] = await Promise.all([signalerOf(a), signalerOf(b)])
    await connect(a, b)
    bob.setOfferHandler((offer) => void offer.answer(utf8('answer')))
    await alice.dial(bob.localPeer, utf8('offer'))
    await alice.stop()
    await bob.stop()
    for (const { libp2p, gossip } of [a, b]) {
      assert.ok(!libp2p.getProtocols().includes(SIGNAL_PROTOCOL))
      assert.deepEqual(libp2p.services.pubsub.getTopics(), [])
      assert.equal(gossip.reaches(), false)
      await until(() =>
        libp2p
          .getConnections()
          .every(({ streams }) => streams.every(({ protocol }) => protocol !== SIGNAL_PROTOCOL))
      )
    }
  })
})

async function dialOnly(from: OverlayNode, to: OverlayNode): Promise<void> {
  await from.libp2p.dial(to.libp2p.getMultiaddrs())
}

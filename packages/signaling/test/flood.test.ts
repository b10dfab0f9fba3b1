import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createSignaler, type SignalerService } from '../src/index.ts'
import type { FloodOrder, FloodReport } from './support/flooder.ts'
import { KITCHEN, seedOf } from './support/member.ts'
import { createOverlayNode, until, type OverlayNode } from './support/overlay-node.ts'

/** Three seconds of 5,000 envelopes each: half a core would be one and a half. */
const ENVELOPES = 15_000
const HALF_A_CORE_MS = 1_500

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('a node that is flooded with envelopes', () => {
  const nodes: OverlayNode[] = []
  const signalers: SignalerService[] = []

  afterEach(async () => {
    await Promise.all(signalers.splice(0).map((signaler) => signaler.stop()))
    await Promise.all(nodes.map(({ host }) => host.stop()))
    await Promise.all(nodes.splice(0).map(async ({ libp2p }) => libp2p.stop()))
  })

  async function spawn(index: number): Promise<OverlayNode> {
    const node = await createOverlayNode(index)
    nodes.push(node)
    await node.host.start()
    return node
  }

  async function signalerOf(node: OverlayNode, paths: ('direct' | 'introducer')[]): Promise<SignalerService> {
    const signaler = createSignaler({
      privateKey: seedOf(node.index),
      rooms: [KITCHEN],
      paths: paths.map((name) => node[name])
    })
    signalers.push(signaler)
    await signaler.start()
    return signaler
  }

  /** Runs a flooder; the CPU that this process takes meanwhile, whatever `during` adds to it. */
  async function flood(
    order: FloodOrder,
    during: () => Promise<void>
  ): Promise<{ cpuMs: number } & FloodReport> {
    const flooder = fork(new URL('./support/flooder.ts', import.meta.url), { stdio: 'inherit' })
    const reported = once(flooder, 'message') as Promise<[FloodReport]>
    const exited = once(flooder, 'exit')
    const before = process.cpuUsage()
    flooder.send(order)
    await during()
    const [report] = await reported
    const { user, system } = process.cpuUsage(before)
    await exited
    return { cpuMs: (user + system) / 1000, ...report }
  }

  it('as an introducer spends less than half a core on it, and goes on introducing others', async () => {
    const [alice, bob, introducer] = await Promise.all([0, 1, 2].map((index) => spawn(index)))
    const [dialer, answerer] = await Promise.all([alice, bob].map((node) => signalerOf(node, ['introducer'])))
    await Promise.all([alice, bob].map(({ libp2p }) => libp2p.dial(introducer.libp2p.getMultiaddrs())))
    bob.acquaintances.candidatePeers = [introducer.localPeer]
    bob.introducer.refresh()
    await until(() => introducer.host.registrations === 1)
    alice.acquaintances.introducers.set(bob.localPeer, [introducer.localPeer])
    dialer.observeInstance(bob.localPeer, answerer.instance)
    answerer.setOfferHandler((offer) => void offer.answer(utf8('answer')))

    const [address] = introducer.libp2p.getMultiaddrs()
    const order = { address: String(address), protocol: 'introduce', recipient: bob.localPeer } as const
    const { cpuMs, written } = await flood({ ...order, envelopes: ENVELOPES }, async () => {
      for (let count = 0; count < 10; count++) {
        const { outcome } = await dialer.dial(bob.localPeer, utf8('offer'))
        assert.equal(outcome, 'answered')
      }
    })
    assert.ok(cpuMs < HALF_A_CORE_MS, `${cpuMs} ms of CPU for ${ENVELOPES} envelopes, ${written} written`)
    const reached = [...answerer.dropped.values()].reduce((sum, count) => sum + count, 0)
    assert.ok(reached > 0 && reached < ENVELOPES / 10, `${reached} were passed on`)
  }).timeout(60_000)

  it('as their recipient spends less than half a core on it, and answers others', async () => {
    const [alice, bob] = await Promise.all([0, 1].map((index) => spawn(index)))
    const [dialer, answerer] = await Promise.all([alice, bob].map((node) => signalerOf(node, ['direct'])))
    await alice.libp2p.dial(bob.libp2p.getMultiaddrs())
    await until(() => alice.direct.reaches(bob.localPeer))
    dialer.observeInstance(bob.localPeer, answerer.instance)
    answerer.setOfferHandler((offer) => void offer.answer(utf8('answer')))

    const [address] = bob.libp2p.getMultiaddrs()
    const order = { address: String(address), protocol: 'signal', recipient: bob.localPeer } as const
    const { cpuMs, written } = await flood({ ...order, envelopes: ENVELOPES }, async () => {
      for (let count = 0; count < 10; count++) {
        const { outcome } = await dialer.dial(bob.localPeer, utf8('offer'))
        assert.equal(outcome, 'answered')
      }
    })
    assert.ok(cpuMs < HALF_A_CORE_MS, `${cpuMs} ms of CPU for ${ENVELOPES} envelopes, ${written} written`)
    assert.ok((answerer.dropped.get('over-quota') ?? 0) > 0)
  }).timeout(60_000)
})

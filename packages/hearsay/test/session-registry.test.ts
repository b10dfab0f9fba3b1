import assert from 'node:assert/strict'
import { createSignalingHub, testPeerId } from '@hearsay/testing'
import { comparePeerIds } from '@hearsay/signaling'
import { MeshMetrics } from '../src/metrics.ts'
import { resolveHearsayOptions } from '../src/options.ts'
import { SessionRegistry } from '../src/sessions/session-registry.ts'
import type { SignalingHub } from '@hearsay/testing'
import type { HearsayOptions } from '../src/index.ts'

const NO_LOG = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined })

describe('the session registry', () => {
  const registries: SessionRegistry[] = []

  function createRegistry(
    hub: SignalingHub,
    peer: string,
    envelopes: string[] = [],
    options: Partial<HearsayOptions> = {}
  ): SessionRegistry {
    const registry = new SessionRegistry({
      signaler: hub.join(peer),
      compare: comparePeerIds,
      options: resolveHearsayOptions({ room: 'kitchen', ...options }),
      metrics: new MeshMetrics(undefined, { peers: () => 0, members: () => 0, neighbours: () => 0 }),
      log: NO_LOG as never,
      roomsOf: () => [],
      admit: () => Promise.resolve(true),
      prepare: () => undefined,
      acceptChannel: () => false,
      acceptBroadcast: () => true,
      worth: () => 0,
      receiveEnvelope: (from, bytes) => envelopes.push(`${from} ${new TextDecoder().decode(bytes)}`)
    })
    registry.start()
    registries.push(registry)
    return registry
  }

  afterEach(async () => {
    await Promise.all(registries.splice(0).map((registry) => registry.close()))
  })

  it('carries envelopes of signaling between two that are connected, and shows them to no application', async () => {
    const hub = createSignalingHub()
    const [alice, bob] = [testPeerId(1), testPeerId(2)]
    const heard: string[] = []
    const a = createRegistry(hub, alice, [])
    const b = createRegistry(hub, bob, heard)
    assert.equal(a.carries(bob), false)
    await assert.rejects(a.carry(bob, new Uint8Array(1)), { code: 'ERR_DIAL_FAILED' })
    const connected = new Promise((resolve) => {
      b.addEventListener('connected', resolve, { once: true })
    })
    const peer = await a.dial(bob)
    await connected
    assert.ok(a.carries(bob) && b.carries(alice))
    await a.carry(bob, new TextEncoder().encode('an envelope'))
    while (heard.length === 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, 5)
      })
    }
    assert.deepEqual(heard, [`${alice} an envelope`])
    assert.deepEqual(
      peer.channels.map(({ label }) => label),
      ['default']
    )
  })

  describe('with a member that answers nobody', () => {
    const QUICK = { timeouts: { offerTimeoutMs: 100 } }
    const REACHABLE = { isPassive: false, isReachable: true }
    // The lower one dials at once.
    const [low, high] = [testPeerId(1), testPeerId(2)].sort(comparePeerIds)
    const third = testPeerId(3)

    function next(registry: SessionRegistry, type: 'lost' | 'found'): Promise<string> {
      return new Promise((resolve) => {
        registry.addEventListener(type, ({ detail }) => resolve(detail), { once: true })
      })
    }

    it('says that it is lost, and found when it connects', async () => {
      const hub = createSignalingHub()
      hub.cut(low, high)
      const registry = createRegistry(hub, low, [], QUICK)
      const other = createRegistry(hub, high)
      createRegistry(hub, third)
      await registry.dial(third)
      const lost = next(registry, 'lost')
      registry.handleMember(high, REACHABLE)
      assert.equal(await lost, high)
      assert.equal(registry.isLost(high), true)
      const found = next(registry, 'found')
      hub.heal(low, high)
      await other.dial(low)
      assert.equal(await found, high)
      assert.equal(registry.isLost(high), false)
    })

    it('takes nobody for lost while nobody at all talks to us', async () => {
      const hub = createSignalingHub()
      hub.cut(low, high)
      const registry = createRegistry(hub, high, [], QUICK)
      createRegistry(hub, low)
      registry.handleMember(low, REACHABLE)
      for (let dial = 0; dial < 3; dial++) {
        await assert.rejects(registry.dial(low), { code: 'ERR_DIAL_FAILED' })
      }
      assert.equal(registry.isLost(low), false)
    })

    it('takes it for lost by no dial that was to go along some paths only, nor by one that was given up', async () => {
      const hub = createSignalingHub()
      hub.cut(low, high)
      const registry = createRegistry(hub, high, [], QUICK)
      createRegistry(hub, low)
      createRegistry(hub, third)
      await registry.dial(third)
      registry.handleMember(low, REACHABLE)
      for (const options of [
        { paths: ['memory'] },
        { paths: ['memory'] },
        { timeoutMs: 20 },
        { timeoutMs: 20 }
      ]) {
        await assert.rejects(registry.dial(low, options), { code: 'ERR_DIAL_FAILED' })
      }
      assert.equal(registry.isLost(low), false)
    })
  })
})

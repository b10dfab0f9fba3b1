import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { connection, Meshes, nextEvent } from './support/meshes.ts'
import type { Mesh } from '../src/index.ts'

const SIZE = 8
const LIMIT = 3

/** How long what was said once has to arrive, before it is taken for lost, in milliseconds: gossip repairs itself. */
const ROUND_MS = 500

let rounds = 0

/** A member that notes what it hears, from whom. */
class Listener {
  readonly mesh: Mesh
  readonly heard: string[] = []

  constructor(mesh: Mesh) {
    this.mesh = mesh
    void this.#listen()
  }

  count(from: Mesh, message: string): number {
    return this.heard.filter((each) => each === `${from.peerId} ${message}`).length
  }

  async #listen(): Promise<void> {
    for await (const { from, message } of this.mesh.messages()) this.heard.push(`${from} ${String(message)}`)
  }
}

describe('broadcast in a room beyond the connection limit', function () {
  this.timeout(120_000)
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  /** Resolves once each has heard each: the overlay is one, and knows of all. What is said before may be lost. */
  async function allHear(listeners: readonly Listener[]): Promise<void> {
    const size = listeners.length
    while (listeners.some(({ mesh }) => mesh.members.length < size - 1)) await setTimeout(50)
    for (;;) {
      const round = `round ${++rounds}`
      for (const { mesh } of listeners) await mesh.broadcast(round)
      const deadline = performance.now() + ROUND_MS
      const isDone = (): boolean => every(listeners, (to, from) => to.count(from, round) > 0)
      while (!isDone() && performance.now() < deadline) await setTimeout(20)
      if (isDone()) return
    }
  }

  function every(listeners: readonly Listener[], holds: (to: Listener, from: Mesh) => boolean): boolean {
    return listeners.every((to) => listeners.every(({ mesh }) => mesh === to.mesh || holds(to, mesh)))
  }

  /** Each says something, and each other hears it exactly once. */
  async function eachReachesEach(listeners: readonly Listener[], text: string): Promise<void> {
    const results = await Promise.all(listeners.map(({ mesh }) => mesh.broadcast(text)))
    for (const { sent, unconnected, flooded } of results) {
      assert.equal(sent.length + unconnected, listeners.length - 1)
      assert.equal(flooded, unconnected > 0)
    }
    assert.ok(results.some(({ flooded }) => flooded))
    while (!every(listeners, (to, from) => to.count(from, text) > 0)) await setTimeout(20)
    // Whoever could still bring it twice has said something since.
    await allHear(listeners)
    assert.ok(every(listeners, (to, from) => to.count(from, text) === 1))
    for (const { heard } of listeners) assert.equal(heard.length, new Set(heard).size)
  }

  it('reaches every member exactly once; those that are left, too, when some have died', async () => {
    const listeners = (await meshes.line(SIZE, { maxConnections: LIMIT })).map((mesh) => new Listener(mesh))
    await allHear(listeners)
    assert.ok(listeners.every(({ mesh }) => mesh.peers.length <= LIMIT))
    await eachReachesEach(listeners, 'everybody')
    await Promise.all(listeners.splice(2, 2).map(({ mesh }) => mesh.close()))
    while (listeners.some(({ mesh }) => mesh.members.length >= listeners.length)) await setTimeout(20)
    await allHear(listeners)
    await eachReachesEach(listeners, 'those who are left')
  })

  it('is neither lost nor doubled by a connection that comes about meanwhile', async () => {
    const [alice, bob] = await meshes.line(2, { autoConnect: false })
    const [atAlice, atBob] = [new Listener(alice), new Listener(bob)]
    await allHear([atAlice, atBob])
    const said: string[] = []
    let isOver = false
    const dialing = (async () => {
      await setTimeout(200)
      await alice.dial(bob.peerId)
      await connection(bob, alice)
      await setTimeout(200)
      await alice.peers[0]?.close()
      isOver = true
    })()
    // As often as floods may follow each other for a while.
    for (let n = 0; !isOver; n++) {
      said.push(`n ${n}`)
      const { sent, flooded } = await alice.broadcast(`n ${n}`)
      assert.ok(sent.length === 1 || flooded)
      await setTimeout(60)
    }
    await dialing
    while (said.some((text) => atBob.count(alice, text) === 0)) await setTimeout(20)
    await allHear([atAlice, atBob])
    assert.equal(atBob.heard.length, new Set(atBob.heard).size)
  })

  it('arrives of a member that leaves with its last word', async () => {
    const [alice, bob, carol] = await meshes.line(3, { autoConnect: false, overlayDegree: 1 })
    const listeners = [alice, bob, carol].map((mesh) => new Listener(mesh))
    await allHear(listeners)
    assert.equal((await carol.broadcast('farewell')).flooded, true)
    await carol.close()
    while ([alice, bob].some((mesh) => mesh.members.length > 1)) await setTimeout(20)
    const left = listeners.slice(0, 2)
    while (left.some((to) => to.count(carol, 'farewell') === 0)) await setTimeout(20)
  })

  it('arrives of a newcomer with its first word', async () => {
    const [alice, bob] = await meshes.line(2, { autoConnect: false })
    const listeners = [new Listener(alice), new Listener(bob)]
    await allHear(listeners)
    const met = nextEvent(alice, 'member:discovered')
    const carol = await meshes.create({ autoConnect: false, bootstrap: bob.addresses[0] })
    await met
    let result = await carol.broadcast('here I am')
    while (!result.flooded) {
      await setTimeout(50)
      result = await carol.broadcast('here I am')
    }
    while (!every(listeners, (to) => to.count(carol, 'here I am') > 0)) await setTimeout(20)
  })
})

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { deriveRoom } from '@hearsay/signaling'
import { allConnected, Meshes } from './support/meshes.ts'
import type { GossipFloodOrder, GossipFloodReport } from './fixtures/gossip-flooder.ts'

/** Three seconds of 5,000 envelopes each: half a core would be one and a half. */
const ENVELOPES = 15_000
const HALF_A_CORE_MS = 1_500

describe('a member that somebody floods with gossip', function () {
  this.timeout(60_000)
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  for (const kind of ['signed', 'strangers', 'forged'] as const) {
    it(`spends less than half a core on it, and meets newcomers: ${kind}`, async () => {
      const { topic } = await deriveRoom({ name: 'kitchen' })
      const [flooded, neighbour] = await meshes.line(2)
      await allConnected([flooded, neighbour])
      const flooder = fork(new URL('fixtures/gossip-flooder.ts', import.meta.url), { stdio: 'inherit' })
      const reported = once(flooder, 'message') as Promise<[GossipFloodReport]>
      const exited = once(flooder, 'exit')
      const order: GossipFloodOrder = {
        address: flooded.addresses[0],
        topic,
        recipient: flooded.peerId,
        kind,
        envelopes: ENVELOPES
      }
      flooder.send(order)
      const before = process.cpuUsage()
      const [{ written, tookMs }] = await reported
      const { user, system } = process.cpuUsage(before)
      const cpuMs = (user + system) / 1_000
      await exited
      const told = `${Math.round(cpuMs)} ms of CPU for ${written} envelopes in ${Math.round(tookMs)} ms`
      assert.ok(cpuMs < Math.max(HALF_A_CORE_MS, tookMs / 2), told)
      assert.ok(flooded.peer(neighbour.peerId) !== undefined, 'who relays is not blamed')
      const newcomer = await meshes.create({ bootstrap: flooded.addresses[0] })
      await allConnected([flooded, neighbour, newcomer])
    })
  }
})

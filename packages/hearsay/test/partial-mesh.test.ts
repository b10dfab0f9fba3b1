import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { Meshes } from './support/meshes.ts'
import type { Mesh } from '../src/index.ts'

const LIMIT = 4

describe('a room beyond the connection limit', function () {
  this.timeout(120_000)
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  /** Dials until the peer, and we, have a session to spare. */
  async function reach(mesh: Mesh, peerId: string): Promise<void> {
    for (;;) {
      try {
        await mesh.dial(peerId)
        return
      } catch (error) {
        const { code } = error as { code?: unknown }
        assert.ok(code === 'ERR_CONNECTION_LIMIT' || code === 'ERR_PEER_REFUSED', String(error))
        await setTimeout(200)
      }
    }
  }

  it('keeps every member below its limit, and within reach of every other', async () => {
    const members = await meshes.line(7, { maxConnections: LIMIT })
    while (members.some((mesh) => mesh.members.length < members.length - 1)) await setTimeout(50)
    const [caller] = members
    for (const { peerId } of members.slice(1)) {
      await reach(caller, peerId)
      assert.ok(members.every((mesh) => mesh.peers.length <= LIMIT))
    }
  })

  it('does not take room from a session that is in use', async () => {
    const [alice, bob, carol] = await meshes.line(3, { autoConnect: false, maxConnections: 1 })
    const peer = await alice.dial(bob.peerId)
    bob.handle('slow', () => setTimeout(4_000, 'done'))
    const answer = peer.request('slow')
    await setTimeout(3_500)
    await assert.rejects(alice.dial(carol.peerId), { code: 'ERR_CONNECTION_LIMIT' })
    assert.equal(await answer, 'done')
  })
})

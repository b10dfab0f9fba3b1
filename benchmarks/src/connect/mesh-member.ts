import { createMesh } from 'hearsay'
import type { Mesh } from 'hearsay'
import { serve } from '../support/worker.ts'

/** One member of a mesh in a process of its own, that connects only to who is dialed. */
export type MeshMember = {
  /** Joins; resolves to the peer ID and an overlay address for others to enter by. */
  join(bootstrap: string[]): Promise<{ peerId: string; address: string }>
  /** Resolves once the member is known by presence. */
  knows(peerId: string): Promise<void>
  /** Dials, proves by a request that the channel carries messages, and closes. Milliseconds until the dial was done. */
  dial(peerId: string, paths: string[]): Promise<number>
}

let mesh: Mesh

serve({
  async join(bootstrap) {
    mesh = await createMesh({
      room: 'benchmark',
      bootstrap,
      autoConnect: false,
      overlayDegree: 1,
      listen: ['/ip4/127.0.0.1/tcp/0']
    })
    mesh.handle('ping', () => 'pong')
    return { peerId: mesh.peerId, address: mesh.addresses[0] }
  },
  async knows(peerId) {
    while (!mesh.members.some((member) => member.peerId === peerId)) {
      await new Promise((resolve) => {
        mesh.addEventListener('member:discovered', resolve, { once: true })
      })
    }
  },
  async dial(peerId, paths) {
    const startedAt = performance.now()
    const peer = await mesh.dial(peerId, { paths })
    const milliseconds = performance.now() - startedAt
    await peer.request('ping')
    await peer.close()
    return milliseconds
  }
} satisfies MeshMember)

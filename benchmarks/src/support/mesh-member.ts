import { createMesh } from 'hearsay'
import type { Mesh } from 'hearsay'
import { serve } from './worker.ts'
import { usage } from './usage.ts'
import type { Usage } from './usage.ts'

export interface MemberInit {
  bootstrap: string[]
  /** Connect to everybody heard of, or only to who is dialed. */
  autoConnect: boolean
}

/** One member of a mesh in a process of its own. */
export type MeshMember = {
  /** Joins; resolves to the peer ID and an overlay address for others to enter by. */
  join(init: MemberInit): Promise<{ peerId: string; address: string }>
  /** Resolves once this many peers are connected, to the milliseconds since `join` was called. */
  connectedTo(count: number): Promise<number>
  /** Resolves once the member is known by presence. */
  knows(peerId: string): Promise<void>
  /** Dials, proves by a request that the channel carries messages, and closes. Milliseconds until the dial was done. */
  dial(peerId: string, paths: string[]): Promise<number>
  usage(): Usage
  leave(): Promise<void>
}

let mesh: Mesh
let joinedAt = 0
const connectedAt: number[] = []

serve({
  async join({ bootstrap, autoConnect }) {
    joinedAt = performance.now()
    mesh = await createMesh({
      room: 'benchmark',
      bootstrap,
      autoConnect,
      overlayDegree: 1,
      listen: ['/ip4/127.0.0.1/tcp/0']
    })
    mesh.handle('ping', () => 'pong')
    mesh.addEventListener('peer:connected', () => connectedAt.push(performance.now() - joinedAt))
    return { peerId: mesh.peerId, address: mesh.addresses[0] }
  },
  async connectedTo(count) {
    while (mesh.peers.length < count) {
      await new Promise((resolve) => {
        mesh.addEventListener('peer:connected', resolve, { once: true })
      })
    }
    return connectedAt[connectedAt.length - 1] ?? 0
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
  },
  usage,
  leave: () => mesh.close()
} satisfies MeshMember)

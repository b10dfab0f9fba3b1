import type { Mesh, MeshPeer } from 'hearsay'

/** The mesh's connection to a peer, once there is one. */
export async function connectedPeer(mesh: Mesh, peerId: string): Promise<MeshPeer> {
  const peer = mesh.peer(peerId)
  if (peer !== undefined) return peer
  return new Promise((resolve) => {
    mesh.addEventListener('peer:connected', ({ detail }) => {
      if (detail.peerId === peerId) resolve(detail)
    })
  })
}

import { createMesh, type Mesh } from 'hearsay'

/** What a test calls in the page. Everything that crosses is JSON. */
export interface MeshPage {
  joinMesh(options: {
    readonly room: string
    readonly bootstrap?: string
    readonly dht?: { readonly bootstrap: string }
    readonly mdns?: boolean
    readonly identity: string
  }): Promise<string>
  /** Waits until a peer is connected, asks it, and tells what it answered and how its offer had come. */
  askPeer(question: { readonly peerId: string; readonly text: string }): Promise<PageAnswer>
  /** Peers that the page was connected to and is not any more, once for each time. */
  lostPeers(): Promise<readonly string[]>
  leaveMesh(): Promise<void>
}

interface PageAnswer {
  readonly answer: unknown
  readonly path: string | undefined
}

const page = globalThis as unknown as MeshPage
const lost: string[] = []
let mesh: Mesh

page.joinMesh = async (options) => {
  mesh = await createMesh(options)
  mesh.handle<{ text: string }>('greet', ({ text }) => ({ text: `The page says: ${text}` }))
  mesh.addEventListener('peer:disconnected', ({ detail: { peer } }) => lost.push(peer.peerId))
  return mesh.peerId
}

page.lostPeers = () => Promise.resolve(lost)

page.askPeer = async ({ peerId, text }) => {
  const peer = await mesh.dial(peerId)
  const { path } = await peer.stats()
  return { answer: await peer.request('greet', { text }), path }
}

page.leaveMesh = () => mesh.close()

import { createMesh, type Mesh } from 'hearsay'

/** What a test calls in the page. Everything that crosses is JSON. */
export interface MeshPage {
  joinMesh(options: {
    readonly room: string
    readonly bootstrap?: string
    readonly dht?: { readonly bootstrap: string }
    readonly identity: string
  }): Promise<string>
  /** Waits until a peer is connected, asks it, and tells what it answered and how its offer had come. */
  askPeer(question: { readonly peerId: string; readonly text: string }): Promise<PageAnswer>
  leaveMesh(): Promise<void>
}

export interface PageAnswer {
  readonly answer: unknown
  readonly path: string | undefined
}

const page = globalThis as unknown as MeshPage
let mesh: Mesh

page.joinMesh = async (options) => {
  mesh = await createMesh(options)
  mesh.handle<{ text: string }>('greet', ({ text }) => ({ text: `The page says: ${text}` }))
  return mesh.peerId
}

page.askPeer = async ({ peerId, text }) => {
  const peer = await mesh.dial(peerId)
  const { path } = await peer.stats()
  return { answer: await peer.request('greet', { text }), path }
}

page.leaveMesh = () => mesh.close()

import { createMesh } from '../../src/index.ts'
import type { Mesh, MeshEvents, MeshOptions, MeshPeer } from '../../src/index.ts'

export const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

/** Meshes of one test, all on loopback, all closed at its end. */
export class Meshes {
  readonly #meshes: Mesh[] = []

  async create(options: Partial<MeshOptions> = {}): Promise<Mesh> {
    const mesh = await createMesh({ room: 'kitchen', listen: LOOPBACK, ...options })
    this.#meshes.push(mesh)
    return mesh
  }

  /** Each is told only of the one before it. */
  async line(length: number, options: Partial<MeshOptions> = {}): Promise<Mesh[]> {
    const line = [await this.create(options)]
    while (line.length < length) {
      line.push(await this.create({ ...options, bootstrap: [...line.at(-1)!.addresses] }))
    }
    return line
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#meshes.splice(0).map((mesh) => mesh.close()))
  }
}

/** The detail of the next event for which `matches` holds. */
export function nextEvent<Type extends keyof MeshEvents>(
  mesh: Mesh,
  type: Type,
  matches: (detail: MeshEvents[Type]['detail']) => boolean = () => true
): Promise<MeshEvents[Type]['detail']> {
  return new Promise((resolve) => {
    const listener = ({ detail }: { detail: MeshEvents[Type]['detail'] }): void => {
      if (!matches(detail)) return
      mesh.removeEventListener(type, listener as never)
      resolve(detail)
    }
    mesh.addEventListener(type, listener)
  })
}

/** The connection to that mesh, once it is there. */
export async function connection(mesh: Mesh, other: Mesh): Promise<MeshPeer> {
  const connected = nextEvent(mesh, 'peer:connected', ({ peerId }) => peerId === other.peerId)
  return mesh.peer(other.peerId) ?? (await connected)
}

/** Resolves when each is connected to each. */
export async function allConnected(meshes: readonly Mesh[]): Promise<void> {
  const pairs = meshes.flatMap((mesh) =>
    meshes.filter((other) => other !== mesh).map((other) => [mesh, other] as const)
  )
  await Promise.all(pairs.map(([mesh, other]) => connection(mesh, other)))
}

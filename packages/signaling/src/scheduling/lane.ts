import type { Arrival, SignalingPath } from '../path.ts'

/** A way to a peer with an intermediary of its own: a path, or the part of it that leads through one of several. */
export interface Lane {
  readonly path: SignalingPath
  /** Peer ID of the intermediary, where the path has lanes. */
  readonly via: string | undefined
  /** Nothing has to be dialed first. */
  readonly isReady: boolean
  /** A key for tables: unique among the lanes to a peer. */
  readonly name: string
}

/** The lanes of those paths that reach the peer now. */
export function lanesTo(remotePeer: string, paths: readonly SignalingPath[]): Lane[] {
  return paths.flatMap((path) => {
    const lanes = path.intermediaries?.(remotePeer) ?? []
    if (lanes.length > 0) {
      return lanes.map(({ peer, isConnected }) => createLane(path, peer, isConnected))
    }
    return path.reaches(remotePeer) ? [createLane(path)] : []
  })
}

/** The lane on which something came, which leads back to its origin. */
export function laneOf({ path, via }: Arrival, paths: readonly SignalingPath[]): Lane | undefined {
  const arrivedOn = paths.find(({ name }) => name === path)
  return arrivedOn === undefined ? undefined : createLane(arrivedOn, via)
}

/** Whether one intermediary could stop both. */
export function sharesIntermediary(one: Lane, other: Lane): boolean {
  return one.via !== undefined && one.via === other.via
}

function createLane(path: SignalingPath, via?: string, isReady = true): Lane {
  return { path, via, isReady, name: via === undefined ? path.name : `${path.name} ${via}` }
}

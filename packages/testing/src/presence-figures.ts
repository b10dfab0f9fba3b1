import { DEFAULT_MAX_MEMBERS } from 'hearsay/presence'
import { PresenceSimulation } from './presence-simulation.ts'

export interface PresenceFiguresOptions {
  readonly members: number
  readonly seed: number
  /** What one hop takes, in milliseconds. @default 50 */
  readonly hopMs?: number
  /** Links that each member opens to others at random; it has twice as many on average. @default 3 */
  readonly links?: number
  /** How many members each of them remembers. @default 4_096, as without simulation */
  readonly maxMembers?: number
  /** For how long the quiet room is watched, in milliseconds. @default 600_000 */
  readonly quietMs?: number
}

/** What presence costs and how fast it is in a simulated room, in virtual time. */
export interface PresenceFigures {
  /** Sent by a member each second while nobody comes or goes, with all that carries it. */
  readonly quietBytesPerSecond: number
  /** Signatures verified by a member each second in the same time. */
  readonly quietVerifiedPerSecond: number
  /** From a newcomer's first link to two neighbours until it knows the room, or as much of it as its table holds. */
  readonly newcomerKnowsMs: number
  /** … until all know the newcomer. */
  readonly newcomerKnownMs: number
  /** Sent by all members together until then, and said to the room by gossip. */
  readonly newcomerBytes: number
  readonly newcomerGossipBytes: number
  /** A goodbye, until nobody counts the member any more. */
  readonly goodbyeMs: number
  /**
   * From the first link between two halves that were apart for ten minutes, and had a newcomer each meanwhile, until all
   * know both. Absent where tables are smaller than the room: who comes in passing finds no place in a full one.
   */
  readonly mergeMs: number | undefined
}

const LIMIT_MS = 120_000

/** Measures a room on a virtual clock. Ten thousand members take minutes of CPU and some gigabytes of memory. */
export function measurePresence(options: PresenceFiguresOptions): PresenceFigures {
  const { members, seed, hopMs = 50, links = 3, quietMs = 600_000 } = options
  const { maxMembers = DEFAULT_MAX_MEMBERS } = options
  const room = new PresenceSimulation({ seed, hopMs, maxMembers })
  const names = room.addSettled(members).map(({ name }) => name)
  // Two halves, to be parted at three links.
  const [left, right] = [names.slice(0, members >> 1), names.slice(members >> 1)]
  room.linkAtRandom(left, links)
  room.linkAtRandom(right, links)
  const bridges = left.slice(0, 3).map((name, index) => [name, right[index]] as const)
  for (const [a, b] of bridges) room.link(a, b)
  room.run(120_000)

  room.resetTraffic()
  room.run(quietMs)
  const quiet = { ...room.traffic }

  room.resetTraffic()
  const newcomer = room.add('newcomer')
  for (const half of [left, right]) room.link('newcomer', room.random.pick(half))
  const others = Math.min(members, maxMembers)
  const newcomerKnowsMs = room.runUntil(() => newcomer.core.table.size >= others, LIMIT_MS, 10)
  const newcomerKnownMs = newcomerKnowsMs + room.runUntil(() => isKnown(room, 'newcomer'), LIMIT_MS, 10)
  const { bytes: newcomerBytes, gossipedBytes: newcomerGossipBytes } = room.traffic

  room.leave('newcomer')
  const goodbyeMs = room.runUntil(() => isForgotten(room, 'newcomer'), LIMIT_MS, 10)

  const mergeMs = maxMembers > members ? merge(room, left, right, bridges) : undefined

  return {
    quietBytesPerSecond: quiet.bytes / members / (quietMs / 1_000),
    quietVerifiedPerSecond: quiet.verified / members / (quietMs / 1_000),
    newcomerKnowsMs,
    newcomerKnownMs,
    newcomerBytes,
    newcomerGossipBytes,
    goodbyeMs,
    mergeMs
  }
}

function merge(
  room: PresenceSimulation,
  left: readonly string[],
  right: readonly string[],
  bridges: readonly (readonly [string, string])[]
): number {
  for (const [a, b] of bridges) room.unlink(a, b)
  for (const [name, half] of [
    ['late left', left],
    ['late right', right]
  ] as const) {
    room.add(name)
    room.link(name, room.random.pick(half))
  }
  room.run(600_000)
  const [[one, other]] = bridges as [readonly [string, string]]
  room.link(one, other)
  const isOne = (): boolean => isKnown(room, 'late left') && isKnown(room, 'late right')
  return room.runUntil(isOne, LIMIT_MS, 10)
}

/** By every member but itself, or by nearly all where tables are smaller than the room. */
function isKnown(room: PresenceSimulation, peerId: string): boolean {
  let unaware = 0
  let full = 0
  for (const { name, core } of room.members.values()) {
    if (core.table.isFull) full++
    if (name !== peerId && core.table.get(peerId) === undefined) unaware++
  }
  return unaware === 0 || (full > 0 && unaware <= room.members.size / 20)
}

function isForgotten(room: PresenceSimulation, peerId: string): boolean {
  for (const { name, core } of room.members.values()) {
    if (name !== peerId && core.table.get(peerId) !== undefined) return false
  }
  return true
}

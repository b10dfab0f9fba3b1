import { SignalingSimulation } from '@hearsay/testing'
import { PresenceSimulation } from '@hearsay/testing/presence'
import type { CountedPath, Cost } from './real-room.ts'

const warmUp = 20

/** A virtual hour: long enough for several renewals of every record. */
const quietMs = 3_600_000

/** Overlay neighbours that a member looks for. */
const links = 4

/** What connections cost in a room on a virtual clock, and how long the answers took. */
export async function simulateSignaling(
  members: number,
  path: CountedPath,
  count: number,
  seed: number
): Promise<Cost & { tookMs: number[] }> {
  const simulation = await SignalingSimulation.create({ seed, members })
  for (let i = 0; i < warmUp; i++) await simulation.connect('introducer')
  const before = { ...simulation.traffic }
  const tookMs: number[] = []
  for (let i = 0; i < count; i++) {
    const took = await simulation.connect(path)
    if (took !== undefined) tookMs.push(took)
  }
  const { envelopes, bytes } = simulation.traffic
  await simulation.stop()
  return {
    envelopes: (envelopes - before.envelopes) / count,
    bytes: (bytes - before.bytes) / count,
    success: tookMs.length / count,
    tookMs
  }
}

/** What presence costs a room that nobody joins or leaves, in bytes a second and member. */
export function simulateQuiet(members: number, seed: number): number {
  const simulation = settledRoom(members, seed)
  simulation.run(quietMs / 6)
  simulation.resetTraffic()
  simulation.run(quietMs)
  const { bytes, gossipedBytes } = simulation.traffic
  return (bytes + gossipedBytes) / members / (quietMs / 1000)
}

/** How long it takes a newcomer with two neighbours to know them all, in virtual milliseconds at 50 a hop. */
export function simulateNewcomer(members: number, seed: number): number {
  const simulation = settledRoom(members, seed)
  simulation.run(60_000)
  const newcomer = simulation.add('newcomer')
  simulation.link('newcomer', 'm1')
  simulation.link('newcomer', 'm2')
  return simulation.runUntil(() => newcomer.core.table.size >= members, 60_000)
}

function settledRoom(members: number, seed: number): PresenceSimulation {
  const simulation = new PresenceSimulation({ seed })
  simulation.linkAtRandom(
    simulation.addSettled(members).map(({ name }) => name),
    links
  )
  return simulation
}

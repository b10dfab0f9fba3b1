import type { Benchmark } from './benchmark.ts'
import { connect } from './connect/connect.ts'
import { latency } from './latency/latency.ts'
import { loss } from './loss/loss.ts'
import { many } from './many/many.ts'
import { mesh } from './mesh/mesh.ts'
import { open } from './open/open.ts'
import { signaling } from './signaling/signaling.ts'
import { throughput } from './throughput/throughput.ts'

/** All benchmarks, by the names of the command line. */
export const benchmarks: Readonly<Record<string, { readonly run: Benchmark; readonly about: string }>> = {
  throughput: { run: throughput, about: 'bytes a second by size of message, on one channel and on four' },
  latency: { run: latency, about: 'round-trip times, alone and beside a saturated channel' },
  loss: { run: loss, about: 'paths that lose and delay, a bottleneck alone, shared, and beside TCP' },
  open: { run: open, about: 'a bare connection, from nothing to an open channel' },
  many: { run: many, about: 'a hundred and five hundred connections in one process' },
  connect: {
    run: connect,
    about: 'from "dial this peer ID" to an open channel, path by path; the bare connection'
  },
  signaling: {
    run: signaling,
    about: 'envelopes and bytes a connection, over all members of a room, real and simulated'
  },
  mesh: { run: mesh, about: 'ten processes started at once, until every pair is connected' }
}

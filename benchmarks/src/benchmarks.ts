import type { Benchmark } from './benchmark.ts'
import { connect } from './connect/connect.ts'
import { latency } from './latency/latency.ts'
import { mesh } from './mesh/mesh.ts'
import { throughput } from './throughput/throughput.ts'

/** All benchmarks, by the names of the command line. */
export const benchmarks: Readonly<Record<string, { readonly run: Benchmark; readonly about: string }>> = {
  throughput: { run: throughput, about: 'bytes a second by size of message, on one channel and on four' },
  latency: { run: latency, about: 'round-trip times, alone and beside a saturated channel' },
  connect: {
    run: connect,
    about: 'from "dial this peer ID" to an open channel, path by path; the bare connection'
  },
  mesh: { run: mesh, about: 'ten processes started at once, until every pair is connected' }
}

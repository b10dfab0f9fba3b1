import { createMesh } from 'hearsay'
import type { Mesh } from 'hearsay'
import { serve } from '../support/worker.ts'
import { CountingMetrics } from './counting-metrics.ts'

/** Several members of one room in a process: what is measured here is what they say, not how fast. */
export type RoomHost = {
  /** Starts so many members, each of which is told of one address of those given. */
  join(count: number, bootstrap: string[]): Promise<{ peerId: string; address: string }[]>
  /** Resolves once each of them knows so many others. */
  know(count: number): Promise<void>
  /** Has its member of this number connect to a peer over these paths, and stay connected. Whether it succeeded. */
  dial(member: number, peerId: string, paths: string[]): Promise<boolean>
  /** Envelopes and bytes that were sent by each path, of all its members together. */
  sent(): { envelopes: Record<string, number>; bytes: Record<string, number> }
}

interface Member {
  mesh: Mesh
  metrics: CountingMetrics
}

/** Hundreds of members share a machine that may be busy besides: what is measured is not how soon they are in. */
const bootstrapTimeoutMs = 120_000

const members: Member[] = []

serve({
  async join(count, bootstrap) {
    for (let i = 0; i < count; i++) {
      const metrics = new CountingMetrics()
      const mesh = await createMesh({
        room: 'benchmark',
        bootstrap: bootstrap.slice(i % Math.max(1, bootstrap.length)).slice(0, 1),
        bootstrapTimeoutMs,
        autoConnect: false,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        metrics: () => metrics
      })
      members.push({ mesh, metrics })
    }
    return members.map(({ mesh }) => ({ peerId: mesh.peerId, address: mesh.addresses[0] }))
  },
  async know(count) {
    for (const { mesh } of members) {
      while (mesh.members.length < count) {
        await new Promise((resolve) => {
          mesh.addEventListener('member:discovered', resolve, { once: true })
        })
      }
    }
  },
  async dial(member, peerId, paths) {
    try {
      await members[member].mesh.dial(peerId, { paths })
      return true
    } catch (error) {
      process.stderr.write(`${String(error)}\n`)
      return false
    }
  },
  sent() {
    const sum = (name: string): Record<string, number> => {
      const total: Record<string, number> = {}
      for (const { metrics } of members) {
        for (const [path, count] of Object.entries(metrics.counts(name))) {
          total[path] = (total[path] ?? 0) + count
        }
      }
      return total
    }
    return {
      envelopes: sum('hearsay_signaling_sent_envelopes_total'),
      bytes: sum('hearsay_signaling_sent_bytes_total')
    }
  }
} satisfies RoomHost)

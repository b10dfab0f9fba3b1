import { setTimeout } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import { Pair } from '../peer/pair.ts'
import { takeTurns } from '../peer/take-turns.ts'
import { overSpan } from '../support/span.ts'
import type { Sample } from '../support/tally.ts'
import { startWorker } from '../support/worker.ts'
import type { Remote } from '../support/worker.ts'
import { bulk, lossRounds, messageBytes, narrow, turnTimeoutMs } from './flow.ts'
import { Namespaces } from './namespaces.ts'
import type { TcpPeer } from './tcp-peer.ts'

/** Until a flow has found its rate, in milliseconds. */
const warmUpMs = 2_000
const measureMs = 6_000

interface TcpFlow {
  readonly sender: Remote<TcpPeer>
  readonly receiver: Remote<TcpPeer>
}

/** A flow in the kernel's own bottleneck together with one of the kernel's TCP, which is there first. */
export const besideTcp: Benchmark = async (options) => {
  const name = '5 MB/s bottleneck, beside TCP'
  if (!name.includes(options.only ?? '')) return []
  await using stack = new AsyncDisposableStack()
  let namespaces: Namespaces
  try {
    namespaces = stack.use(await Namespaces.create(narrow))
  } catch (error) {
    options.progress(`left out: ${name}, as this machine has no network namespaces for us: ${String(error)}`)
    return []
  }
  const { sender, receiver } = namespaces
  const module = new URL('./tcp-peer.ts', import.meta.url)
  const flow = {
    sender: stack.use(startWorker<TcpPeer>(module, { name: 'tcp-sender', namespace: sender })).call,
    receiver: stack.use(startWorker<TcpPeer>(module, { name: 'tcp-receiver', namespace: receiver })).call
  }
  const port = await flow.receiver.listen(namespaces.receiverAddress)
  return await takeTurns(
    {
      scenarios: [{ name }],
      rounds: options.quick ? 1 : lossRounds,
      turnTimeoutMs,
      metrics: [
        { metric: 'utilization', unit: '%' },
        { metric: 'share left to TCP', unit: '%', isCompared: true }
      ],
      startPair: (contender) => Pair.start(contender, [sender, receiver]),
      turn: (pair) => measure(pair, flow, namespaces, port, options.quick)
    },
    options
  )
}

async function measure(
  pair: Pair,
  tcp: TcpFlow,
  { receiverAddress, device }: Namespaces,
  port: number,
  quick: boolean
): Promise<Sample> {
  await tcp.sender.send(receiverAddress, port)
  try {
    await setTimeout(quick ? 50 : warmUpMs)
    const { id } = await pair.connect([bulk])
    await pair.offerer.startSending(id, [bulk.label], messageBytes)
    await setTimeout(quick ? 50 : warmUpMs)
    const read = async (): Promise<{ ours: number; theirs: number; device: number; atMs: number }> => {
      const [ours, theirs, bytes] = await Promise.all([
        pair.answerer.received(id),
        tcp.receiver.received(),
        tcp.receiver.deviceBytes(device)
      ])
      return { ours: ours.bytes, theirs, device: bytes, atMs: performance.now() }
    }
    const {
      before,
      after,
      bytes: ours
    } = await overSpan({
      read,
      bytesOf: (reading) => reading.ours,
      milliseconds: quick ? 200 : measureMs,
      quick
    })
    await pair.offerer.stopSending(id)
    await pair.close(id)
    const theirs = after.theirs - before.theirs
    const seconds = (after.atMs - before.atMs) / 1000
    return {
      values: [
        ((after.device - before.device) / seconds / narrow.bytesPerSecond) * 100,
        (theirs / (ours + theirs)) * 100
      ],
      n: 1
    }
  } finally {
    await tcp.sender.stop()
  }
}

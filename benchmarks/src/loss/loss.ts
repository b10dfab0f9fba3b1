import type { Benchmark } from '../benchmark.ts'
import { bottleneck, sharedBottleneck } from './bottleneck.ts'
import { impairedPath } from './impaired-path.ts'
import { besideTcp } from './beside-tcp.ts'

/** Paths that lose, delay and are narrow. */
export const loss: Benchmark = async (options) => [
  ...(await impairedPath(options)),
  ...(await bottleneck(options)),
  ...(await sharedBottleneck(options)),
  ...(await besideTcp(options))
]

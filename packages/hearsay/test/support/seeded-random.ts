import { SeededRandom } from '@hearsay/testing'

/** Uniform in [0, 1), the same sequence for the same seed. */
export function seededRandom(seed: number): () => number {
  const random = new SeededRandom(seed)
  return () => random.number()
}

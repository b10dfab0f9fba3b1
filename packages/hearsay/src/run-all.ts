import { reasonOf } from './errors.ts'

/**
 * Runs the steps one after another, each also where one before it failed.
 *
 * @throws the first failure, once all have run
 */
export async function runAll(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  throwFirst(failures)
}

/** Waits for all of them, also where one fails; then throws the first failure. */
export async function waitForAll(promises: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const results = await Promise.allSettled(promises.filter((promise) => promise !== undefined))
  throwFirst(results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : [])))
}

function throwFirst(failures: readonly unknown[]): void {
  if (failures.length === 0) return
  const [first] = failures
  throw first instanceof Error ? first : new Error(reasonOf(first))
}

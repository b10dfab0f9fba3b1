import { platform } from '#platform'
import { withDeadline } from './deadline.ts'
import { BootstrapError, ListenError } from './errors.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What is to be entered: `createMesh()` and `createDhtNode()` wait for it. */
export interface Entering {
  /** Resolves once a bootstrap address answered. */
  readonly entered: Promise<undefined>
  /** Why bootstrap addresses failed, by address. */
  readonly bootstrapFailures: ReadonlyMap<string, unknown>
}

/** @throws {ListenError} a listen address cannot be opened */
export async function startNode(
  node: { start(): void | Promise<void> },
  listen: readonly Multiaddr[] | undefined
): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnsupportedListenAddressesError') throw error
    throw new ListenError((listen ?? platform.defaultListen).map(String), error)
  }
}

/**
 * Waits until a bootstrap address has answered; they are tried meanwhile.
 *
 * @throws {BootstrapError} none did
 */
export async function waitForEntry(
  entering: Entering,
  addresses: readonly Multiaddr[],
  timeoutMs: number,
  signal: AbortSignal | undefined
): Promise<void> {
  try {
    await withDeadline(timeoutMs, signal, (deadline) => settledOrAborted(entering.entered, deadline))
  } catch {
    signal?.throwIfAborted()
    const failures = [...entering.bootstrapFailures.values()]
    throw new BootstrapError(addresses.map(String), timeoutMs, new AggregateError(failures))
  }
}

function settledOrAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new Error('aborted', { cause: signal.reason }))
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(() => {
      resolve()
    }, reject)
  })
}

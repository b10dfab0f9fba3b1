import { withDeadline } from './deadline.ts'
import { AdmitTimeoutError } from './errors.ts'

/** What is known of a peer that asks to connect: it is authenticated and in one of our rooms. */
export interface AdmissionRequest {
  /** Names of the rooms that it proved to be in. */
  readonly rooms: readonly string[]
}

/**
 * Decides whether a peer may connect; `false` refuses it as `not-admitted`. The peer's offer waits meanwhile, and not
 * for long: decide from what you know. It is asked before a member is connected to automatically, too, and again some
 * time after it said no; before a connected peer counts as being in a room that it has proven since; and before a
 * broadcast is delivered of a member without a session. `dial()` does not ask about the rooms in which the member is
 * known. A hook that throws admits nobody.
 */
export type AdmitHook = (peerId: string, request: AdmissionRequest) => boolean | Promise<boolean>

/** Who is being asked about keeps a place among the dials under way, and a hook may never answer. */
const ADMIT_TIMEOUT_MS = 30_000

/**
 * What the hook says of that peer. Throws what the hook throws.
 *
 * @param stopped aborted when nobody waits for the answer any more; its reason is thrown
 * @throws {AdmitTimeoutError} it does not answer
 */
export function askAdmit(
  hook: AdmitHook,
  peerId: string,
  request: AdmissionRequest,
  stopped: AbortSignal,
  timeoutMs = ADMIT_TIMEOUT_MS
): Promise<boolean> {
  return withDeadline(timeoutMs, stopped, async (signal) => {
    stopped.throwIfAborted()
    const { promise, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => {
      reject(stopped.aborted ? stopped.reason : new AdmitTimeoutError(peerId, timeoutMs))
    })
    return Promise.race([promise, hook(peerId, request)])
  })
}

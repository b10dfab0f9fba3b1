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

import type { HandshakeState } from './handshake-state.ts'

/** What a finished handshake leaves behind. */
export interface SessionKeys {
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** For `hello` on the control channel: confirms this handshake to the data plane. */
  readonly helloKey: Uint8Array
}

export function sessionKeysOf(handshake: HandshakeState): SessionKeys {
  return { ...handshake.split(), helloKey: handshake.exportKey('hearsay/hello/1') }
}

import type { HandshakeState } from './handshake-state.ts'

/** What a finished handshake leaves behind. */
export interface SessionKeys {
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** For `hello` on the control channel: confirms this handshake to the data plane. */
  readonly helloKey: Uint8Array
  /** The handshake's hash at its end: rooms proven later are bound to it. */
  readonly handshakeHash: Uint8Array
}

export function sessionKeysOf(handshake: HandshakeState): SessionKeys {
  return {
    ...handshake.split(),
    helloKey: handshake.exportKey('hearsay/hello/1'),
    handshakeHash: handshake.hash
  }
}

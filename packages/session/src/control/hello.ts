import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { SessionRole } from '../state/session-state.ts'
import { ByteWriter } from '../wire/byte-writer.ts'
import { equalBytes } from '../wire/equal-bytes.ts'

/** One side of a connection as `hello` binds it. */
export interface HelloParty {
  readonly peer: string
  readonly instance: Uint8Array
  /** SHA-256 of the DTLS certificate, from the description that this connection uses. */
  readonly fingerprint: Uint8Array
}

export interface HelloBinding {
  /** From the Noise handshake that carried both descriptions; 32 bytes. */
  readonly helloKey: Uint8Array
  /** Counts the peer connections of one session, from 0. */
  readonly generation: number
  readonly initiator: HelloParty
  readonly responder: HelloParty
}

const CONTEXT = 'hearsay hello 1'

/**
 * The MAC that `sender` puts into its `hello`: it ties this DTLS connection to the Noise handshake that carried its
 * fingerprints, so that a peer which passes on another's fingerprint is found out (unknown key-share, RFC 8844).
 *
 * @param sender its role is part of the MAC: an echoed `hello` does not verify
 */
export function helloMac(binding: HelloBinding, sender: SessionRole): Uint8Array {
  const transcript = new ByteWriter(384)
    .text(CONTEXT)
    .byte(sender === 'initiator' ? 0 : 1)
    .varint(binding.generation)
  for (const party of [binding.initiator, binding.responder]) {
    transcript.text(party.peer).prefixed(party.instance).prefixed(party.fingerprint)
  }
  return hmac(sha256, binding.helloKey, transcript.finish())
}

/** Compares in constant time. */
export function verifyHelloMac(binding: HelloBinding, sender: SessionRole, mac: Uint8Array): boolean {
  return equalBytes(helloMac(binding, sender), mac)
}

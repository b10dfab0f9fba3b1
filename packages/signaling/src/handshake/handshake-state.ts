import { concat } from '../bytes.ts'
import type { X25519 } from '../dh/x25519.ts'
import { TAG_BYTES } from './cipher-state.ts'
import type { HandshakePattern, Token } from './patterns.ts'
import { SymmetricState } from './symmetric-state.ts'

/** Length of an X25519 key. */
export const DH_BYTES = 32

export interface KeyPair {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
}

export interface HandshakeInit {
  pattern: HandshakePattern
  role: 'initiator' | 'responder'
  prologue: Uint8Array
  x25519: X25519
  staticKey?: KeyPair
  remoteStaticKey?: Uint8Array
  /** Asked once, when the first `e` is written: a reader that refuses the message never needs one. */
  generateEphemeral: () => KeyPair
}

/**
 * One side of a Noise handshake (Noise rev. 34, section 5.3) over 25519, ChaChaPoly and SHA-256. A message is written
 * or read in two steps, so that what its payload says can depend on the hash at that point (the room proofs do).
 */
export class HandshakeState {
  readonly #symmetric: SymmetricState
  readonly #init: HandshakeInit
  #nextMessage = 0
  #ephemeral: KeyPair | undefined
  #remoteStatic: Uint8Array | undefined
  #remoteEphemeral: Uint8Array | undefined

  constructor(init: HandshakeInit, from?: HandshakeState) {
    this.#init = init
    if (from !== undefined) {
      this.#symmetric = from.#symmetric.clone()
      this.#nextMessage = from.#nextMessage
      this.#ephemeral = from.#ephemeral
      this.#remoteStatic = from.#remoteStatic
      this.#remoteEphemeral = from.#remoteEphemeral
      return
    }
    this.#remoteStatic = init.remoteStaticKey
    this.#symmetric = new SymmetricState(`Noise_${init.pattern.name}_25519_ChaChaPoly_SHA256`)
    this.#symmetric.mixHash(init.prologue)
    if (init.pattern.responderStaticKnown) {
      this.#symmetric.mixHash(
        required(init.role === 'initiator' ? init.remoteStaticKey : init.staticKey?.publicKey)
      )
    }
  }

  /** An independent copy: a message that turns out to be forged must leave the handshake as it was. */
  clone(): HandshakeState {
    return new HandshakeState(this.#init, this)
  }

  /** The handshake hash so far. */
  get hash(): Uint8Array {
    return this.#symmetric.hash
  }

  /** The static key that the other side has shown it knows, once it was read. */
  get remoteStaticKey(): Uint8Array | undefined {
    return this.#remoteStatic
  }

  /** Writes what precedes the payload of the next message; undefined where a DH is refused. */
  writeTokens(): Uint8Array | undefined {
    const parts: Uint8Array[] = []
    for (const token of this.#takeMessage()) {
      if (token === 'e') {
        this.#ephemeral = this.#init.generateEphemeral()
        const { publicKey } = this.#ephemeral
        this.#symmetric.mixHash(publicKey)
        parts.push(publicKey)
      } else if (token === 's') {
        parts.push(this.#symmetric.encryptAndHash(required(this.#init.staticKey).publicKey))
      } else if (!this.#mixDh(token)) {
        return undefined
      }
    }
    return concat(...parts)
  }

  writePayload(payload: Uint8Array): Uint8Array {
    return this.#symmetric.encryptAndHash(payload)
  }

  /** Reads what precedes the payload of the next message; returns the rest, or undefined where it is not authentic. */
  readTokens(message: Uint8Array): Uint8Array | undefined {
    let rest = message
    for (const token of this.#takeMessage()) {
      if (token === 'e') {
        if (rest.length < DH_BYTES) {
          return undefined
        }
        this.#remoteEphemeral = rest.slice(0, DH_BYTES)
        this.#symmetric.mixHash(this.#remoteEphemeral)
        rest = rest.subarray(DH_BYTES)
      } else if (token === 's') {
        const length = this.#symmetric.hasKey ? DH_BYTES + TAG_BYTES : DH_BYTES
        const key =
          rest.length < length ? undefined : this.#symmetric.decryptAndHash(rest.subarray(0, length))
        if (key === undefined) {
          return undefined
        }
        this.#remoteStatic = key.slice()
        rest = rest.subarray(length)
      } else if (!this.#mixDh(token)) {
        return undefined
      }
    }
    return rest
  }

  /** Undefined where the bytes are not authentic. */
  readPayload(ciphertext: Uint8Array): Uint8Array | undefined {
    return this.#symmetric.decryptAndHash(ciphertext)
  }

  /** After the last message: the keys of both directions. */
  split(): { sendKey: Uint8Array; receiveKey: Uint8Array } {
    const [first, second] = this.#symmetric.split()
    return this.#init.role === 'initiator'
      ? { sendKey: first, receiveKey: second }
      : { sendKey: second, receiveKey: first }
  }

  /** A secret of this handshake alone, for another purpose than transport. */
  exportKey(label: string): Uint8Array {
    return this.#symmetric.exportKey(label)
  }

  #takeMessage(): readonly Token[] {
    return required(this.#init.pattern.messages[this.#nextMessage++])
  }

  #mixDh(token: 'ee' | 'es' | 'se' | 'ss'): boolean {
    const [initiator, responder] = token
    const [ours, theirs] = this.#init.role === 'initiator' ? [initiator, responder] : [responder, initiator]
    const { secretKey } = required(ours === 'e' ? this.#ephemeral : this.#init.staticKey)
    const publicKey = required(theirs === 'e' ? this.#remoteEphemeral : this.#remoteStatic)
    const shared = sharedSecret(this.#init.x25519, secretKey, publicKey)
    if (shared === undefined) {
      return false
    }
    this.#symmetric.mixKey(shared)
    return true
  }
}

/** Undefined where the result is all zero: the other key is of small order (RFC 7748, section 6.1). */
function sharedSecret(x25519: X25519, secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  let shared: Uint8Array
  try {
    shared = x25519.sharedSecret(secret, publicKey)
  } catch {
    return undefined
  }
  return shared.every((byte) => byte === 0) ? undefined : shared
}

function required<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new TypeError('this Noise handshake has no such message, or needs a key that was not given')
  }
  return value
}

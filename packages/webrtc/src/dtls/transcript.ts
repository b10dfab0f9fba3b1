import { createHash } from 'node:crypto'
import { concatBytes } from './byte-writer.ts'
import { encodeMessage } from './handshake-message.ts'
import type { HandshakeMessage } from './handshake-message.ts'

/** All handshake messages so far, of both sides in order, as Finished and CertificateVerify cover them. */
export class Transcript {
  #messages: Uint8Array[] = []

  /** Adds a message as if it had come in one fragment (RFC 6347, section 4.2.6). */
  append(message: HandshakeMessage): void {
    this.#messages.push(encodeMessage(message))
  }

  /** Starts over: the first ClientHello and HelloVerifyRequest do not count (RFC 6347, section 4.2.1). */
  clear(): void {
    this.#messages = []
  }

  hash(): Uint8Array {
    return hash(this.#messages)
  }

  /** The hash as its sender saw it before it sent the last message. */
  hashBeforeLast(): Uint8Array {
    return hash(this.#messages.slice(0, -1))
  }

  bytes(): Uint8Array {
    return concatBytes(...this.#messages)
  }

  /** The messages as their sender saw them before it sent the last one. */
  bytesBeforeLast(): Uint8Array {
    return concatBytes(...this.#messages.slice(0, -1))
  }
}

function hash(messages: readonly Uint8Array[]): Uint8Array {
  const sha256 = createHash('sha256')
  for (const message of messages) sha256.update(message)
  return sha256.digest()
}

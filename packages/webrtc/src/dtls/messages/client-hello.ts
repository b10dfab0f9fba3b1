import { ByteReader } from '../byte-reader.ts'
import { concatBytes, uintBytes, uintsVector, vectorBytes } from '../byte-writer.ts'
import { decodeExtensions, encodeExtensions } from '../extensions.ts'
import type { Extensions } from '../extensions.ts'
import { RANDOM_LENGTH } from '../protocol.ts'

/** RFC 6347, section 4.2.1. */
export interface ClientHello {
  readonly version: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cookie: Uint8Array
  readonly cipherSuites: readonly number[]
  readonly compressionMethods: readonly number[]
  readonly extensions: Extensions
}

export function encodeClientHello(hello: ClientHello): Uint8Array {
  return concatBytes(
    uintBytes(hello.version, 2),
    hello.random,
    vectorBytes(1, hello.sessionId),
    vectorBytes(1, hello.cookie),
    uintsVector(2, 2, hello.cipherSuites),
    uintsVector(1, 1, hello.compressionMethods),
    encodeExtensions(hello.extensions)
  )
}

export function decodeClientHello(body: Uint8Array): ClientHello | undefined {
  const reader = new ByteReader(body)
  const version = reader.uint(2)
  const random = reader.bytes(RANDOM_LENGTH)
  const sessionId = reader.vector(1)
  const cookie = reader.vector(1)
  const cipherSuites = reader.uints(2, 2)
  const compressionMethods = reader.uints(1, 1)
  const extensions = decodeExtensions(reader)
  if (extensions === undefined || !reader.isComplete || sessionId.length > 32) return undefined
  return { version, random, sessionId, cookie, cipherSuites, compressionMethods, extensions }
}

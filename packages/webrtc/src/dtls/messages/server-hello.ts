import { ByteReader } from '../byte-reader.ts'
import { concatBytes, uintBytes, vectorBytes } from '../byte-writer.ts'
import { decodeExtensions, encodeExtensions } from '../extensions.ts'
import type { Extensions } from '../extensions.ts'
import { RANDOM_LENGTH } from '../protocol.ts'

/** RFC 5246, section 7.4.1.3. */
export interface ServerHello {
  readonly version: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuite: number
  readonly compressionMethod: number
  readonly extensions: Extensions
}

export function encodeServerHello(hello: ServerHello): Uint8Array {
  return concatBytes(
    uintBytes(hello.version, 2),
    hello.random,
    vectorBytes(1, hello.sessionId),
    uintBytes(hello.cipherSuite, 2),
    uintBytes(hello.compressionMethod, 1),
    encodeExtensions(hello.extensions)
  )
}

export function decodeServerHello(body: Uint8Array): ServerHello | undefined {
  const reader = new ByteReader(body)
  const version = reader.uint(2)
  const random = reader.bytes(RANDOM_LENGTH)
  const sessionId = reader.vector(1)
  const cipherSuite = reader.uint(2)
  const compressionMethod = reader.uint(1)
  const extensions = decodeExtensions(reader)
  if (extensions === undefined || !reader.isComplete || sessionId.length > 32) return undefined
  return { version, random, sessionId, cipherSuite, compressionMethod, extensions }
}

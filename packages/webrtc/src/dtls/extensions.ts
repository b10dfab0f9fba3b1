import { ByteReader } from './byte-reader.ts'
import { concatBytes, uintBytes, uintsVector, vectorBytes } from './byte-writer.ts'

/** IANA numbers of the extensions spoken here. use_srtp is neither offered nor answered: no media. */
export const ExtensionType = {
  /** RFC 8422, section 5.1.1. */
  supportedGroups: 10,
  /** RFC 8422, section 5.1.2. */
  ecPointFormats: 11,
  /** RFC 5246, section 7.4.1.4.1. */
  signatureAlgorithms: 13,
  /** RFC 7627. */
  extendedMasterSecret: 23,
  /** RFC 5746. */
  renegotiationInfo: 0xff01
} as const

/** Extension bodies by their type. */
export type Extensions = ReadonlyMap<number, Uint8Array>

const NO_BYTES = new Uint8Array(0)

/** ec_point_formats: uncompressed only, the one format that RFC 8422 kept. */
export const EC_POINT_FORMATS = uintsVector(1, 1, [0])

/** An empty `renegotiated_connection`: this is a first handshake (RFC 5746, section 3.4). */
export const NO_RENEGOTIATION = vectorBytes(1, NO_BYTES)

/** extended_master_secret has no body. */
export const EXTENDED_MASTER_SECRET = NO_BYTES

/** The extension block at the end of a hello. */
export function encodeExtensions(extensions: Extensions): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [type, body] of extensions) parts.push(concatBytes(uintBytes(type, 2), vectorBytes(2, body)))
  return vectorBytes(2, ...parts)
}

/** Reads the extension block to the end of the hello; undefined if unsound or if one stands twice. */
export function decodeExtensions(reader: ByteReader): Extensions | undefined {
  const extensions = new Map<number, Uint8Array>()
  if (!reader.hasMore) return extensions
  const block = new ByteReader(reader.vector(2))
  while (block.hasMore) {
    const type = block.uint(2)
    if (extensions.has(type)) return undefined
    extensions.set(type, block.vector(2))
  }
  return block.isComplete ? extensions : undefined
}

/** A list of 16-bit code points, as in supported_groups and signature_algorithms. */
export function encodeCodePoints(values: readonly number[]): Uint8Array {
  return uintsVector(2, 2, values)
}

/** The code points of such an extension; empty if it is unsound. */
export function decodeCodePoints(body: Uint8Array): readonly number[] {
  const reader = new ByteReader(body)
  const values = reader.uints(2, 2)
  return reader.isComplete ? values : []
}

/** Whether renegotiation_info says that this is a first handshake. */
export function isInitialHandshake(body: Uint8Array): boolean {
  return body.length === 1 && body[0] === 0
}

/** Whether the sender of a hello takes uncompressed points, as it must if it says anything about points. */
export function allowsUncompressedPoints(extensions: Extensions): boolean {
  const body = extensions.get(ExtensionType.ecPointFormats)
  if (body === undefined) return true
  const reader = new ByteReader(body)
  const formats = reader.uints(1, 1)
  return reader.isComplete && formats.includes(0)
}

import { CHUNK_HEADER_LENGTH, ChunkType, encodeChunk } from './chunk.ts'
import { encodeParameter, readParameters } from './parameter.ts'

/** Error causes of ERROR and ABORT (RFC 9260 section 3.3.10). */
export const CauseCode = {
  invalidStreamIdentifier: 1,
  staleCookie: 3,
  invalidMandatoryParameter: 7,
  unresolvableAddress: 5,
  unrecognizedChunkType: 6,
  unrecognizedParameters: 8,
  noUserData: 9,
  cookieWhileShuttingDown: 10,
  userInitiatedAbort: 12,
  protocolViolation: 13
} as const

export interface ErrorCause {
  code: number
  info: Uint8Array
}

/** What is kept of a peer's explanation. */
const MAX_CAUSES = 8

/** The causes of the ERROR or ABORT chunk at `[start, end)`; as many as are well-formed. */
export function readErrorCauses(bytes: Uint8Array, start: number, end: number): ErrorCause[] {
  const causes = readParameters(bytes, start + CHUNK_HEADER_LENGTH, end, MAX_CAUSES) ?? []
  return causes.map(({ type, value }) => ({ code: type, info: value.slice() }))
}

export function encodeErrorChunk(cause: ErrorCause): Uint8Array {
  return encodeChunk(ChunkType.error, 0, encodeParameter(cause.code, cause.info))
}

export function encodeAbortChunk(flags: number, cause?: ErrorCause): Uint8Array {
  const value = cause === undefined ? new Uint8Array(0) : encodeParameter(cause.code, cause.info)
  return encodeChunk(ChunkType.abort, flags, value)
}

import { readUint16, readUint32, writeUint16, writeUint32 } from './bytes.ts'
import { CHUNK_HEADER_LENGTH, ChunkType, encodeChunk, unrecognizedAction } from './chunk.ts'
import { joinParameters, encodeParameter, readParameters } from './parameter.ts'

/** INIT and INIT ACK (RFC 9260 sections 3.3.2 and 3.3.3), with the extensions that this package speaks. */
export interface InitChunk {
  initiateTag: number
  advertisedWindow: number
  outboundStreams: number
  inboundStreams: number
  initialTsn: number
  /** RFC 3758: Forward-TSN-Supported. */
  forwardTsn: boolean
  /** RFC 5061 section 4.2.7, RFC 6525 section 4.1: RE-CONFIG among the supported extensions. */
  reConfig: boolean
  /** RFC 9653 section 4: packets with a zero checksum are accepted, DTLS being below. */
  zeroChecksum: boolean
  /** INIT ACK only. */
  stateCookie?: Uint8Array
}

/** What reading an INIT or INIT ACK found. */
export type InitReading =
  | { kind: 'init'; init: InitChunk; unrecognized: Uint8Array[] }
  /** A mandatory field with an impossible value: answered with ABORT. */
  | { kind: 'invalid'; initiateTag: number }
  /** A host name address, which RFC 9260 section 5.1.2 has answered with ABORT. */
  | { kind: 'unresolvable'; initiateTag: number; parameter: Uint8Array }
  | { kind: 'malformed' }

const FIXED_LENGTH = CHUNK_HEADER_LENGTH + 16
/** More parameters than any real peer sends; what follows is not read. */
const MAX_PARAMETERS = 64
/** What is reported back is bounded, so that the answer is about as small as the question. */
const MAX_UNRECOGNIZED_BYTES = 256

export const ParameterType = {
  heartbeatInfo: 1,
  ipv4Address: 5,
  ipv6Address: 6,
  stateCookie: 7,
  unrecognizedParameter: 8,
  cookiePreservative: 9,
  hostNameAddress: 11,
  supportedAddressTypes: 12,
  outgoingSsnReset: 13,
  incomingSsnReset: 14,
  ssnTsnReset: 15,
  reConfigResponse: 16,
  addOutgoingStreams: 17,
  addIncomingStreams: 18,
  ecnCapable: 0x8000,
  zeroChecksumAcceptable: 0x8001,
  random: 0x8002,
  chunkList: 0x8003,
  requestedHmac: 0x8004,
  padding: 0x8005,
  supportedExtensions: 0x8008,
  forwardTsnSupported: 0xc000,
  adaptationLayer: 0xc006
} as const

/** Known and without meaning over DTLS: one path, no AUTH, no ECN. */
const IGNORED: ReadonlySet<number> = new Set([
  ParameterType.ipv4Address,
  ParameterType.ipv6Address,
  ParameterType.unrecognizedParameter,
  ParameterType.cookiePreservative,
  ParameterType.supportedAddressTypes,
  ParameterType.ecnCapable,
  ParameterType.random,
  ParameterType.chunkList,
  ParameterType.requestedHmac,
  ParameterType.padding,
  ParameterType.adaptationLayer
])

/** RFC 9653 section 4: error detection method identifier of DTLS. */
const EDMID_DTLS = 1

export function readInitChunk(bytes: Uint8Array, start: number, end: number): InitReading {
  if (end - start < FIXED_LENGTH) {
    return { kind: 'malformed' }
  }
  const parameters = readParameters(bytes, start + FIXED_LENGTH, end, MAX_PARAMETERS)
  if (parameters === undefined) {
    return { kind: 'malformed' }
  }
  const init: InitChunk = {
    initiateTag: readUint32(bytes, start + 4),
    advertisedWindow: readUint32(bytes, start + 8),
    outboundStreams: readUint16(bytes, start + 12),
    inboundStreams: readUint16(bytes, start + 14),
    initialTsn: readUint32(bytes, start + 16),
    forwardTsn: false,
    reConfig: false,
    zeroChecksum: false
  }
  if (init.initiateTag === 0 || init.outboundStreams === 0 || init.inboundStreams === 0) {
    return { kind: 'invalid', initiateTag: init.initiateTag }
  }
  const unrecognized: Uint8Array[] = []
  let unrecognizedBytes = 0
  for (const { type, value, whole } of parameters) {
    if (type === ParameterType.stateCookie) {
      init.stateCookie = value.slice()
    } else if (type === ParameterType.forwardTsnSupported) {
      init.forwardTsn = true
    } else if (type === ParameterType.supportedExtensions) {
      init.reConfig ||= value.includes(ChunkType.reConfig)
      init.forwardTsn ||= value.includes(ChunkType.forwardTsn)
    } else if (type === ParameterType.zeroChecksumAcceptable) {
      init.zeroChecksum = value.length === 4 && readUint32(value, 0) === EDMID_DTLS
    } else if (type === ParameterType.hostNameAddress) {
      return { kind: 'unresolvable', initiateTag: init.initiateTag, parameter: whole.slice() }
    } else if (!IGNORED.has(type)) {
      const { skip, report } = unrecognizedAction(type >>> 14)
      if (report && unrecognizedBytes + whole.length <= MAX_UNRECOGNIZED_BYTES) {
        unrecognizedBytes += whole.length
        unrecognized.push(whole.slice())
      }
      if (!skip) {
        break
      }
    }
  }
  return { kind: 'init', init, unrecognized }
}

/** INIT or INIT ACK as bytes; an INIT ACK carries back the peer's `unrecognized` parameters. */
export function encodeInitChunk(
  type: typeof ChunkType.init | typeof ChunkType.initAck,
  init: InitChunk,
  unrecognized: readonly Uint8Array[] = []
): Uint8Array {
  const fixed = new Uint8Array(16)
  writeUint32(fixed, 0, init.initiateTag)
  writeUint32(fixed, 4, init.advertisedWindow)
  writeUint16(fixed, 8, init.outboundStreams)
  writeUint16(fixed, 10, init.inboundStreams)
  writeUint32(fixed, 12, init.initialTsn)
  const parts: Uint8Array[] = [fixed]
  if (init.forwardTsn) {
    parts.push(encodeParameter(ParameterType.forwardTsnSupported, new Uint8Array(0)))
  }
  if (init.zeroChecksum) {
    parts.push(encodeParameter(ParameterType.zeroChecksumAcceptable, Uint8Array.of(0, 0, 0, EDMID_DTLS)))
  }
  const extensions: number[] = []
  if (init.reConfig) {
    extensions.push(ChunkType.reConfig)
  }
  if (init.forwardTsn) {
    extensions.push(ChunkType.forwardTsn)
  }
  if (extensions.length > 0) {
    parts.push(encodeParameter(ParameterType.supportedExtensions, Uint8Array.from(extensions)))
  }
  if (init.stateCookie !== undefined) {
    parts.push(encodeParameter(ParameterType.stateCookie, init.stateCookie))
  }
  for (const parameter of unrecognized) {
    parts.push(encodeParameter(ParameterType.unrecognizedParameter, parameter))
  }
  return encodeChunk(type, 0, joinParameters(parts))
}

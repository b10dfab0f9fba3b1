import { checkDescription } from './check-description.ts'
import { readCandidates, writeCandidates } from './compact-candidate.ts'
import { CompactReader } from './compact-reader.ts'
import { CompactWriter } from './compact-writer.ts'
import {
  ICE_OPTIONS,
  type SdpDataSection,
  type SdpDescription,
  type SdpProtocol,
  type SdpRejectedSection,
  type SdpSetup
} from './description.ts'
import { SdpError } from './errors.ts'

const VERSION = 1

const HAS_DATA = 0x01
const REJECTED = 0x02
const OVER_TCP = 0x04
const ICE_LITE = 0x08
const END_OF_CANDIDATES = 0x10
const SETUP_SHIFT = 5
const SETUPS: readonly (SdpSetup | undefined)[] = ['actpass', 'active', 'passive', undefined]
const FINGERPRINT_BYTES = 32

/**
 * Packs a description for the signaling channel: about 75 bytes and 20 a candidate, where SDP takes 400 and 100.
 * `decodeDescription` gives an equal value back. The layout is in docs/guides/sdp.md.
 *
 * @throws {SdpError} `ERR_SDP_VALUE`
 */
export function encodeDescription(description: SdpDescription): Uint8Array {
  checkDescription(description)
  const { sessionId, sessionVersion, data } = description
  const writer = new CompactWriter()
  writer.uint8(VERSION)
  writer.uint8(flagsOf(data))
  writer.uint64(BigInt(sessionId))
  writer.varint(sessionVersion)
  if (data !== undefined) {
    writer.ascii(data.mid)
    if (!data.rejected) writeSection(writer, data)
  }
  return writer.finish()
}

/**
 * Unpacks what `encodeDescription` packed, and checks every member: what comes out can be rendered.
 *
 * @throws {SdpError} `ERR_SDP_COMPACT`
 */
export function decodeDescription(bytes: Uint8Array): SdpDescription {
  const reader = new CompactReader(bytes)
  if (reader.uint8() !== VERSION)
    throw new SdpError('ERR_SDP_COMPACT', 'unknown version of a compact description')
  const flags = reader.uint8()
  const sessionId = reader.uint64().toString()
  const sessionVersion = reader.varint()
  const data = (flags & HAS_DATA) === 0 ? undefined : readSection(reader, flags)
  reader.finish()
  const description = { sessionId, sessionVersion, ...(data === undefined ? {} : { data }) }
  try {
    checkDescription(description)
  } catch (cause) {
    throw new SdpError('ERR_SDP_COMPACT', (cause as Error).message, { cause })
  }
  if (flags !== flagsOf(data)) throw new SdpError('ERR_SDP_COMPACT', 'unknown flags of a compact description')
  return description
}

function flagsOf(data: SdpDataSection | SdpRejectedSection | undefined): number {
  if (data === undefined) return 0
  const flags = HAS_DATA | (data.protocol === 'TCP/DTLS/SCTP' ? OVER_TCP : 0)
  if (data.rejected) return flags | REJECTED
  return (
    flags |
    (data.iceLite ? ICE_LITE : 0) |
    (data.endOfCandidates ? END_OF_CANDIDATES : 0) |
    (SETUPS.indexOf(data.setup) << SETUP_SHIFT)
  )
}

function writeSection(writer: CompactWriter, data: SdpDataSection): void {
  writer.iceChars(data.iceUfrag)
  writer.iceChars(data.icePwd)
  writer.uint8(
    ICE_OPTIONS.reduce((bits, option, index) => bits | (Number(data.iceOptions.includes(option)) << index), 0)
  )
  writer.bytes(data.fingerprint)
  writer.uint16(data.sctpPort)
  writer.varint(data.maxMessageSize)
  writeCandidates(writer, data.candidates, data.iceUfrag)
}

function readSection(reader: CompactReader, flags: number): SdpDataSection | SdpRejectedSection {
  const mid = reader.ascii()
  const protocol: SdpProtocol = (flags & OVER_TCP) === 0 ? 'UDP/DTLS/SCTP' : 'TCP/DTLS/SCTP'
  if ((flags & REJECTED) !== 0) return { rejected: true, mid, protocol }
  const setup = SETUPS[(flags >> SETUP_SHIFT) & 3]
  if (setup === undefined) throw new SdpError('ERR_SDP_COMPACT', 'unknown setup of a compact description')
  const iceUfrag = reader.iceChars(256)
  const icePwd = reader.iceChars(256)
  const options = reader.uint8()
  if (options >> ICE_OPTIONS.length !== 0) throw new SdpError('ERR_SDP_COMPACT', 'unknown ICE options')
  return {
    rejected: false,
    mid,
    protocol,
    iceUfrag,
    icePwd,
    iceOptions: ICE_OPTIONS.filter((_, index) => (options & (1 << index)) !== 0),
    iceLite: (flags & ICE_LITE) !== 0,
    fingerprint: reader.bytes(FINGERPRINT_BYTES).slice(),
    setup,
    sctpPort: reader.uint16(),
    maxMessageSize: reader.varint(),
    candidates: readCandidates(reader, iceUfrag),
    endOfCandidates: (flags & END_OF_CANDIDATES) !== 0
  }
}

import { formatAddress, parseAddress } from '../candidates/address.ts'
import type { CandidateBatch } from '../candidates/candidate-batcher.ts'
import type { CandidateTcpType, CandidateType, IceCandidate } from '../candidates/candidate.ts'
import { hiddenRelated } from '../candidates/parse-candidate.ts'
import { checkCandidates } from './check-description.ts'
import { CompactReader } from './compact-reader.ts'
import { CompactWriter } from './compact-writer.ts'
import { SdpError } from './errors.ts'

const TYPES: readonly CandidateType[] = ['host', 'srflx', 'prflx', 'relay']
const TCP_TYPES: readonly (CandidateTcpType | undefined)[] = [undefined, 'active', 'passive', 'so']

/** How an address is written. */
const ADDRESS_IPV4 = 0
const ADDRESS_IPV6 = 1
/** An mDNS name that is a UUID, as browsers make them: its 16 bytes. */
const ADDRESS_UUID = 2
const ADDRESS_NAME = 3

const HAS_RELATED = 0x40
const HAS_UFRAG = 0x80

const UUID_NAME = /^([\da-f]{8})-([\da-f]{4})-([\da-f]{4})-([\da-f]{4})-([\da-f]{12})\.local$/

/**
 * Packs a batch of trickled candidates: some 20 bytes each where SDP takes 100.
 *
 * @throws {SdpError} `ERR_SDP_VALUE`
 */
export function encodeCandidates({ candidates, endOfCandidates }: CandidateBatch): Uint8Array {
  const writer = new CompactWriter()
  const ufrag =
    candidates.find(({ usernameFragment }) => usernameFragment !== undefined)?.usernameFragment ?? ''
  checkCandidates(candidates)
  writer.uint8(endOfCandidates ? 1 : 0)
  writer.iceChars(ufrag)
  writeCandidates(writer, candidates, ufrag)
  return writer.finish()
}

/**
 * Unpacks what `encodeCandidates` packed.
 *
 * @throws {SdpError} `ERR_SDP_COMPACT`
 */
export function decodeCandidates(bytes: Uint8Array): CandidateBatch {
  const reader = new CompactReader(bytes)
  const flags = reader.uint8()
  if (flags > 1) throw new SdpError('ERR_SDP_COMPACT', 'unknown flags before compact candidates')
  const candidates = readCandidates(reader, reader.iceChars(256))
  reader.finish()
  return { candidates, endOfCandidates: flags === 1 }
}

/** Writes candidates that were checked. A user name fragment that equals `sharedUfrag` costs one byte. */
export function writeCandidates(
  writer: CompactWriter,
  candidates: readonly IceCandidate[],
  sharedUfrag: string
): void {
  writer.uint8(candidates.length)
  for (const candidate of candidates) writeCandidate(writer, candidate, sharedUfrag)
}

/** Reads candidates and checks them: none comes out that `parseCandidate` would not have given. */
export function readCandidates(reader: CompactReader, sharedUfrag: string): IceCandidate[] {
  const candidates = Array.from({ length: reader.uint8() }, () => readCandidate(reader, sharedUfrag))
  try {
    checkCandidates(candidates)
  } catch (cause) {
    throw new SdpError('ERR_SDP_COMPACT', (cause as Error).message, { cause })
  }
  return candidates
}

function writeCandidate(writer: CompactWriter, candidate: IceCandidate, sharedUfrag: string): void {
  const { type, tcpType, address, relatedAddress, relatedPort, usernameFragment } = candidate
  const hidden = hiddenRelated(address)
  const related =
    type === 'host' || (relatedAddress === hidden.relatedAddress && relatedPort === hidden.relatedPort)
      ? undefined
      : relatedAddress
  writer.uint8(
    TYPES.indexOf(type) |
      (TCP_TYPES.indexOf(tcpType) << 2) |
      (addressKind(address) << 4) |
      (related === undefined ? 0 : HAS_RELATED) |
      (usernameFragment === undefined ? 0 : HAS_UFRAG)
  )
  writer.iceChars(candidate.foundation)
  writer.uint32(candidate.priority)
  writeAddress(writer, address)
  writer.uint16(candidate.port)
  if (related !== undefined) {
    writer.uint8(addressKind(related))
    writeAddress(writer, related)
    writer.uint16(relatedPort ?? 0)
  }
  if (usernameFragment !== undefined)
    writer.iceChars(usernameFragment === sharedUfrag ? '' : usernameFragment)
}

function readCandidate(reader: CompactReader, sharedUfrag: string): IceCandidate {
  const head = reader.uint8()
  const type = TYPES[head & 3]
  const tcpType = TCP_TYPES[(head >> 2) & 3]
  const foundation = reader.iceChars(32)
  const priority = reader.uint32()
  const address = readAddress(reader, (head >> 4) & 3)
  const port = reader.uint16()
  return {
    foundation,
    ...(tcpType === undefined ? { protocol: 'udp' } : { protocol: 'tcp', tcpType }),
    priority,
    address,
    port,
    type,
    ...((head & HAS_RELATED) === 0
      ? type === 'host'
        ? {}
        : hiddenRelated(address)
      : readRelated(reader, type)),
    ...((head & HAS_UFRAG) === 0 ? {} : { usernameFragment: reader.iceChars(256) || sharedUfrag })
  }
}

function readRelated(
  reader: CompactReader,
  type: CandidateType
): { relatedAddress: string; relatedPort: number } {
  if (type === 'host') throw new SdpError('ERR_SDP_COMPACT', 'a host candidate has no related address')
  return { relatedAddress: readAddress(reader, reader.uint8()), relatedPort: reader.uint16() }
}

function addressKind(address: string): number {
  const bytes = parseAddress(address)
  if (bytes !== undefined) return bytes.length === 4 ? ADDRESS_IPV4 : ADDRESS_IPV6
  return UUID_NAME.test(address) ? ADDRESS_UUID : ADDRESS_NAME
}

function writeAddress(writer: CompactWriter, address: string): void {
  const bytes = parseAddress(address)
  const uuid = UUID_NAME.exec(address)
  if (bytes !== undefined) writer.bytes(bytes)
  else if (uuid === null) writer.ascii(address)
  else writer.bytes(Uint8Array.from(uuid.slice(1).join('').match(/../g) ?? [], (hex) => parseInt(hex, 16)))
}

function readAddress(reader: CompactReader, kind: number): string {
  switch (kind) {
    case ADDRESS_IPV4:
      return formatAddress(reader.bytes(4))
    case ADDRESS_IPV6:
      return formatAddress(reader.bytes(16))
    case ADDRESS_UUID:
      return formatUuidName(reader.bytes(16))
    case ADDRESS_NAME:
      return reader.ascii()
    default:
      throw new SdpError('ERR_SDP_COMPACT', 'unknown kind of address in a compact candidate')
  }
}

function formatUuidName(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')}.local`
}

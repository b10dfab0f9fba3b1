import { readUint16, readUint32, writeUint16, writeUint32 } from './packet/bytes.ts'
import { SctpError } from './errors.ts'

/** Data Channel Establishment Protocol (RFC 8832): the messages with PPID 50. */
export type DcepMessage = DataChannelOpen | { type: 'ack' }

/** DATA_CHANNEL_OPEN (RFC 8832 section 5.1). At most one of the two limits is given; neither means reliable. */
export interface DataChannelOpen {
  type: 'open'
  ordered: boolean
  /** Retransmissions of a message at most. */
  maxRetransmits?: number
  /** Milliseconds during which a message is (re)transmitted. */
  maxPacketLifeTimeMs?: number
  /** RFC 8831 section 6.4: see {@link DataChannelPriority}; 0 to 65535. */
  priority: number
  label: string
  protocol: string
}

/** W3C's `RTCPriorityType` on the wire (RFC 8831 section 6.4, RFC 8832 section 5.1). */
export const DataChannelPriority = { veryLow: 128, low: 256, medium: 512, high: 1024 } as const

const MessageType = { ack: 0x02, open: 0x03 } as const
const ChannelType = { reliable: 0, maxRetransmits: 1, maxPacketLifeTime: 2, unorderedBit: 0x80 } as const
const OPEN_HEADER_LENGTH = 12
const MAX_TEXT_LENGTH = 0xffff

const encoder = new TextEncoder()
// A label that is not UTF-8 is refused, not mended: both sides would know it under different names.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The message as bytes.
 *
 * @throws {SctpError} `ERR_SCTP_LABEL_TOO_LONG` where label or protocol is over 65535 bytes of UTF-8
 */
export function encodeDcepMessage(message: DcepMessage): Uint8Array {
  if (message.type === 'ack') {
    return Uint8Array.of(MessageType.ack)
  }
  const label = encoder.encode(message.label)
  const protocol = encoder.encode(message.protocol)
  if (label.length > MAX_TEXT_LENGTH || protocol.length > MAX_TEXT_LENGTH) {
    throw new SctpError(
      'ERR_SCTP_LABEL_TOO_LONG',
      `A channel's label and protocol are ${MAX_TEXT_LENGTH} bytes of UTF-8 at most; got ${label.length} and ${protocol.length}`
    )
  }
  const bytes = new Uint8Array(OPEN_HEADER_LENGTH + label.length + protocol.length)
  const { reliabilityType, reliability } = reliabilityOf(message)
  bytes[0] = MessageType.open
  bytes[1] = reliabilityType | (message.ordered ? 0 : ChannelType.unorderedBit)
  writeUint16(bytes, 2, message.priority)
  writeUint32(bytes, 4, reliability)
  writeUint16(bytes, 8, label.length)
  writeUint16(bytes, 10, protocol.length)
  bytes.set(label, OPEN_HEADER_LENGTH)
  bytes.set(protocol, OPEN_HEADER_LENGTH + label.length)
  return bytes
}

function reliabilityOf(open: DataChannelOpen): { reliabilityType: number; reliability: number } {
  if (open.maxRetransmits !== undefined) {
    return { reliabilityType: ChannelType.maxRetransmits, reliability: open.maxRetransmits }
  }
  if (open.maxPacketLifeTimeMs !== undefined) {
    return { reliabilityType: ChannelType.maxPacketLifeTime, reliability: open.maxPacketLifeTimeMs }
  }
  return { reliabilityType: ChannelType.reliable, reliability: 0 }
}

/** Reads a message; undefined where it is none (unknown type or channel type, wrong lengths, not UTF-8). */
export function decodeDcepMessage(bytes: Uint8Array): DcepMessage | undefined {
  if (bytes.length >= 1 && bytes[0] === MessageType.ack) {
    return { type: 'ack' }
  }
  if (bytes.length < OPEN_HEADER_LENGTH || bytes[0] !== MessageType.open) {
    return undefined
  }
  const reliabilityType = bytes[1] & ~ChannelType.unorderedBit
  const labelEnd = OPEN_HEADER_LENGTH + readUint16(bytes, 8)
  const protocolEnd = labelEnd + readUint16(bytes, 10)
  if (reliabilityType > ChannelType.maxPacketLifeTime || bytes.length !== protocolEnd) {
    return undefined
  }
  const label = decodeText(bytes.subarray(OPEN_HEADER_LENGTH, labelEnd))
  const protocol = decodeText(bytes.subarray(labelEnd, protocolEnd))
  if (label === undefined || protocol === undefined) {
    return undefined
  }
  const open: DataChannelOpen = {
    type: 'open',
    ordered: (bytes[1] & ChannelType.unorderedBit) === 0,
    priority: readUint16(bytes, 2),
    label,
    protocol
  }
  if (reliabilityType === ChannelType.maxRetransmits) {
    open.maxRetransmits = readUint32(bytes, 4)
  } else if (reliabilityType === ChannelType.maxPacketLifeTime) {
    open.maxPacketLifeTimeMs = readUint32(bytes, 4)
  }
  return open
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

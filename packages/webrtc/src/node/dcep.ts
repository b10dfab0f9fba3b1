/** Payload protocol identifiers of data channels (RFC 8831 §8). */
export const PPID = {
  dcep: 50,
  string: 51,
  binary: 53,
  stringEmpty: 56,
  binaryEmpty: 57
} as const

/** Reliability and order of a channel, with its names, as DATA_CHANNEL_OPEN has them (RFC 8832 §5.1). */
export interface DataChannelOpen {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly maxRetransmits?: number
  /** Milliseconds. */
  readonly maxPacketLifeTime?: number
  /** 0 to 65535; `DEFAULT_PRIORITY` is "normal". */
  readonly priority: number
}

/** A message of the Data Channel Establishment Protocol (RFC 8832). */
export type DcepMessage = { readonly type: 'ack' } | ({ readonly type: 'open' } & DataChannelOpen)

/** RFC 8831 §6.4: below normal 128, normal 256, high 512, extra high 1024. */
export const DEFAULT_PRIORITY = 256

const ACK = 0x02
const OPEN = 0x03
const OPEN_HEADER_LENGTH = 12
const RELIABLE = 0x00
const LIMITED_RETRANSMISSIONS = 0x01
const LIMITED_LIFETIME = 0x02
const UNORDERED = 0x80

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** DATA_CHANNEL_ACK. */
export function encodeAck(): Uint8Array {
  return Uint8Array.of(ACK)
}

/** DATA_CHANNEL_OPEN. Label and protocol have at most 65535 bytes of UTF-8 each. */
export function encodeOpen(open: DataChannelOpen): Uint8Array {
  const label = encoder.encode(open.label)
  const protocol = encoder.encode(open.protocol)
  const message = new Uint8Array(OPEN_HEADER_LENGTH + label.length + protocol.length)
  const view = new DataView(message.buffer)
  let kind = RELIABLE
  if (open.maxRetransmits !== undefined) kind = LIMITED_RETRANSMISSIONS
  else if (open.maxPacketLifeTime !== undefined) kind = LIMITED_LIFETIME
  view.setUint8(0, OPEN)
  view.setUint8(1, kind | (open.ordered ? 0 : UNORDERED))
  view.setUint16(2, open.priority)
  view.setUint32(4, open.maxRetransmits ?? open.maxPacketLifeTime ?? 0)
  view.setUint16(8, label.length)
  view.setUint16(10, protocol.length)
  message.set(label, OPEN_HEADER_LENGTH)
  message.set(protocol, OPEN_HEADER_LENGTH + label.length)
  return message
}

/** Reads a message; undefined if it is malformed, of an unknown type, or not UTF-8. Never throws. */
export function decodeDcep(data: Uint8Array): DcepMessage | undefined {
  if (data[0] === ACK) return { type: 'ack' }
  if (data[0] !== OPEN || data.length < OPEN_HEADER_LENGTH) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const kind = view.getUint8(1) & ~UNORDERED
  if (kind > LIMITED_LIFETIME) return undefined
  const reliability = view.getUint32(4)
  const labelEnd = OPEN_HEADER_LENGTH + view.getUint16(8)
  const end = labelEnd + view.getUint16(10)
  if (end !== data.length) return undefined
  try {
    return {
      type: 'open',
      label: decoder.decode(data.subarray(OPEN_HEADER_LENGTH, labelEnd)),
      protocol: decoder.decode(data.subarray(labelEnd, end)),
      ordered: (view.getUint8(1) & UNORDERED) === 0,
      ...(kind === LIMITED_RETRANSMISSIONS ? { maxRetransmits: Math.min(reliability, 0xffff) } : {}),
      ...(kind === LIMITED_LIFETIME ? { maxPacketLifeTime: Math.min(reliability, 0xffff) } : {}),
      priority: view.getUint16(2)
    }
  } catch {
    return undefined
  }
}

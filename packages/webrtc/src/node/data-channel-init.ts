import { DataChannelPriority } from '@hearsay/sctp'
import type { RTCDataChannelInit } from '../w3c.ts'
import type { DataChannelParameters } from './rtc-data-channel.ts'

/** Length of label and protocol, in bytes of UTF-8 (webrtc-pc §6.1). */
const MAX_NAME_BYTES = 65_535
/** Not a stream identifier (RFC 8832 §6). */
const RESERVED_ID = 65_535

/**
 * Converts and checks the arguments of `createDataChannel()` (webrtc-pc §6.1).
 *
 * @throws {TypeError} as Web IDL and webrtc-pc have it
 */
export function toDataChannelParameters(
  label: unknown,
  init: RTCDataChannelInit = {}
): DataChannelParameters {
  const given = (init as RTCDataChannelInit | null) ?? {}
  const name = toUsvString(label)
  const protocol = toUsvString(given.protocol ?? '')
  const negotiated = Boolean(given.negotiated ?? false)
  const parameters = {
    label: name,
    protocol,
    ordered: Boolean(given.ordered ?? true),
    maxPacketLifeTime: toUnsignedShort(given.maxPacketLifeTime, 'maxPacketLifeTime'),
    maxRetransmits: toUnsignedShort(given.maxRetransmits, 'maxRetransmits'),
    priority: toPriorityType(given.priority ?? 'low'),
    negotiated,
    // Without negotiation the identifier is ours to choose, whatever was given.
    id: negotiated ? toUnsignedShort(given.id, 'id') : null
  }
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new TypeError(`label: longer than ${MAX_NAME_BYTES} bytes`)
  if (Buffer.byteLength(protocol) > MAX_NAME_BYTES) {
    throw new TypeError(`protocol: longer than ${MAX_NAME_BYTES} bytes`)
  }
  if (negotiated && parameters.id === null) throw new TypeError('id: must be given with negotiated: true')
  if (parameters.maxPacketLifeTime !== null && parameters.maxRetransmits !== null) {
    throw new TypeError('maxPacketLifeTime and maxRetransmits exclude each other')
  }
  if (parameters.id === RESERVED_ID) throw new TypeError(`id: ${RESERVED_ID} is reserved`)
  return parameters
}

/** W3C's priorities on the wire, lowest first (webrtc-priority §4.2). */
export const PRIORITIES: Readonly<Record<RTCPriorityType, number>> = {
  'very-low': DataChannelPriority.veryLow,
  low: DataChannelPriority.low,
  medium: DataChannelPriority.medium,
  high: DataChannelPriority.high
}

/** The priority of a channel that the peer opened: any number is the next one of ours that is not below it. */
export function fromWirePriority(priority: number): RTCPriorityType {
  const types = Object.keys(PRIORITIES) as RTCPriorityType[]
  return types.find((type) => priority <= PRIORITIES[type]) ?? 'high'
}

/** An enumeration of Web IDL. */
function toPriorityType(value: unknown): RTCPriorityType {
  const type = String(value)
  if (!Object.hasOwn(PRIORITIES, type)) {
    throw new TypeError(`priority: ${type} is none of ${Object.keys(PRIORITIES).join(', ')}`)
  }
  return type as RTCPriorityType
}

/** Lone surrogates become U+FFFD. */
function toUsvString(value: unknown): string {
  return String(value).toWellFormed()
}

/** `[EnforceRange] unsigned short` of Web IDL. */
function toUnsignedShort(value: unknown, member: string): number | null {
  if (value === undefined) return null
  const number = Math.trunc(Number(value))
  if (!Number.isFinite(number) || number < 0 || number > 0xffff) {
    throw new TypeError(`${member}: ${Number(value)} is not a number from 0 to 65535`)
  }
  return number
}

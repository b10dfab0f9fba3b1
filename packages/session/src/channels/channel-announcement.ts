import { DEFAULT_LABEL, MAX_CODEC_NAME_BYTES, MAX_DECLARED_CHANNELS, MAX_LABEL_BYTES } from '../constants.ts'
import type { DataChannelInit, DataChannelLike } from '../peer-connection.ts'
import type { ByteReader } from '../wire/byte-reader.ts'
import type { ByteWriter } from '../wire/byte-writer.ts'
import { utf8Length } from '../wire/text.ts'
import { CODECS, type CodecName } from './codec.ts'
import {
  resolveChannelOptions,
  type ChannelKind,
  type ChannelOptions,
  type ResolvedChannelOptions
} from './channel-options.ts'

/** What one side tells the other about a channel: enough to open it there without a declaration. */
export interface ChannelAnnouncement {
  readonly label: string
  readonly kind: ChannelKind
  readonly codec: string
  readonly ordered: boolean
  readonly maxRetransmits?: number
  readonly maxPacketLifeTime?: number
}

const KINDS: readonly ChannelKind[] = ['reliable', 'realtime', 'bulk']
const ORDERED = 0x04
const RETRANSMITS = 0x08
const LIFE_TIME = 0x10
const KIND_MASK = 0x03

/** `protocol` of a data channel that was opened on the fly. */
const PROTOCOL = 'hearsay.1'

export function announce(label: string, options: ResolvedChannelOptions): ChannelAnnouncement {
  return {
    label,
    kind: options.kind,
    codec: options.codec.name,
    ordered: options.ordered,
    ...(options.maxRetransmits === undefined ? {} : { maxRetransmits: options.maxRetransmits }),
    ...(options.maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime: options.maxPacketLifeTime })
  }
}

/**
 * Options for a channel that only the peer knows.
 *
 * @returns `undefined` where the announcement makes no sense
 */
export function optionsFromAnnouncement(
  announcement: ChannelAnnouncement
): ResolvedChannelOptions | undefined {
  const { label, codec, ...options } = announcement
  const known: CodecName = Object.hasOwn(CODECS, codec) ? (codec as CodecName) : 'bytes'
  const channelOptions: ChannelOptions = { ...options, codec: known }
  try {
    return resolveChannelOptions(label, channelOptions)
  } catch {
    return undefined
  }
}

/** Whether both sides mean the same by a label; otherwise one would split, or wait for credit, and the other not. */
export function fits(options: ResolvedChannelOptions, announcement: ChannelAnnouncement): boolean {
  const reliable = announcement.maxRetransmits === undefined && announcement.maxPacketLifeTime === undefined
  return options.ordered === announcement.ordered && options.reliable === reliable
}

export function writeAnnouncements(writer: ByteWriter, announcements: readonly ChannelAnnouncement[]): void {
  writer.varint(announcements.length)
  for (const { label, kind, codec, ordered, maxRetransmits, maxPacketLifeTime } of announcements) {
    const flags =
      KINDS.indexOf(kind) |
      (ordered ? ORDERED : 0) |
      (maxRetransmits === undefined ? 0 : RETRANSMITS) |
      (maxPacketLifeTime === undefined ? 0 : LIFE_TIME)
    writer.text(label).text(codec).byte(flags)
    if (maxRetransmits !== undefined) writer.varint(maxRetransmits)
    if (maxPacketLifeTime !== undefined) writer.varint(maxPacketLifeTime)
  }
}

/** Sets `reader.failed` where the list is malformed, too long, or names a label twice. */
export function readAnnouncements(reader: ByteReader): ChannelAnnouncement[] {
  const count = reader.varint()
  if (count > MAX_DECLARED_CHANNELS) reader.failed = true
  const announcements: ChannelAnnouncement[] = []
  const labels = new Set<string>()
  for (let index = 0; index < count && !reader.failed; index++) {
    const label = reader.text(MAX_LABEL_BYTES)
    const codec = reader.text(MAX_CODEC_NAME_BYTES)
    const flags = reader.byte()
    const kind = KINDS[flags & KIND_MASK]
    if (kind === undefined || labels.has(label)) {
      reader.failed = true
      break
    }
    labels.add(label)
    announcements.push({
      label,
      kind,
      codec,
      ordered: (flags & ORDERED) !== 0,
      ...((flags & RETRANSMITS) === 0 ? {} : { maxRetransmits: reader.varint() }),
      ...((flags & LIFE_TIME) === 0 ? {} : { maxPacketLifeTime: reader.varint() })
    })
  }
  return announcements
}

/** What `createDataChannel` is given for a channel. */
export function dataChannelInit(options: ResolvedChannelOptions): DataChannelInit {
  const { ordered, maxRetransmits, maxPacketLifeTime, priority, kind, codec } = options
  return {
    ordered,
    priority,
    protocol: `${PROTOCOL} ${kind} ${codec.name}`,
    ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
    ...(maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime })
  }
}

/** Reads what the peer says about a data channel that it opened; `undefined` where it is none of ours. */
export function announcementOf(dataChannel: DataChannelLike): ChannelAnnouncement | undefined {
  const [protocol, kind, codec, ...rest] = dataChannel.protocol.split(' ')
  const known = KINDS.find((name) => name === kind)
  if (protocol !== PROTOCOL || known === undefined || codec === undefined || rest.length > 0) return undefined
  if (utf8Length(codec) > MAX_CODEC_NAME_BYTES) return undefined
  const { label, ordered, maxRetransmits, maxPacketLifeTime } = dataChannel
  return {
    label,
    kind: known,
    codec,
    ordered,
    ...(maxRetransmits === null ? {} : { maxRetransmits }),
    ...(maxPacketLifeTime === null ? {} : { maxPacketLifeTime })
  }
}

/**
 * The stream ids of all declared channels, which both sides compute alike from the two lists: the initiator's labels in
 * its order, then those that only the responder has. So every declared channel exists before the association does, and
 * costs no message of its own. Id 0 is the control channel.
 */
export function assignIds(
  initiator: readonly ChannelAnnouncement[],
  responder: readonly ChannelAnnouncement[]
): ReadonlyMap<string, number> {
  const ids = new Map<string, number>()
  for (const { label } of [...initiator, ...responder]) {
    if (!ids.has(label)) ids.set(label, ids.size + 1)
  }
  return ids
}

/** The channel for `session.request()` and `session.handle()`, unless the application declares its own options. */
export const DEFAULT_DECLARATIONS: Readonly<Record<string, ChannelOptions>> = { [DEFAULT_LABEL]: {} }

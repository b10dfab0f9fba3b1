import {
  CONTROL_LABEL,
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_MAX_PENDING_REQUESTS,
  DEFAULT_MAX_RUNNING_HANDLERS,
  DEFAULT_RECEIVE_QUEUE_LENGTH,
  DEFAULT_RECEIVE_WINDOW_BYTES,
  INITIAL_CREDIT_BYTES,
  MAX_CODEC_NAME_BYTES,
  MAX_FRAME_BYTES,
  MAX_LABEL_BYTES
} from '../constants.ts'
import { SessionOptionError } from '../errors.ts'
import { utf8Length } from '../wire/text.ts'
import { CODECS, type ChannelCodec, type CodecName } from './codec.ts'

/**
 * What a channel is for; the preset of its other options.
 *
 * - `reliable`: everything arrives, in order. For requests, chat, state.
 * - `realtime`: late is worthless. Unordered, never sent again; whoever falls behind loses the oldest.
 * - `bulk`: as `reliable`, with low priority and large buffers. For files.
 */
export type ChannelKind = 'reliable' | 'realtime' | 'bulk'

/** As in WebRTC's priority extension: each step has about twice the share of the one below (RFC 8835 §4.1). */
export type ChannelPriority = 'very-low' | 'low' | 'medium' | 'high'

export interface ChannelOptions<Message = unknown> {
  /** @default 'reliable' */
  kind?: ChannelKind
  /** @default 'json' */
  codec?: CodecName | ChannelCodec<Message>
  /** Share of the connection while several channels are busy. @default 'medium'; realtime 'high', bulk 'low' */
  priority?: ChannelPriority
  /** Messages arrive in the order in which they were sent. @default true; realtime false */
  ordered?: boolean
  /** Give up a message after so many retransmissions. At most one of this and the next. @default realtime 0 */
  maxRetransmits?: number
  /** Give up a message after so long, in milliseconds. */
  maxPacketLifeTime?: number
  /** `send()` waits while so many bytes are in the buffer below. @default 262_144; realtime 65_536, bulk 1_048_576 */
  highWatermarkBytes?: number
  /** … and goes on once no more than these are left. @default a quarter of the high watermark */
  lowWatermarkBytes?: number
  /**
   * The largest message, either way, in bytes. Channels that are unordered or unreliable do not split messages: there
   * it is what fits one frame, 65_376.
   *
   * @default 67_108_864
   */
  maxMessageSize?: number
  /**
   * Reliable channels: bytes of messages that may wait here for the application; the sender waits beyond it. At least
   * 262_144.
   *
   * @default 1_048_576
   */
  receiveWindowBytes?: number
  /** Unreliable channels: messages that may wait here; the oldest is dropped beyond it. @default 256 */
  receiveQueueLength?: number
  /** Requests that may wait for a reply at a time. @default 1024 */
  maxPendingRequests?: number
  /** Handlers that run at a time; further messages wait for their turn. @default 64 */
  maxRunningHandlers?: number
}

/** Options with every default filled in and every value checked. */
export interface ResolvedChannelOptions {
  readonly kind: ChannelKind
  readonly codec: ChannelCodec<unknown>
  readonly priority: ChannelPriority
  readonly ordered: boolean
  readonly maxRetransmits: number | undefined
  readonly maxPacketLifeTime: number | undefined
  readonly highWatermarkBytes: number
  readonly lowWatermarkBytes: number
  readonly maxMessageSize: number
  readonly receiveWindowBytes: number
  readonly receiveQueueLength: number
  readonly maxPendingRequests: number
  readonly maxRunningHandlers: number
  /** Neither `maxRetransmits` nor `maxPacketLifeTime`. */
  readonly reliable: boolean
  /** Reliable and ordered: messages of any size are split and joined. */
  readonly splits: boolean
}

const PRESETS = {
  reliable: { priority: 'medium', ordered: true, highWatermarkBytes: 262_144 },
  realtime: { priority: 'high', ordered: false, highWatermarkBytes: 65_536 },
  bulk: { priority: 'low', ordered: true, highWatermarkBytes: 1_048_576 }
} as const

const PRIORITIES: readonly string[] = ['very-low', 'low', 'medium', 'high'] satisfies ChannelPriority[]

/** A frame's header never takes more: type byte, two lengths, id and message type. */
const MAX_HEADER_BYTES = 160

/** @throws {SessionOptionError} with the option at fault in its message */
export function resolveChannelOptions(label: string, options: ChannelOptions = {}): ResolvedChannelOptions {
  checkLabel(label)
  const kind = options.kind ?? 'reliable'
  if (!Object.hasOwn(PRESETS, kind)) throw fault(label, 'kind', 'must be reliable, realtime or bulk')
  const preset = PRESETS[kind]
  const priority = options.priority ?? preset.priority
  if (!PRIORITIES.includes(priority)) throw fault(label, 'priority', 'must be very-low, low, medium or high')
  const { maxPacketLifeTime } = options
  const maxRetransmits =
    options.maxRetransmits ?? (kind === 'realtime' && maxPacketLifeTime === undefined ? 0 : undefined)
  if (maxRetransmits !== undefined && maxPacketLifeTime !== undefined) {
    throw fault(label, 'maxRetransmits', 'and maxPacketLifeTime exclude each other')
  }
  const ordered = options.ordered ?? preset.ordered
  const reliable = maxRetransmits === undefined && maxPacketLifeTime === undefined
  const splits = reliable && ordered
  const highWatermarkBytes = options.highWatermarkBytes ?? preset.highWatermarkBytes
  const resolved: ResolvedChannelOptions = {
    kind,
    codec: resolveCodec(label, options.codec ?? 'json'),
    priority,
    ordered,
    maxRetransmits,
    maxPacketLifeTime,
    highWatermarkBytes,
    lowWatermarkBytes: options.lowWatermarkBytes ?? Math.floor(highWatermarkBytes / 4),
    maxMessageSize:
      options.maxMessageSize ?? (splits ? DEFAULT_MAX_MESSAGE_SIZE : unsplitLimit(MAX_FRAME_BYTES)),
    receiveWindowBytes: options.receiveWindowBytes ?? DEFAULT_RECEIVE_WINDOW_BYTES,
    receiveQueueLength: options.receiveQueueLength ?? DEFAULT_RECEIVE_QUEUE_LENGTH,
    maxPendingRequests: options.maxPendingRequests ?? DEFAULT_MAX_PENDING_REQUESTS,
    maxRunningHandlers: options.maxRunningHandlers ?? DEFAULT_MAX_RUNNING_HANDLERS,
    reliable,
    splits
  }
  checkNumbers(label, resolved)
  return resolved
}

/** The largest body that is sure to fit one frame of `frameBytes`. */
export function unsplitLimit(frameBytes: number): number {
  return frameBytes - MAX_HEADER_BYTES
}

/** @throws {SessionOptionError} */
function checkLabel(label: string): void {
  const length = typeof label === 'string' ? utf8Length(label) : 0
  if (length < 1 || length > MAX_LABEL_BYTES) {
    throw new SessionOptionError(`a channel's label must be 1 to ${MAX_LABEL_BYTES} bytes of text`)
  }
  if (label === CONTROL_LABEL) {
    throw new SessionOptionError(`the label "${CONTROL_LABEL}" is the session's own: choose another`)
  }
}

function resolveCodec(label: string, codec: CodecName | ChannelCodec<unknown>): ChannelCodec<unknown> {
  if (typeof codec === 'string') {
    if (!Object.hasOwn(CODECS, codec))
      throw fault(label, 'codec', 'must be bytes, text, json or a codec object')
    return CODECS[codec]
  }
  if (
    typeof codec?.encode !== 'function' ||
    typeof codec.decode !== 'function' ||
    typeof codec.name !== 'string'
  ) {
    throw fault(label, 'codec', 'must have a name, encode() and decode()')
  }
  const length = utf8Length(codec.name)
  if (length < 1 || length > MAX_CODEC_NAME_BYTES || codec.name.includes(' ')) {
    throw fault(label, 'codec', `must have a name of 1 to ${MAX_CODEC_NAME_BYTES} bytes without spaces`)
  }
  return codec
}

function checkNumbers(label: string, options: ResolvedChannelOptions): void {
  const ranges: readonly [keyof ResolvedChannelOptions, minimum: number, maximum: number][] = [
    ['maxRetransmits', 0, 65_535],
    ['maxPacketLifeTime', 0, 65_535],
    ['highWatermarkBytes', 1, 2 ** 30],
    ['lowWatermarkBytes', 0, options.highWatermarkBytes],
    ['maxMessageSize', 1, options.splits ? 2 ** 31 : unsplitLimit(MAX_FRAME_BYTES)],
    ['receiveWindowBytes', INITIAL_CREDIT_BYTES, 2 ** 31],
    ['receiveQueueLength', 1, 2 ** 20],
    ['maxPendingRequests', 1, 2 ** 20],
    ['maxRunningHandlers', 1, 2 ** 20]
  ]
  for (const [name, minimum, maximum] of ranges) {
    const value = options[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
      throw fault(label, name, `must be a whole number from ${minimum} to ${maximum}`)
    }
  }
}

function fault(label: string, option: string, problem: string): SessionOptionError {
  return new SessionOptionError(`channel "${label}": ${option} ${problem}`)
}

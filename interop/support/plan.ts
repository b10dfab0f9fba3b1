/** What two peers do with each other in an interop test. It is JSON, so that it reaches pages and processes alike. */
export interface Plan {
  readonly channels: readonly PlannedChannel[]
}

export interface PlannedChannel {
  readonly label: string
  readonly init: RTCDataChannelInit & { readonly priority?: RTCPriorityType }
  /** What each side sends, in this order. */
  readonly messages: readonly PlannedMessage[]
}

export interface PlannedMessage {
  readonly kind: 'binary' | 'text'
  /** Bytes, also of text (in UTF-8). */
  readonly size: number
}

/** What one peer saw of a channel. */
export interface ChannelReport {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly id: number | null
  readonly negotiated: boolean
  readonly maxRetransmits: number | null
  readonly maxPacketLifeTime: number | null
  /** One line a message, in the order of arrival: `binary 1200 <SHA-256>`. */
  readonly received: readonly string[]
}

/** What goes to a peer program. */
export type PeerInput =
  | { readonly type: 'start'; readonly role: 'offerer' | 'answerer'; readonly plan: Plan }
  | { readonly type: 'description'; readonly description: RTCSessionDescriptionInit }
  | { readonly type: 'candidate'; readonly candidate: RTCIceCandidateInit }
  /** Sends all messages of the plan again, and reports again. */
  | { readonly type: 'exchange' }
  | { readonly type: 'restart-ice' }
  | { readonly type: 'close' }
  | { readonly type: 'tell-stats' }
  /** Opens and closes channels, some at once; each carries a word there and back. */
  | { readonly type: 'churn'; readonly channels: number; readonly atOnce: number }
  /** Sends messages of these sizes and of the largest one possible, then one that is a byte too long. */
  | { readonly type: 'measure'; readonly sizes: readonly number[] }

/** What comes from a peer program. */
export type PeerOutput =
  | { readonly type: 'description'; readonly description: RTCSessionDescriptionInit }
  | { readonly type: 'candidate'; readonly candidate: RTCIceCandidateInit }
  /** Every planned message of the peer has come. */
  | { readonly type: 'report'; readonly channels: readonly ChannelReport[] }
  /** Negotiation is over: both descriptions are set. */
  | { readonly type: 'stable'; readonly localUfrag: string; readonly remoteUfrag: string }
  /** Every channel fired `close`. */
  | { readonly type: 'closed' }
  /** All channels of `churn` were opened, used and closed; on so many stream identifiers. */
  | { readonly type: 'churned'; readonly channels: number; readonly ids: number }
  /** What the other side read of every message of `measure`, and the error at the one that was too long. */
  | {
      readonly type: 'measured'
      readonly maxMessageSize: number
      readonly read: readonly string[]
      readonly error: string
    }
  | { readonly type: 'state'; readonly state: RTCPeerConnectionState }
  /** The connection is not what it was: disconnected, failed or closed. */
  | { readonly type: 'lost' }
  /** Statistics of the channels, the transport and the pairs, as JSON. */
  | { readonly type: 'stats'; readonly text: string }
  | { readonly type: 'failed'; readonly message: string }

/** The bytes of a planned message: the same on both sides, different for each channel and place. */
export function payloadOf(
  channel: number,
  index: number,
  { kind, size }: PlannedMessage
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  if (kind === 'binary') {
    let state = (channel * 1000 + index + 1) * 0x9e37_79b1
    for (let at = 0; at < size; at++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      bytes[at] = state
    }
    return bytes
  }
  // Characters of one, two, three and four bytes, and what a careless stack would cut or escape.
  const text = `${channel}/${index} "é漢🦀"\u0000\\ `
  const { written } = new TextEncoder().encodeInto(text.repeat(Math.ceil(size / 10)), bytes)
  return bytes.fill(0x2e, written)
}

/** The line by which a message is reported. */
export async function digestOf(kind: 'binary' | 'text', bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `${kind} ${bytes.length} ${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

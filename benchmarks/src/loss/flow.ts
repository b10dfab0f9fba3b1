import type { ChannelPlan } from '../peer/peer.ts'

/** The channel of a flow, and its messages: small ones, so that what has come is counted finely. */
export const bulk: ChannelPlan = { label: 'bulk', priority: 'low' }
export const messageBytes = 1 << 14

export const lossRounds = 3

/** A turn's own time, in milliseconds. */
export const turnTimeoutMs = 40_000

/** Of the relay's chance. */
export const seed = 4

/** The bottleneck: 5 MB/s, and a queue of 30 ms. */
export const narrow = { bytesPerSecond: 5e6, queueBytes: 150_000 }

/** How much of what was sent was not new to the receiver, in percent. */
export function shareSentAgain(receivedBytes: number, sentBytes: number): number {
  return sentBytes === 0 ? 0 : Math.max(0, 1 - receivedBytes / sentBytes) * 100
}

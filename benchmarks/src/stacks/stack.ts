/** The stacks that are compared, by the names that results carry. */
export const contenders = ['hearsay', 'werift', 'node-datachannel', 'wrtc'] as const

export type ContenderName = (typeof contenders)[number]

/** What every contender can do, as far as the benchmarks need it. */
export interface Stack {
  /**
   * How much may wait in a channel before its sender waits, in bytes: for each contender what it was found to be
   * fastest with.
   */
  highWaterBytes(messageBytes: number): number
  createConnection(): Connection
}

export interface Candidate {
  readonly candidate: string
  readonly sdpMid: string
}

export interface Connection {
  /** Called for channels that the other side has created. */
  onChannel: (channel: Channel) => void
  onCandidate: (candidate: Candidate) => void
  /** Before `offer()`. Stacks that have no priorities ignore them. */
  createChannel(label: string, priority: RTCPriorityType): Channel
  offer(): Promise<string>
  answer(offer: string): Promise<string>
  accept(answer: string): Promise<void>
  /** Once the other side's description has been taken. */
  addCandidate(candidate: Candidate): Promise<void>
  close(): unknown
}

export interface Channel {
  readonly label: string
  readonly bufferedAmount: number
  onOpen: () => void
  onMessage: (data: ArrayBuffer | Uint8Array) => void
  /** `bufferedAmount` has fallen to the threshold. */
  onLow: () => void
  setLowThreshold(bytes: number): void
  send(data: Uint8Array<ArrayBuffer>): void
}

/** A message that is whole and waits for an earlier one of its stream (by SSN). */
export interface AssembledMessage {
  readonly ppid: number
  readonly data: Uint8Array
}

/** One incoming stream, as far as order is concerned. */
export class IncomingStream {
  readonly id: number
  /** SSN of the next message to deliver. */
  nextSsn = 0
  /**
   * Whole messages that wait for an earlier one: by SSN, the sequence number at which the message begins in
   * `OutOfOrderChunks`, or the message itself where the cumulative TSN has passed it.
   */
  readonly waiting = new Map<number, number | AssembledMessage>()

  constructor(id: number) {
    this.id = id
  }
}

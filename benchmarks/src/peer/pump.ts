import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import type { Channel } from '../stacks/stack.ts'

/** How often the buffer is looked at besides: @roamhq/wrtc does not always say that it is low. In milliseconds. */
const lookAgainMs = 20

/** Keeps a channel's buffer filled with messages of one size. */
export class Pump {
  readonly #channel: Channel
  readonly #highWaterBytes: number
  readonly #message: Uint8Array<ArrayBuffer>
  #isRunning = true
  readonly #done: Promise<void>

  constructor(channel: Channel, messageBytes: number, highWaterBytes: number) {
    this.#channel = channel
    this.#highWaterBytes = highWaterBytes
    this.#message = new Uint8Array(messageBytes).fill(0x5a)
    channel.setLowThreshold(Math.floor(highWaterBytes / 2))
    this.#done = this.#run()
    // Told by stop().
    this.#done.catch(() => undefined)
  }

  /** Rejects if sending failed. */
  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#done
  }

  /** Resolves when all that was sent has left the buffer. */
  async drained(): Promise<void> {
    while (this.#channel.bufferedAmount > 0) await wait(lookAgainMs)
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      let sent = 0
      while (sent < this.#highWaterBytes && this.#channel.bufferedAmount < this.#highWaterBytes) {
        this.#channel.send(this.#message)
        sent += this.#message.length
      }
      // What has threads may send as fast as it is given: this process has other things to do as well.
      if (this.#channel.bufferedAmount < this.#highWaterBytes) await setImmediate()
      else await this.#low()
    }
  }

  #low(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lookAgainMs)
      this.#channel.onLow = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

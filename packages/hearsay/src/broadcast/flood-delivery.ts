import { Inbox } from './inbox.ts'
import type { MeshMessage } from '../mesh.ts'
import type { MeshMetrics } from '../metrics.ts'
import type { Flood } from './flood.ts'
import type { ChannelCodec } from '@hearsay/session'
import type { Logger } from '@libp2p/interface'

export interface FloodDeliveryInit {
  readonly codec: ChannelCodec<unknown>
  /** Whether a member without a session may speak to us. */
  readonly admit: (peerId: string) => Promise<boolean>
  readonly metrics: MeshMetrics
  readonly log: Logger
}

/** Messages that wait for `admit` at the same time. */
const MAX_ADMITTING = 256

/** The last steps of a flood that was taken: it is read, its origin admitted, and it waits for the application. */
export class FloodDelivery {
  readonly #init: FloodDeliveryInit
  readonly #inbox = new Inbox()
  #admitting = 0

  constructor(init: FloodDeliveryInit) {
    this.#init = init
  }

  get messages(): AsyncIterable<MeshMessage, undefined> {
    return this.#inbox
  }

  async deliver(origin: string, flood: Flood): Promise<void> {
    const { metrics, admit } = this.#init
    const read = this.#read(origin, flood)
    if (read === undefined) {
      metrics.flood('undecodable')
      return
    }
    if (this.#admitting >= MAX_ADMITTING) {
      metrics.flood('dropped')
      return
    }
    this.#admitting++
    const isAdmitted = await admit(origin)
    this.#admitting--
    metrics.flood(isAdmitted ? 'delivered' : 'not-admitted')
    if (isAdmitted && this.#inbox.push(read) > 0) metrics.flood('dropped')
  }

  /** Nothing is delivered any more. */
  close(): void {
    this.#inbox.close()
  }

  #read(from: string, { codec, body }: Flood): MeshMessage | undefined {
    const { codec: ours, log } = this.#init
    try {
      if (codec !== ours.name) throw new TypeError(`it was written by the codec "${codec}"`)
      return { from, message: ours.decode(body) }
    } catch (error) {
      log('a broadcast of %s cannot be read - %e', from, error)
      return undefined
    }
  }
}

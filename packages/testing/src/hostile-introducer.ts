import { publicKeyOf } from '@hearsay/signaling'
import type { SeededRandom } from './seeded-random.ts'

/**
 * What a hostile introducer does: swallows everything, or only answers; passes everything on too late; spoils it; says
 * things in the name of both ends; brings what it has recorded; or brings 5,000 envelopes a second of its own.
 */
export type Mischief = 'silent' | 'one-way' | 'slow' | 'garbling' | 'lying' | 'replaying' | 'flooding'

export const MISCHIEFS: readonly Mischief[] = [
  'silent',
  'one-way',
  'slow',
  'garbling',
  'lying',
  'replaying',
  'flooding'
]

/** Something that an introducer brings to a member, and in whose name. */
export interface Delivery {
  readonly to: string
  readonly envelope: Uint8Array
  readonly origin: string
  readonly delayMs: number
}

const MESSAGE_1 = 1
const MESSAGE_2 = 2
const RETRY = 3

/** Longer than a member waits before it tries another way, shorter than its dial. */
const SLOW_MS = 4_000

/** What is brought again with each envelope, of all that was recorded. */
const REPLAYS = 10
const MAX_RECORDED = 1_000

/** Bytes of a forged handshake message: as many as a real one has. */
const BODY_BYTES = 300

/** Different ones in a flood. */
const FORGED = 64

/** In an envelope: its kind, and what comes after it (docs/specs/signaling.md). */
const KIND_OFFSET = 61

/** A member that has others register with it, and then does not do what it should. It knows all that an introducer does. */
export class HostileIntroducer {
  readonly #mischief: Mischief
  readonly #random: SeededRandom
  readonly #recorded: Delivery[] = []
  /** By whom they are for: what is made for every one of a flood takes longer than to refuse it. */
  readonly #forged = new Map<string, Uint8Array[]>()

  constructor(mischief: Mischief, random: SeededRandom) {
    this.#mischief = mischief
    this.#random = random
  }

  /** @param due what an honest one would do */
  handle(due: Delivery): Delivery[] {
    switch (this.#mischief) {
      case 'silent':
      case 'flooding':
        return []
      case 'one-way':
        return due.envelope[KIND_OFFSET] === MESSAGE_1 ? [due] : []
      case 'slow':
        return [{ ...due, delayMs: SLOW_MS }]
      case 'garbling':
        return [spoilt(due)]
      case 'lying':
        return this.#lies(due)
      case 'replaying':
        return this.#replay(due)
    }
  }

  /** Envelopes of its own making, in the names of others. */
  flood(to: string, origins: readonly string[], count: number): Delivery[] {
    if (this.#mischief !== 'flooding') return []
    const forged =
      this.#forged.get(to) ??
      Array.from({ length: FORGED }, () => {
        const body = this.#random.bytes(BODY_BYTES)
        return forge(to, body.subarray(0, 16), MESSAGE_1, body)
      })
    this.#forged.set(to, forged)
    return Array.from({ length: count }, () => {
      const [envelope, origin] = [this.#random.pick(forged), this.#random.pick(origins)]
      return { to, envelope, origin, delayMs: 0 }
    })
  }

  #lies(due: Delivery): Delivery[] {
    const session = due.envelope.subarray(44, 60)
    const cookie = Uint8Array.of(0x0a, 16, ...this.#random.bytes(16))
    const toSender = { to: due.origin, origin: due.to, delayMs: 0 }
    return [
      { ...toSender, envelope: forge(due.origin, session, RETRY, cookie) },
      { ...toSender, envelope: forge(due.origin, session, MESSAGE_2, this.#random.bytes(BODY_BYTES)) },
      spoilt(due)
    ]
  }

  #replay(due: Delivery): Delivery[] {
    this.#recorded.push(due)
    if (this.#recorded.length > MAX_RECORDED) this.#recorded.shift()
    return [due, ...Array.from({ length: REPLAYS }, () => this.#random.pick(this.#recorded))]
  }
}

/** Its head is left as it is, so that it arrives. */
function spoilt(due: Delivery): Delivery {
  return {
    ...due,
    envelope: due.envelope.map((byte, index) => (index > KIND_OFFSET + 8 ? byte ^ 0xff : byte))
  }
}

function forge(to: string, session: Uint8Array, kind: number, body: Uint8Array): Uint8Array {
  return Uint8Array.from([
    ...[0x08, 1],
    ...[0x12, 38, 0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...publicKeyOf(to)],
    ...[0x1a, 16, ...session],
    ...[0x20, kind],
    ...[0x32, (body.length & 0x7f) | 0x80, body.length >> 7, ...body]
  ])
}

import { compareInstances, TokenBucket } from '@hearsay/signaling'
import { SeenWindow } from './seen-window.ts'

/** Floods that one member may send at once, and on average: twice what it allows itself, for they come in bunches. */
const ORIGIN_BURST = 32
const ORIGIN_PER_SECOND = 4

/** What came of one member's broadcasts. */
export interface Origin {
  /** Its latest process that has said something. */
  readonly instance: Uint8Array
  readonly seen: SeenWindow
  readonly bucket: TokenBucket
}

/** Members that have broadcast: a sans-IO table of bounded size, that forgets who was silent for longest. */
export class OriginTable {
  readonly #maxOrigins: number
  readonly #origins = new Map<string, Origin>()

  constructor(maxOrigins: number) {
    this.#maxOrigins = maxOrigins
  }

  get size(): number {
    return this.#origins.size
  }

  get(peerId: string): Origin | undefined {
    return this.#origins.get(peerId)
  }

  /** The member's entry, made where there is none; nothing where a newer process of it has spoken. */
  enter(peerId: string, instance: Uint8Array, now: number): Origin | undefined {
    const before = this.#origins.get(peerId)
    const order = before === undefined ? 1 : compareInstances(instance, before.instance)
    if (order < 0) return undefined
    const origin = order === 0 && before !== undefined ? before : newOrigin(instance, before, now)
    this.#origins.delete(peerId)
    this.#origins.set(peerId, origin)
    if (this.#origins.size > this.#maxOrigins) {
      const [oldest] = this.#origins.keys()
      if (oldest !== undefined) this.#origins.delete(oldest)
    }
    return origin
  }
}

/** A new process counts from the beginning, but has no new allowance. */
function newOrigin(instance: Uint8Array, before: Origin | undefined, now: number): Origin {
  const bucket = before?.bucket ?? new TokenBucket(ORIGIN_BURST, ORIGIN_PER_SECOND, now)
  return { instance: Uint8Array.from(instance), seen: new SeenWindow(), bucket }
}

import type { Arrival, SignalingPath } from '../../src/index.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface Carried {
  /** Its name; for a lane, followed by | and its intermediary. */
  readonly path: string
  readonly from: string
  readonly to: string
  readonly bytes: Uint8Array
}

/**
 * What an intermediary does with an envelope: which envelopes go on, to whom, and when. The origin is whoever sent the
 * envelope (a signature says so that may be repeated) unless the intermediary puts itself in its place.
 */
export type Relay = (carried: Carried) => readonly Onward[]

export interface Onward {
  readonly to: string
  readonly bytes: Uint8Array
  readonly delayMs: number
  readonly origin?: string
}

/** Passes everything on after the same delay. */
export function honest(delayMs = 10): Relay {
  return ({ to, bytes }) => [{ to, bytes, delayMs }]
}

/**
 * A network of named paths on virtual time. Every path leads through its own relay, which sees and decides everything,
 * and is what the recipient takes for its neighbour.
 */
export class TestNetwork {
  readonly #clock: VirtualClock
  readonly #receivers = new Map<string, (bytes: Uint8Array, arrival: Arrival) => void>()
  readonly #relays = new Map<string, Relay>()
  /** Everything that was sent, as an eavesdropper on every path has it. */
  readonly seen: Carried[] = []

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  setRelay(path: string, relay: Relay): void {
    this.#relays.set(path, relay)
  }

  /** Puts an envelope in front of somebody, as if it came over the path. */
  inject(path: string, to: string, bytes: Uint8Array, origin = `relay of ${path}`): void {
    const [name, via] = path.split('|')
    const neighbour = via ?? `relay of ${path}`
    this.#receivers.get(`${name} ${to}`)?.(bytes, {
      path: name,
      origin,
      neighbour,
      ...(via !== undefined && { via })
    })
  }

  path(
    name: string,
    owner: string,
    options: {
      cost?: number
      kind?: SignalingPath['kind']
      reaches?: (peer: string) => boolean
      /** Names of who stands on each lane to a peer. */
      intermediaries?: (peer: string) => readonly string[]
    } = {}
  ): SignalingPath {
    const { intermediaries } = options
    const key = `${name} ${owner}`
    return {
      name,
      cost: options.cost ?? 20,
      kind: options.kind ?? 'relayed',
      reaches: options.reaches ?? (() => true),
      ...(intermediaries !== undefined && {
        intermediaries: (peer: string) =>
          intermediaries(peer).map((via) => ({ peer: via, isConnected: true }))
      }),
      send: async (to, bytes, via) => {
        const lane = via === undefined ? name : `${name}|${via}`
        const carried = { path: lane, from: owner, to, bytes: bytes.slice() }
        this.seen.push(carried)
        const onward = this.#relays.get(lane) ?? honest()
        for (const next of onward(carried)) {
          this.#clock.setTimeout(
            () => this.inject(lane, next.to, next.bytes, next.origin ?? owner),
            next.delayMs
          )
        }
      },
      start: async (receive) => {
        this.#receivers.set(key, receive)
      },
      stop: async () => {
        this.#receivers.delete(key)
      }
    }
  }
}

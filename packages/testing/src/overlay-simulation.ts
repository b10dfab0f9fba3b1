import { DEFAULT_LIVENESS } from '@hearsay/session'
import { OverlayPlanner } from 'hearsay/overlay'
import { SeededRandom } from './seeded-random.ts'
import { Timeline } from './timeline.ts'
import type { OverlayOutput } from 'hearsay/overlay'

export interface OverlaySimulationOptions {
  /** Everything at random follows from it. */
  readonly seed: number
  readonly members: number
  /** Links that each member looks for. @default 4, as without simulation */
  readonly degree?: number
  /** Sessions that each member has at most. @default 56, what a mesh fills of its 64 unasked */
  readonly sessions?: number
  /** What one hop takes, in milliseconds. @default 50 */
  readonly hopMs?: number
}

interface Member {
  readonly name: string
  readonly planner: OverlayPlanner
  /** Peers that it believes to have a session with. */
  readonly sessions: Set<string>
  /** Peers that it believes to be linked to. */
  readonly links: Set<string>
  /** Peers whose silence is being noticed. */
  readonly silent: Set<string>
}

const { activeSuspicionMs, alertBeatMs, alertSuspicionMs, graceMs } = DEFAULT_LIVENESS

/** How often a member looks at its plan at most, as long as nothing is lost. */
const TICK_MS = 250

/** Members that follow in the ring, on either side, with whom everybody has a session. */
const RING_NEIGHBOURS = 2

/** No record is overdue as long as a simulation runs. */
const OVERDUE_MS = 86_400_000

/** How often a member looks for one more at random who has room for a session. */
const SESSION_TRIES = 200

/**
 * The links of a room whose listeners are all closed: any number of real planners, on sessions that stand from the
 * beginning (those of the ring, the rest at random) and of which none is made later. The dead are found out by their
 * silence, as sessions with a link find it out. Links take a round trip, and are lost with one of their ends only.
 */
export class OverlaySimulation {
  readonly #random: SeededRandom
  readonly #timeline = new Timeline()
  readonly #members = new Map<string, Member>()
  readonly #degree: number
  readonly #hopMs: number

  constructor({ seed, members, degree = 4, sessions = 56, hopMs = 50 }: OverlaySimulationOptions) {
    this.#random = new SeededRandom(seed)
    this.#degree = degree
    this.#hopMs = hopMs
    const digits = String(members).length
    for (let i = 0; i < members; i++) this.#add(String(i).padStart(digits, '0'))
    this.#joinSessions(sessions)
    for (const member of this.#members.values()) this.#tick(member)
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#timeline.now
  }

  /** Links that a member has on average. */
  get linksPerMember(): number {
    return [...this.#members.values()].reduce((sum, { links }) => sum + links.size, 0) / this.#members.size
  }

  /** Whether what any living member gossips reaches every other. */
  get isOne(): boolean {
    const [first] = this.#members.values()
    const reached = new Set(first === undefined ? [] : [first])
    for (const member of reached) {
      for (const name of member.links) {
        const other = this.#members.get(name)
        if (other?.links.has(member.name) === true) reached.add(other)
      }
    }
    return reached.size === this.#members.size
  }

  /** Whether the mesh is one, nobody holds a link to the dead, and everybody holds as many as it looks for. */
  get isWhole(): boolean {
    return [...this.#members.values()].every(this.#isWhole, this) && this.isOne
  }

  /** Lets so much time pass. */
  run(durationMs: number): void {
    this.#timeline.run(durationMs)
  }

  /** @returns milliseconds until `condition` held; it is looked at every `stepMs` @throws {Error} not within `limitMs` */
  runUntil(condition: () => boolean, limitMs: number, stepMs = 50): number {
    return this.#timeline.runUntil(condition, limitMs, stepMs)
  }

  /** So many, chosen at random, are gone at once and without a word. */
  kill(count: number): void {
    const names = [...this.#members.keys()]
    for (let i = 0; i < count; i++) {
      const [name = ''] = names.splice(this.#random.integer(0, names.length - 1), 1)
      this.#members.delete(name)
    }
    for (const member of this.#members.values()) {
      for (const name of member.links) {
        // A link that is quiet beats: the last that was heard is no older than a beat.
        const heardAt = this.now - this.#random.number() * alertBeatMs
        if (!this.#members.has(name)) this.#fallSilent(member, name, heardAt + alertSuspicionMs)
      }
    }
  }

  #isWhole({ links, sessions }: Member): boolean {
    return (
      links.size >= Math.min(this.#degree, sessions.size) &&
      [...links].every((name) => this.#members.has(name))
    )
  }

  #add(name: string): void {
    const planner = new OverlayPlanner({
      localPeer: name,
      compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
      degree: this.#degree,
      bootstrap: [],
      random: () => this.#random.number()
    })
    this.#members.set(name, { name, planner, sessions: new Set(), links: new Set(), silent: new Set() })
  }

  #joinSessions(most: number): void {
    const members = [...this.#members.values()]
    for (const [index, member] of members.entries()) {
      for (let step = 1; step <= RING_NEIGHBOURS; step++) {
        this.#joinSession(member, members[(index + step) % members.length], most)
      }
    }
    for (const member of members) {
      for (let tries = 0; tries < SESSION_TRIES && member.sessions.size < most; tries++) {
        this.#joinSession(member, this.#random.pick(members), most)
      }
    }
  }

  #joinSession(a: Member, b: Member, most: number): void {
    if (a === b || a.sessions.has(b.name) || b.sessions.size >= most) return
    for (const [member, { name }] of [
      [a, b],
      [b, a]
    ] as const) {
      member.sessions.add(name)
      member.planner.handleMember(name, this.now, this.now + OVERDUE_MS)
      member.planner.handleSession(name, true, this.now)
    }
  }

  #tick(member: Member): void {
    this.#timeline.add(this.now + this.#random.number() * TICK_MS, () => {
      this.#planForever(member)
    })
  }

  #planForever(member: Member): void {
    if (!this.#isAlive(member)) return
    if ((member.planner.pollTimeout() ?? Infinity) <= this.now) this.#plan(member)
    this.#timeline.add(this.now + TICK_MS, () => {
      this.#planForever(member)
    })
  }

  #plan(member: Member): void {
    const { planner } = member
    planner.handleTimeout(this.now)
    for (let output = planner.pollOutput(); output !== undefined; output = planner.pollOutput()) {
      this.#dial(member, output)
    }
  }

  #dial(member: Member, { kind, target }: OverlayOutput): void {
    if (kind !== 'session') {
      // Nobody listens.
      member.planner.handleDialed(target, undefined, this.now)
      return
    }
    this.#timeline.add(this.now + this.#hopMs, () => {
      const other = this.#members.get(target)
      if (other === undefined) {
        this.#dialDead(member, target, this.now - this.#hopMs)
        return
      }
      const isTaken = other.planner.takesLink(member.name)
      if (isTaken) this.#connect(other, member, false)
      this.#timeline.add(this.now + this.#hopMs, () => {
        if (!this.#isAlive(member)) return
        if (isTaken) this.#connect(member, other, true)
        member.planner.handleDialed(target, isTaken ? target : undefined, this.now)
      })
    })
  }

  /** Whoever opens a channel listens closely from then on. */
  #dialDead(member: Member, name: string, dialedAt: number): void {
    this.#fallSilent(member, name, dialedAt + activeSuspicionMs)
    this.#timeline.add(dialedAt + activeSuspicionMs + graceMs, () => {
      if (this.#isAlive(member)) member.planner.handleDialed(name, undefined, this.now)
    })
  }

  #connect(member: Member, other: Member, isOutbound: boolean): void {
    member.links.add(other.name)
    member.planner.handleConnected(other.name, 'session', isOutbound, this.now)
    if (!this.#isAlive(other)) this.#fallSilent(member, other.name, this.now + activeSuspicionMs)
  }

  /** The session is suspected first, and given up later, with its link. */
  #fallSilent(member: Member, name: string, suspectedAt: number): void {
    if (member.silent.has(name)) return
    member.silent.add(name)
    this.#timeline.add(suspectedAt, () => {
      if (!this.#isAlive(member)) return
      member.sessions.delete(name)
      member.planner.handleSession(name, false, this.now)
      this.#plan(member)
    })
    this.#timeline.add(suspectedAt + graceMs, () => {
      if (!this.#isAlive(member) || !member.links.delete(name)) return
      member.planner.handleDisconnected(name, this.now)
      this.#plan(member)
    })
  }

  #isAlive({ name }: Member): boolean {
    return this.#members.has(name)
  }
}

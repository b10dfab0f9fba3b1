import { randomBytes } from 'node:crypto'
import { DemoFailedError } from '../errors.ts'
import { Member } from './member.ts'
import { hasExchanged, isConnected, offerersView, pairsOf, type Pair } from './mesh.ts'

/** A part of the demo, as the views show it. */
export interface Step {
  readonly title: string
  readonly total: number
  done: number
  state: 'running' | 'done' | 'failed'
  readonly startedAt: number
  ms: number
}

/** A pair at the end of the demo. */
export interface PairResult {
  readonly pair: readonly [number, number]
  readonly path: string
  readonly openedMs: number
  readonly candidates: readonly [string, string]
}

/** Where the demo stands. The views read it whenever they are told that it has changed. */
export interface DemoState {
  readonly members: readonly Member[]
  readonly steps: readonly Step[]
  readonly room: string
}

/** Who follows the demo. */
export interface Observer {
  /** Something in the state has changed; called often. */
  changed(state: DemoState): void
  memberStarted(member: Member): void
  stepStarted(step: Step): void
  stepEnded(step: Step): void
}

export interface DemoOptions {
  readonly peers: number
  readonly deadlineMs: number
  readonly signal: AbortSignal
  readonly observer: Observer
}

export interface DemoResult {
  readonly pairs: readonly PairResult[]
  /** Numbers of the members that were killed, and of those that came after. */
  readonly killed: readonly number[]
  readonly newcomers: readonly number[]
}

/**
 * The proof: processes in a line, a mesh out of them, the entry and one in the middle killed, a newcomer at either end of
 * what is left. Every claim is checked on the events of both processes concerned.
 */
export class Demo {
  readonly #options: DemoOptions
  readonly #members: Member[] = []
  readonly #steps: Step[] = []
  readonly #room = `demo-${randomBytes(6).toString('hex')}`
  readonly #results: PairResult[] = []
  readonly #deadline: AbortSignal
  #wake: () => void = () => undefined

  constructor(options: DemoOptions) {
    this.#options = options
    this.#deadline = AbortSignal.timeout(options.deadlineMs)
  }

  /** @throws {DemoFailedError} says which step failed and what was missing */
  async run(): Promise<DemoResult> {
    const { peers } = this.#options
    const killSurvivors = (): void => {
      this.#members.forEach((member) => void member.kill())
    }
    // Whatever ends this process, none of the others may outlive it.
    process.once('exit', killSurvivors)
    try {
      await this.#step(`start ${peers} processes, each told only of the one before it`, peers, (count) =>
        this.#startLine(peers, count)
      )
      const line = [...this.#members]
      await this.#connect(`connect every pair of the ${peers} over WebRTC`, pairsOf(line))
      await this.#talk(line, 'first')
      const killed = [line[0], line[Math.floor(peers / 2)]].filter((member) => member !== undefined)
      const survivors = line.filter((member) => !killed.includes(member))
      await this.#step(
        `kill process ${numbersOf(killed)} at once: the mesh began through the first, the other held the line together`,
        killed.length,
        () => Promise.all(killed.map((member) => member.kill()))
      )
      const doors = [survivors[0], survivors.at(-1)].filter((door) => door !== undefined)
      const newcomers: Member[] = []
      await this.#step(
        `start two newcomers, one told only of process ${numbersOf(doors, ', the other only of process ')}`,
        doors.length,
        async (count) => {
          for (const door of doors) {
            newcomers.push(await this.#start(door.address))
            count(newcomers.length)
          }
        }
      )
      const living = [...survivors, ...newcomers]
      await this.#connect(
        `connect the newcomers to each other and to all ${survivors.length} that live`,
        pairsOf(living).filter(({ b }) => newcomers.includes(b))
      )
      await this.#talk(living, 'second')
      await this.#step('close them all', living.length, (count) => this.#closeAll(count))
      return { pairs: this.#results, killed: killed.map(numberOf), newcomers: newcomers.map(numberOf) }
    } finally {
      await Promise.all(this.#members.map((member) => member.kill()))
      process.off('exit', killSurvivors)
    }
  }

  async #startLine(peers: number, count: (done: number) => void): Promise<void> {
    let previous: Member | undefined
    for (let started = 0; started < peers; started++) {
      previous = await this.#start(previous?.address)
      count(started + 1)
    }
  }

  async #start(bootstrap: string | undefined): Promise<Member> {
    const member = new Member(this.#members.length + 1, this.#room, bootstrap, () => {
      this.#changed()
    })
    this.#members.push(member)
    await this.#until(
      () => member.address !== undefined,
      [member],
      () => `process ${member.number} did not start`
    )
    this.#options.observer.memberStarted(member)
    return member
  }

  async #connect(title: string, pairs: readonly Pair[]): Promise<void> {
    await this.#step(title, pairs.length, (count) => this.#untilAll(pairs, isConnected, count))
    for (const pair of pairs) {
      this.#remember(pair)
    }
  }

  async #talk(members: readonly Member[], round: string): Promise<void> {
    const pairs = pairsOf(members)
    const text = (speaker: Member): string => `the ${round} word of process ${speaker.number}`
    await this.#step(
      'every member speaks to every other, and each word is confirmed',
      pairs.length,
      (count) => {
        for (const member of members) {
          member.say(text(member))
        }
        return this.#untilAll(pairs, (pair) => hasExchanged(pair, text), count)
      }
    )
  }

  async #closeAll(count: (done: number) => void): Promise<void> {
    const members = this.#members.filter(({ life }) => life === 'running')
    let closed = 0
    const stubborn = await Promise.all(
      members.map(async (member) => {
        const well = await member.close()
        count(++closed)
        return well ? [] : [member.number]
      })
    )
    if (stubborn.flat().length > 0) {
      throw new DemoFailedError(`process ${stubborn.flat().join(', ')} did not close cleanly when asked to`)
    }
  }

  #remember(pair: Pair): void {
    const { a, b } = pair
    const view = offerersView(pair)
    if (view !== undefined) {
      this.#results.push({
        pair: [a.number, b.number],
        path: view.path,
        openedMs: view.openedMs,
        candidates: [view.localCandidate, view.remoteCandidate]
      })
    }
  }

  async #step<Result>(
    title: string,
    total: number,
    work: (count: (done: number) => void) => Promise<Result>
  ): Promise<Result> {
    const step: Step = { title, total, done: 0, state: 'running', startedAt: performance.now(), ms: 0 }
    this.#steps.push(step)
    this.#options.observer.stepStarted(step)
    try {
      const result = await work((done) => {
        step.done = done
        this.#changed()
      })
      step.done = total
      step.state = 'done'
      return result
    } catch (error) {
      step.state = 'failed'
      throw error
    } finally {
      step.ms = Math.round(performance.now() - step.startedAt)
      this.#options.observer.stepEnded(step)
      this.#changed()
    }
  }

  async #untilAll(
    pairs: readonly Pair[],
    check: (pair: Pair) => boolean,
    count: (done: number) => void
  ): Promise<void> {
    const missing = (): Pair[] => pairs.filter((pair) => !check(pair))
    let counted = -1
    const holds = (): boolean => {
      const done = pairs.length - missing().length
      if (done !== counted) {
        counted = done
        count(done)
      }
      return done === pairs.length
    }
    const involved = new Set(pairs.flatMap(({ a, b }) => [a, b]))
    const names = (): string =>
      missing()
        .map(({ a, b }) => `${a.number}–${b.number}`)
        .join(', ')
    await this.#until(holds, involved, () => `missing: ${names()}`)
  }

  /** Waits for a condition while these members live, the deadline has not passed and nobody interrupts. */
  async #until(holds: () => boolean, members: Iterable<Member>, missing: () => string): Promise<void> {
    const stop = AbortSignal.any([this.#options.signal, this.#deadline])
    const { promise: stopped, resolve } = Promise.withResolvers<undefined>()
    stop.addEventListener('abort', () => {
      resolve(undefined)
    })
    while (!holds()) {
      this.#options.signal.throwIfAborted()
      if (this.#deadline.aborted) {
        throw new DemoFailedError(
          `not done within ${this.#options.deadlineMs / 1000} s; ${missing()}${complaints(members)}`
        )
      }
      for (const member of members) {
        if (member.life !== 'running') {
          throw new DemoFailedError(`process ${member.number} ended unasked${complaints([member])}`)
        }
      }
      const { promise: woken, resolve: wake } = Promise.withResolvers<undefined>()
      this.#wake = () => {
        wake(undefined)
      }
      await Promise.race([stopped, woken])
    }
  }

  #changed(): void {
    this.#options.observer.changed({ members: this.#members, steps: this.#steps, room: this.#room })
    this.#wake()
  }
}

function numberOf({ number }: Member): number {
  return number
}

function numbersOf(members: readonly Member[], separator = ' and '): string {
  return members.map(numberOf).join(separator)
}

/** What these members said on standard error, if anything. */
function complaints(members: Iterable<Member>): string {
  return [...members]
    .filter(({ complaint }) => complaint !== '')
    .map(({ number, complaint }) => `; process ${number} said: ${complaint}`)
    .join('')
}

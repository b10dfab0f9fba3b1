import { EventOutput } from '../terminal/event-output.ts'
import { isConnected } from './mesh.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Member } from './member.ts'
import type { DemoState, Observer, Step } from './scenario.ts'

/** The view that fits where the output goes: events for machines, a live picture for a terminal, lines otherwise. */
export function createView(terminal: Terminal, json: boolean): Observer & Disposable {
  if (json) {
    return new EventView(new EventOutput(terminal, true))
  }
  return terminal.stdout.isTTY === true ? new LiveView(terminal) : new LineView(terminal)
}

class EventView implements Observer {
  readonly #output: EventOutput

  constructor(output: EventOutput) {
    this.#output = output
  }

  changed(): void {
    // Progress within a step is for eyes.
  }

  memberStarted({ number, pid, peerId, address }: Member): void {
    this.#output.emit({ event: 'member', number, pid, peer: peerId, address })
  }

  stepStarted({ title }: Step): void {
    this.#output.emit({ event: 'step-started', title })
  }

  stepEnded({ title, state, ms }: Step): void {
    this.#output.emit({ event: 'step-ended', title, state, ms })
  }

  [Symbol.dispose](): void {
    // Nothing is held.
  }
}

class LineView implements Observer {
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  changed(): void {
    // A log shows what is done, not how it grows.
  }

  memberStarted({ number, pid, peerId }: Member): void {
    this.#terminal.stdout.write(`    process ${number} is ${peerId ?? ''} (pid ${pid ?? 0})\n`)
  }

  stepStarted({ title }: Step): void {
    this.#terminal.stdout.write(`... ${title}\n`)
  }

  stepEnded(step: Step): void {
    this.#terminal.stdout.write(`${describeStep(step)}\n`)
  }

  [Symbol.dispose](): void {
    // Nothing is held.
  }
}

/** Shortest time between two pictures, in milliseconds. */
const REDRAW_MS = 60

/** Redraws one block of lines in place; the last picture stays on the screen. */
class LiveView implements Observer {
  readonly #terminal: Terminal
  #height = 0
  #state: DemoState | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  changed(state: DemoState): void {
    this.#state = state
    this.#timer ??= setTimeout(() => {
      this.#draw()
    }, REDRAW_MS)
  }

  memberStarted(): void {
    // The next picture has it.
  }

  stepStarted(): void {
    // The next picture has it.
  }

  stepEnded(): void {
    // The next picture has it.
  }

  [Symbol.dispose](): void {
    this.#draw()
  }

  #draw(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#state === undefined) {
      return
    }
    const lines = picture(this.#state)
    const up = this.#height === 0 ? '' : `\u{1b}[${this.#height}A`
    this.#terminal.stdout.write(`${up}\u{1b}[J${lines.join('\n')}\n`)
    this.#height = lines.length
  }
}

/** Every member with its connections to those above it, and the steps below. */
function picture({ members, steps }: DemoState): string[] {
  return [
    '',
    ...members.map((member, index) => row(member, members.slice(0, index))),
    '',
    ...steps.map(describeStep)
  ]
}

const LIFE = { running: ' ', killed: '✗', closing: '·', closed: '·', failed: '!' } as const

function row(member: Member, before: readonly Member[]): string {
  const number = String(member.number).padStart(3)
  const peer = (member.peerId ?? 'starting').slice(-8).padEnd(8)
  const cells = before.map((other) => cell(member, other)).join(' ')
  return ` ${number} ${LIFE[member.life]} ${peer}  pid ${String(member.pid ?? '').padEnd(8)} ${cells}`
}

function cell(a: Member, b: Member): string {
  if (a.life === 'killed' || b.life === 'killed') {
    return '✗'
  }
  return isConnected({ a, b }) ? '●' : '·'
}

const MARKS = { running: '…', done: '✔', failed: '✗' } as const

function describeStep({ title, done, total, state, ms }: Step): string {
  const count = total > 1 ? ` ${done}/${total}` : ''
  const time = state === 'running' ? '' : ` (${(ms / 1000).toFixed(1)} s)`
  return ` ${MARKS[state]} ${title}${count}${time}`
}

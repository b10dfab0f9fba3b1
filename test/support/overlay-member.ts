import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ChildProgram } from './processes.ts'

const PROGRAM = join(import.meta.dirname, '../../packages/hearsay/test/fixtures/overlay-member.ts')

interface PrintedEvent {
  readonly event: string
  readonly error?: string
  readonly sent: readonly string[]
  readonly peer: string
  readonly addresses: readonly string[]
  readonly links: readonly string[]
  readonly text: string
  readonly message: string
  readonly id: string
}

/** How long members have to hear what was said before it is said again, in milliseconds. */
const ROUND_MS = 500

let requests = 0

/** A member of a room in a process of its own, whose overlay can be looked at. */
export class OverlayMember extends ChildProgram {
  #seen = 0
  readonly #heard = new Set<string>()
  readonly #messages = new Set<string>()
  readonly #connected = new Set<string>()
  #peerId = ''

  private constructor(args: readonly string[], lifetimeMs: number) {
    super([PROGRAM, ...args], { lifetimeMs })
  }

  /** Starts one and waits until it runs. */
  static async start(
    room: string,
    entry = '',
    { lifetimeMs = 120_000, maxConnections = 64 } = {}
  ): Promise<OverlayMember> {
    const member = new OverlayMember([room, entry, String(maxConnections)], lifetimeMs)
    member.#peerId = (await member.event('ready')).peer
    return member
  }

  get peerId(): string {
    return this.#peerId
  }

  /** Peers with a session. */
  get connected(): ReadonlySet<string> {
    this.#read()
    return this.#connected
  }

  /** What was said on the probe's topic. */
  get heard(): ReadonlySet<string> {
    this.#read()
    return this.#heard
  }

  /** What came by broadcast. */
  get messages(): ReadonlySet<string> {
    this.#read()
    return this.#messages
  }

  /** The first event of that name, past or to come. */
  async event(name: string, accept: (event: PrintedEvent) => boolean = () => true): Promise<PrintedEvent> {
    const line = await this.line((text) => {
      const event = JSON.parse(text) as PrintedEvent
      return event.event === name && accept(event)
    })
    return JSON.parse(line) as PrintedEvent
  }

  /** Has it do something, and tells what came of it. */
  async ask(command: string, argument = ''): Promise<PrintedEvent> {
    const id = String(requests++)
    this.write(`${command} ${id} ${argument}\n`)
    const answer = await this.event('answer', (event) => event.id === id)
    if (answer.error !== undefined) throw new Error(`${command}: ${answer.error}`)
    return answer
  }

  /** Remote addresses of its libp2p connections. */
  async links(): Promise<readonly string[]> {
    return (await this.ask('links')).links
  }

  async unlisten(): Promise<void> {
    await this.ask('unlisten')
  }

  /** Opens one address, of a port of the system's choice, and tells it. */
  async listen(address: string): Promise<string> {
    return (await this.ask('listen', address)).addresses[0] ?? ''
  }

  #read(): void {
    for (; this.#seen < this.lines.length; this.#seen++) {
      const event = JSON.parse(this.lines[this.#seen] ?? '{}') as PrintedEvent
      if (event.event === 'heard') this.#heard.add(event.text)
      else if (event.event === 'message') this.#messages.add(event.message)
      else if (event.event === 'connected') this.#connected.add(event.peer)
      else if (event.event === 'disconnected') this.#connected.delete(event.peer)
    }
  }
}

/** Waits for something that is to be looked at. The test's own timeout ends what never comes. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(50)
}

/** Resolves when each has a session with each. */
export async function allConnected(members: readonly OverlayMember[]): Promise<void> {
  await until(() =>
    members.every((member) =>
      members.every((other) => other === member || member.connected.has(other.peerId))
    )
  )
}

/**
 * Resolves when each has heard by gossip what each other has said from now on: the overlay is one. What is said while
 * links are being made may be lost, so it is said again.
 */
export async function allHear(members: readonly OverlayMember[]): Promise<void> {
  const missing = new Set(
    members.flatMap((_speaker, a) => members.flatMap((_listener, b) => (a === b ? [] : [`${a} ${b}`])))
  )
  const said: string[][] = members.map(() => [])
  while (missing.size > 0) {
    for (const [index, member] of members.entries()) {
      const text = `${member.peerId} ${requests++}`
      said[index]?.push(text)
      await member.ask('say', text)
    }
    const deadline = performance.now() + ROUND_MS
    while (missing.size > 0 && performance.now() < deadline) {
      await setTimeout(50)
      for (const pair of missing) {
        const [speaker = 0, listener = 0] = pair.split(' ').map(Number)
        const heard = members[listener]?.heard ?? new Set()
        if (said[speaker]?.some((text) => heard.has(text)) ?? false) missing.delete(pair)
      }
    }
  }
}

import type { Flow } from './flow.ts'
import { Link, PERFECT, type Bottleneck, type LinkConditions } from './link.ts'
import { SeededRandom } from './random.ts'

const SEGMENT = 1500
const MIN_RTO = 200
const REORDERING = 3

/** How a kernel's TCP grows and shrinks its window; windows are segments, times seconds. */
interface TcpControl {
  readonly beta: number
  /** The window after one more segment was acknowledged, out of slow start. */
  grow(cwnd: number, now: number, rtt: number): number
  onReduction(before: number, after: number): void
}

class Reno implements TcpControl {
  readonly beta = 0.5

  grow(cwnd: number): number {
    return cwnd + 1 / cwnd
  }

  onReduction(): void {
    // The window is all that Reno knows.
  }
}

/** RFC 9438 as Linux has it by default, fast convergence and the Reno-friendly region included. */
class LinuxCubic implements TcpControl {
  readonly beta = 0.7
  #plateau = 0
  #startedAt: number | undefined
  #origin = 0
  #friendly = 0

  grow(cwnd: number, now: number, rtt: number): number {
    if (this.#startedAt === undefined) {
      this.#startedAt = now
      this.#origin = Math.max(this.#plateau, cwnd)
      this.#plateau = cwnd
      this.#friendly = cwnd
    }
    const k = Math.cbrt((this.#origin - this.#plateau) / 0.4)
    const target = this.#origin + 0.4 * (now + rtt - this.#startedAt - k) ** 3
    this.#friendly += (3 * 0.3) / 1.7 / cwnd
    const cubic = cwnd + Math.max(0.01, Math.min(target, 1.5 * cwnd) - cwnd) / cwnd
    return Math.max(cubic, this.#friendly)
  }

  onReduction(before: number): void {
    this.#plateau = before < this.#plateau ? 0.85 * before : before
    this.#startedAt = undefined
  }
}

/**
 * A bulk transfer by TCP, independent of the code under test: slow start that ends where delay rises, Reno or CUBIC,
 * ideal selective acknowledgements, loss by three later segments, a retransmission timeout.
 */
export class TcpFlow implements Flow {
  readonly #toB: Link
  readonly #toA: Link
  readonly #control: TcpControl
  readonly #inFlight = new Map<number, number>()
  now: number
  #next = 0
  #cwnd = 10
  #ssthresh = Infinity
  #recoverUntil = -1
  #rtt = 0
  #minRtt = Infinity
  #lastProgress: number
  receivedBytes = 0

  constructor(
    kind: 'reno' | 'cubic',
    conditions: Partial<LinkConditions>,
    bottleneck: Bottleneck,
    now: number
  ) {
    const random = new SeededRandom(99)
    const whole = { ...PERFECT, ...conditions }
    this.#control = kind === 'reno' ? new Reno() : new LinuxCubic()
    this.#toB = new Link(random, whole, bottleneck)
    this.#toA = new Link(random, { ...whole, rate: Infinity })
    this.now = now
    this.#lastProgress = now
  }

  get nextTime(): number {
    const timeout = this.#inFlight.size > 0 ? this.#lastProgress + Math.max(MIN_RTO, 2 * this.#rtt) : Infinity
    return Math.min(this.#toB.nextArrival, this.#toA.nextArrival, timeout)
  }

  pump(): void {
    while (this.#inFlight.size < Math.floor(this.#cwnd)) {
      const packet = new Uint8Array(SEGMENT)
      new DataView(packet.buffer).setUint32(0, this.#next)
      this.#inFlight.set(this.#next++, this.now)
      this.#toB.send(packet, this.now)
    }
  }

  step(): void {
    this.now = Math.max(this.now, this.nextTime)
    for (let packet; (packet = this.#toB.receive(this.now)) !== undefined;) {
      this.receivedBytes += SEGMENT
      this.#toA.send(packet.slice(0, 60), this.now)
    }
    for (let packet; (packet = this.#toA.receive(this.now)) !== undefined;) {
      this.#acknowledge(new DataView(packet.buffer).getUint32(0))
    }
    if (this.#inFlight.size > 0 && this.now - this.#lastProgress >= Math.max(MIN_RTO, 2 * this.#rtt)) {
      this.#reduce()
      this.#cwnd = 1
      this.#inFlight.clear()
      this.#lastProgress = this.now
    }
    this.pump()
  }

  #acknowledge(number: number): void {
    const sentAt = this.#inFlight.get(number)
    if (sentAt === undefined) {
      return
    }
    this.#inFlight.delete(number)
    this.#lastProgress = this.now
    this.#rtt = this.now - sentAt
    this.#minRtt = Math.min(this.#minRtt, this.#rtt)
    if (this.#cwnd >= this.#ssthresh) {
      this.#cwnd = this.#control.grow(this.#cwnd, this.now / 1000, this.#rtt / 1000)
    } else {
      this.#cwnd++
      if (this.#rtt > this.#minRtt + Math.max(4, Math.min(16, this.#minRtt / 8)) && this.#cwnd > 16) {
        this.#ssthresh = this.#cwnd
      }
    }
    for (const [other] of this.#inFlight) {
      if (other > number - REORDERING) {
        break
      }
      this.#inFlight.delete(other)
      if (other > this.#recoverUntil) {
        this.#reduce()
      }
    }
  }

  #reduce(): void {
    const before = this.#cwnd
    this.#cwnd = Math.max(2, before * this.#control.beta)
    this.#ssthresh = this.#cwnd
    this.#recoverUntil = this.#next - 1
    this.#control.onReduction(before, this.#cwnd)
  }
}

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CreditLedger, messageCost } from '../src/channels/credit-ledger.ts'
import { ReceiveBudget } from '../src/channels/receive-budget.ts'
import { FRAME_COST_BYTES, INITIAL_CREDIT_BYTES } from '../src/constants.ts'
import { record } from './support/record.ts'

function ledgerOf(window: number): CreditLedger {
  return new CreditLedger(window, new ReceiveBudget(), () => {})
}

describe('CreditLedger', () => {
  it('never lets more wait than the window and one message', () => {
    const window = INITIAL_CREDIT_BYTES
    fc.assert(
      fc.property(
        fc.array(record({ size: fc.integer({ min: 1, max: 60_000 }), take: fc.boolean() }), {
          maxLength: 200
        }),
        (steps) => {
          const ledger = ledgerOf(window)
          let limit = ledger.initial()
          let used = 0
          const held: number[] = []
          for (const { size, take } of steps) {
            const cost = size + FRAME_COST_BYTES
            if (used + cost <= limit) {
              used += cost
              assert.equal(ledger.receive(size), true)
              held.push(messageCost(size))
              ledger.hold(messageCost(size))
            }
            const taken = take ? held.shift() : undefined
            if (taken !== undefined) ledger.release(taken)
            const update = ledger.update(0)
            if (update !== undefined) {
              assert.ok(update > limit)
              limit = update
            }
            assert.ok(ledger.heldBytes <= window)
          }
          // Whatever happened: once all is taken, there is room for a frame of any size.
          for (const cost of held) ledger.release(cost)
          limit = ledger.update(0) ?? limit
          assert.ok(limit - used >= 65_536 + FRAME_COST_BYTES)
        }
      )
    )
  })

  it('lets a message larger than the window arrive while nothing waits', () => {
    const ledger = ledgerOf(INITIAL_CREDIT_BYTES)
    let limit = ledger.initial()
    let used = 0
    for (let partial = 0; partial < 10 * INITIAL_CREDIT_BYTES; partial += 60_000) {
      used += 60_000 + FRAME_COST_BYTES
      assert.ok(used <= limit)
      assert.equal(ledger.receive(60_000), true)
      limit = ledger.update(partial) ?? limit
    }
  })

  it('knows a sender that takes more than it was given', () => {
    const ledger = ledgerOf(INITIAL_CREDIT_BYTES)
    ledger.initial()
    assert.equal(ledger.receive(INITIAL_CREDIT_BYTES), false)
  })
})

describe('ReceiveBudget', () => {
  const WINDOW = INITIAL_CREDIT_BYTES
  const BUDGET = 4 * WINDOW
  const LARGEST = 3 * WINDOW
  const FRAME = 60_000

  /** A channel on which messages of these sizes come, as fast as credit allows. */
  class Receiving {
    readonly ledger: CreditLedger
    /** Bytes of those that wait for the application. */
    readonly whole: number[] = []
    partial = 0
    readonly #sizes: number[]
    #limit: number
    #used = 0

    constructor(budget: ReceiveBudget, sizes: readonly number[]) {
      this.#sizes = [...sizes]
      this.ledger = new CreditLedger(WINDOW, budget, () => this.#update())
      this.#limit = this.ledger.initial()
    }

    get held(): number {
      return this.partial + this.whole.reduce((sum, bytes) => sum + bytes, 0)
    }

    get isDone(): boolean {
      return this.#sizes.length === 0
    }

    /** @returns whether a frame came */
    receive(): boolean {
      const [size] = this.#sizes
      if (size === undefined) return false
      const bytes = Math.min(FRAME, size - this.partial)
      if (this.#used + bytes + FRAME_COST_BYTES > this.#limit) return false
      this.#used += bytes + FRAME_COST_BYTES
      assert.equal(this.ledger.receive(bytes), true)
      this.partial += bytes
      if (this.partial === size) {
        this.#sizes.shift()
        this.partial = 0
        this.whole.push(size)
        this.ledger.hold(messageCost(size))
      }
      this.#update()
      return true
    }

    /** @returns whether there was a message to take */
    take(): boolean {
      const bytes = this.whole.shift()
      if (bytes === undefined) return false
      this.ledger.release(messageCost(bytes))
      this.#update()
      return true
    }

    #update(): void {
      this.#limit = this.ledger.update(this.partial) ?? this.#limit
    }
  }

  const sizes = fc.array(fc.integer({ min: 1, max: LARGEST }), { minLength: 1, maxLength: 4 })

  it('bounds what all channels hold together, and lets every message through that is taken', () => {
    fc.assert(
      fc.property(
        fc.array(sizes, { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(7), fc.boolean()), { maxLength: 300 }),
        (queues, steps) => {
          const budget = new ReceiveBudget(BUDGET)
          const channels = queues.map((queue) => new Receiving(budget, queue))
          const bound = BUDGET + LARGEST + channels.length * (WINDOW + FRAME)
          for (const [index, takes] of steps) {
            const channel = channels[index % channels.length]
            if (takes) channel.take()
            else channel.receive()
            const held = channels.reduce((sum, each) => sum + each.held, 0)
            assert.ok(held <= bound, `${held} of ${bound} bytes`)
          }
          const goOn = (): boolean =>
            channels.map((channel) => channel.receive() || channel.take()).some((didMove) => didMove)
          while (goOn());
          assert.ok(channels.every(({ isDone, held }) => isDone && held === 0))
        }
      )
    )
  })

  it('does not let whole messages that nobody takes grow beyond it, one after another', () => {
    const budget = new ReceiveBudget(BUDGET)
    const channels = Array.from({ length: 20 }, () => new Receiving(budget, [LARGEST]))
    for (const channel of channels) while (channel.receive());
    const held = channels.reduce((sum, each) => sum + each.held, 0)
    assert.ok(held > BUDGET && held <= BUDGET + LARGEST + 20 * (WINDOW + FRAME), String(held))
    assert.equal(channels.filter(({ isDone }) => isDone).length, 2)
  })

  it('forgets channels that are closed, also those that the others wait for', () => {
    const budget = new ReceiveBudget(BUDGET)
    const [one, other, third] = Array.from({ length: 3 }, () => new Receiving(budget, [LARGEST, 1]))
    for (const channel of [one, other]) while (channel.partial < 2 * WINDOW) channel.receive()
    while (third.receive());
    assert.equal(third.isDone, false)
    one.ledger.close()
    while (third.receive());
    assert.equal(third.isDone, false)
    other.ledger.close()
    while (third.receive() || third.take());
    assert.equal(third.isDone, true)
  })
})

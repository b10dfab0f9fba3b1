import { Fifo } from './fifo.ts'

interface Waiter<Value> {
  resolve(result: IteratorResult<Value, undefined>): void
  reject(error: Error): void
}

/**
 * Messages on their way to `for await`. Several readers share it: each message goes to one of them. Its owner bounds
 * it; this only keeps order.
 */
export class MessageQueue<Value> {
  readonly #values = new Fifo<Value>()
  readonly #waiters: Waiter<Value>[] = []
  readonly #onTaken: (value: Value) => void
  #end: { readonly error: Error | undefined } | undefined

  /** @param onTaken called when a reader takes a value */
  constructor(onTaken: (value: Value) => void) {
    this.#onTaken = onTaken
  }

  get length(): number {
    return this.#values.length
  }

  push(value: Value): void {
    const waiter = this.#waiters.shift()
    if (waiter === undefined) {
      this.#values.push(value)
      return
    }
    this.#onTaken(value)
    waiter.resolve({ done: false, value })
  }

  /** Takes the oldest value out without a reader. */
  shift(): Value | undefined {
    return this.#values.shift()
  }

  /** What is queued can still be read; after it readers see the end, or the error. */
  end(error: Error | undefined): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    for (const waiter of this.#waiters.splice(0)) this.#settleAtEnd(waiter)
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    if (this.length > 0) {
      const value = this.shift() as Value
      this.#onTaken(value)
      return Promise.resolve({ done: false, value })
    }
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject }
      if (this.#end === undefined) this.#waiters.push(waiter)
      else this.#settleAtEnd(waiter)
    })
  }

  #settleAtEnd(waiter: Waiter<Value>): void {
    const error = this.#end?.error
    if (error === undefined) waiter.resolve({ done: true, value: undefined })
    else waiter.reject(error)
  }
}

import assert from 'node:assert/strict'
import { MessageHub } from '../src/message-hub.ts'

/** Yields what it is given, and counts how much was asked for. */
class Source implements AsyncIterable<unknown> {
  asked = 0
  readonly #messages: unknown[]

  constructor(...messages: unknown[]) {
    this.#messages = messages
  }

  async *[Symbol.asyncIterator](): AsyncGenerator {
    for (const message of this.#messages) {
      this.asked++
      yield message
    }
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('message hub', () => {
  it('merges sources, each in its own order', async () => {
    const hub = new MessageHub()
    hub.add('a', new Source(1, 2, 3))
    const messages = hub.messages()
    hub.add('b', new Source(4, 5))
    const received: Record<string, unknown[]> = { a: [], b: [] }
    for (let i = 0; i < 5; i++) {
      const { value } = await messages.next()
      received[value!.from].push(value!.message)
    }
    assert.deepEqual(received, { a: [1, 2, 3], b: [4, 5] })
  })

  it('reads nothing before somebody asks, and then no more than one ahead', async () => {
    const hub = new MessageHub()
    const source = new Source(1, 2, 3)
    hub.add('a', source)
    await settle()
    assert.equal(source.asked, 0)
    const messages = hub.messages()
    await settle()
    assert.equal(source.asked, 1)
    await messages.next()
    await settle()
    assert.equal(source.asked, 2)
  })

  it('forgets a source that is dropped before anybody asks', async () => {
    const hub = new MessageHub()
    const source = new Source(1)
    hub.add('a', source)()
    const messages = hub.messages()
    await settle()
    assert.equal(source.asked, 0)
    await messages.return!()
  })

  it('gives nothing to an iteration that has ended', async () => {
    const hub = new MessageHub()
    const first = hub.messages()
    const pending = first.next()
    await first.return!()
    assert.equal((await pending).done, true)
    assert.equal((await first.next()).done, true)
    const second = hub.messages()
    hub.add('a', new Source('only'))
    assert.deepEqual((await second.next()).value, { from: 'a', message: 'only' })
  })

  it('goes on when a source fails', async () => {
    const hub = new MessageHub()
    const messages = hub.messages()
    hub.add('a', {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('lost')) })
    })
    hub.add('b', new Source('still here'))
    assert.deepEqual((await messages.next()).value, { from: 'b', message: 'still here' })
  })

  it('ends every iteration when it closes', async () => {
    const hub = new MessageHub()
    hub.add('a', new Source(1, 2))
    const messages = hub.messages()
    const waiting = new MessageHub().messages()
    await settle()
    hub.close()
    assert.equal((await messages.next()).done, true)
    assert.equal((await hub.messages().next()).done, true)
    await waiting.return!()
  })
})

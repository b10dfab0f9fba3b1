import assert from 'node:assert/strict'
import { Inbox, MAX_UNREAD } from '../src/broadcast/inbox.ts'

async function readAll(inbox: Inbox): Promise<string[]> {
  const read: string[] = []
  for await (const { from, message } of inbox) read.push(`${from} ${String(message)}`)
  return read
}

describe('the inbox of floods', () => {
  it('keeps what nobody has asked for yet, and gives each message to one reader', async () => {
    const inbox = new Inbox()
    inbox.push({ from: 'a', message: 1 })
    const readers = [readAll(inbox), readAll(inbox)]
    await new Promise((resolve) => setImmediate(resolve))
    inbox.push({ from: 'b', message: 2 })
    await new Promise((resolve) => setImmediate(resolve))
    inbox.close()
    assert.deepEqual((await Promise.all(readers)).flat().toSorted(), ['a 1', 'b 2'])
    inbox.push({ from: 'c', message: 3 })
    assert.deepEqual(await readAll(inbox), [])
  })

  it('drops of whom most is waiting where it is full', async () => {
    const inbox = new Inbox()
    inbox.push({ from: 'quiet', message: 0 })
    let dropped = 0
    for (let message = 0; message < 2 * MAX_UNREAD; message++)
      dropped += inbox.push({ from: 'loud', message })
    dropped += inbox.push({ from: 'quiet', message: 1 })
    assert.equal(dropped, MAX_UNREAD + 2)
    const iterator = inbox[Symbol.asyncIterator]()
    const read = []
    for (let i = 0; i < MAX_UNREAD; i++) read.push((await iterator.next()).value)
    assert.deepEqual(read[0], { from: 'quiet', message: 0 })
    assert.deepEqual(read.at(-2), { from: 'loud', message: 2 * MAX_UNREAD - 1 })
    assert.deepEqual(read.at(-1), { from: 'quiet', message: 1 })
  })
})

import assert from 'node:assert/strict'
import { Pair } from './support/pair.ts'

describe('handshake', () => {
  it('connects in two round trips and carries data with COOKIE ECHO', () => {
    const pair = new Pair()
    pair.send(pair.a, 1, 'early')
    pair.a.association.connect(pair.now)
    const start = pair.now
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.equal(pair.now - start, 30)
    pair.runUntil(() => pair.a.association.state === 'established')
    assert.equal(pair.now - start, 40)
  })
})

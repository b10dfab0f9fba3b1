import assert from 'node:assert/strict'
import { giveMemoryBack, takeMemory } from '../../src/node/send-memory.ts'

describe('memory for messages', () => {
  it('has the length that was asked for, and is used again once it was given back', () => {
    const first = takeMemory(70_000)
    assert.equal(first.length, 70_000)
    assert.notEqual(takeMemory(70_000).buffer, first.buffer)
    giveMemoryBack(first)
    const second = takeMemory(100_000)
    assert.equal(second.length, 100_000)
    assert.equal(second.buffer, first.buffer)
  })

  it('takes nothing that is not its own: Buffers share theirs with others', () => {
    const text = Buffer.from('x'.repeat(4096))
    giveMemoryBack(text)
    giveMemoryBack(new Uint8Array(4096))
    const small = takeMemory(100)
    giveMemoryBack(small)
    for (let count = 0; count < 8; count++) assert.notEqual(takeMemory(4096).buffer, text.buffer)
    assert.notEqual(takeMemory(100).buffer, small.buffer)
  })

  it('keeps no more than 2 MiB', () => {
    const pieces = Array.from({ length: 20 }, () => takeMemory(262_144))
    for (const piece of pieces) giveMemoryBack(piece)
    const known = new Set(pieces.map(({ buffer }) => buffer))
    const again = pieces.map(() => takeMemory(262_144))
    assert.ok(again.filter(({ buffer }) => known.has(buffer)).length <= 8)
  })
})

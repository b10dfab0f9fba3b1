import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SetDigest } from '../src/presence/fingerprint.ts'
import { instanceAt, knownOf, TestTable } from './support/presence-room.ts'

describe('presence table', () => {
  it('discovers a member at its first record', () => {
    const table = new TestTable()
    const said = { addresses: [Uint8Array.of(4)], introducers: [], settled: 3 }
    assert.equal(table.hear('a', said, 5), 'accepted')
    const [discovered] = table.drain()
    assert.equal(discovered?.type, 'discovered')
    assert.equal(table.get('a')?.heardAt, 5)
    assert.deepEqual(table.get('a')?.addresses, [Uint8Array.of(4)])
    assert.equal(table.get('a')?.settled, 3)
  })

  it('takes only what is newer: sequence within an instance, start time between instances', () => {
    const table = new TestTable()
    const hear = (startMs: number, sequence: number) =>
      table.hear('a', { instance: instanceAt(startMs), sequence })
    assert.equal(hear(10, 5), 'accepted')
    assert.equal(hear(10, 5), 'stale')
    assert.equal(hear(10, 4), 'stale')
    assert.equal(hear(9, 6), 'stale')
    assert.equal(hear(10, 6), 'renewed')
    assert.equal(hear(11, 1), 'accepted')
    const updates = table.drain().filter((output) => output.type === 'updated')
    assert.deepEqual(
      updates.map(({ restarted }) => restarted),
      [false, true]
    )
  })

  it('tells a renewal from news by what the record says', () => {
    const table = new TestTable()
    table.hear('a', { sequence: 1, services: ['stun'] })
    assert.equal(table.hear('a', { sequence: 2, services: ['stun'], ttlMs: 90_000 }), 'renewed')
    assert.equal(table.hear('a', { sequence: 3, services: ['stun', 'turn'] }), 'accepted')
    assert.equal(table.hear('a', { sequence: 4, services: [], gone: true }), 'accepted')
  })

  it('lets a member leave by its goodbye and not come back by an old record', () => {
    const table = new TestTable()
    table.hear('a', { sequence: 1 }, 0)
    table.hear('a', { sequence: 3, gone: true }, 1)
    assert.equal(table.get('a'), undefined)
    assert.equal(table.hear('a', { sequence: 2 }, 2), 'stale')
    assert.equal(table.hear('a', { instance: instanceAt(2) }, 3), 'accepted')
    assert.deepEqual(
      table.drain().map(({ type }) => type),
      ['discovered', 'left', 'departed', 'discovered']
    )
  })

  it('tells of every goodbye that it takes, also of those whom it had no place for or has forgotten', () => {
    const table = new TestTable({ maxMembers: 1 })
    table.hear('a', { sequence: 1 }, 0)
    assert.equal(table.hear('b', { sequence: 1 }, 1), 'table-full')
    table.hear('b', { sequence: 2, gone: true }, 2)
    table.hear('b', { sequence: 2, gone: true }, 3)
    table.hear('a', { sequence: 2, gone: true }, 4)
    assert.deepEqual(
      table.drain().map((output) => [output.type, 'peerId' in output ? output.peerId : '']),
      [
        ['discovered', ''],
        ['departed', 'b'],
        ['left', ''],
        ['departed', 'a']
      ]
    )
  })

  it('lets a member come back to the room that it left, and nobody bring it back', () => {
    const table = new TestTable()
    table.hear('a', { sequence: 1 }, 0)
    table.hear('a', { sequence: 3, gone: true }, 1)
    assert.equal(table.hear('a', { sequence: 2 }, 2), 'stale')
    assert.equal(table.hear('a', { sequence: 4 }, 3), 'accepted')
    assert.equal(table.size, 1)
    table.hear('a', { sequence: 6, gone: true }, 4)
    // … nor when the goodbye itself has expired.
    table.handleTimeout(130_000)
    assert.equal(table.count, 0)
    assert.equal(table.hear('a', { sequence: 5 }, 130_001), 'stale')
    assert.equal(table.hear('a', { sequence: 7 }, 130_002), 'accepted')
  })

  it('forgets no goodbye for goodbyes of invented members, which it takes at a bounded rate', () => {
    const table = new TestTable()
    table.hear('a', { sequence: 1, ttlMs: 3_600_000 }, 0)
    table.hear('a', { sequence: 3, gone: true, ttlMs: 3_600_000 }, 1)
    const takenIn = (from: number, pauseMs: number): number => {
      let taken = 0
      for (let i = 0; i < 2_100; i++) {
        const said = { gone: true, ttlMs: 3_600_000 }
        if (table.hear(`invented${from + i}`, said, from + i * pauseMs) === 'accepted') taken++
      }
      return taken
    }
    const taken = takenIn(10, 1)
    assert.ok(taken >= 1_000 && taken <= 1_024 + 1_100 / 50 + 1, String(taken))
    // … nor for those that come as slowly as it takes them.
    assert.equal(takenIn(10_000, 60), 2_100)
    assert.equal(table.count, 1_024)
    assert.equal(table.hear('a', { sequence: 2 }, 200_000), 'stale')
    assert.equal(table.entry('a')?.known.record.gone, true)
  })

  it('remembers who was here and has gone, whoever else is said to have gone', () => {
    const table = new TestTable()
    table.hear('a', { sequence: 2 }, 0)
    table.handleTimeout(130_000)
    for (let i = 0; i < 2_100; i++) {
      table.hear(`invented${i}`, { gone: true, ttlMs: 10_000 }, 130_000 + i * 60)
      table.handleTimeout(130_000 + i * 60)
    }
    table.handleTimeout(300_000)
    assert.equal(table.hear('a', { sequence: 1 }, 300_001), 'stale')
  })

  it('slows a member down that comes and goes', () => {
    const table = new TestTable()
    for (let sequence = 1; sequence <= 1_000; sequence++) {
      table.hear('a', { sequence, gone: sequence % 2 === 0 }, 10 * sequence)
    }
    const returns = table.drain().filter(({ type }) => type === 'discovered').length
    assert.ok(returns >= 8 && returns <= 29, String(returns))
  })

  it('lets a member expire whose record is not renewed', () => {
    const table = new TestTable()
    table.hear('a', { ttlMs: 30_000 })
    table.hear('b', { ttlMs: 90_000 })
    assert.equal(table.pollTimeout(), 30_000)
    table.handleTimeout(30_000)
    const left = table.drain().filter((output) => output.type === 'left')
    assert.deepEqual(
      left.map(({ member, reason }) => [member.peerId, reason]),
      [['a', 'expired']]
    )
    assert.equal(table.size, 1)
  })

  it('lets a record expire for everybody at the same time, however often it is passed on', () => {
    const table = new TestTable()
    table.hear('a', { ttlMs: 60_000 }, 10, { remainingMs: 20_000 })
    assert.equal(table.get('a')?.expiresAt, 20_010)
    table.hear('b', { ttlMs: 60_000 }, 10, { remainingMs: 86_400_000 })
    assert.equal(table.get('b')?.expiresAt, 60_010)
    assert.equal(table.hear('c', {}, 10, { remainingMs: 0 }), 'stale')
    table.handleTimeout(20_010)
    assert.equal(table.hear('a', { ttlMs: 60_000 }, 20_011), 'stale')
  })

  it('takes a record back by the word of another neighbour, where one had cut its time short', () => {
    const table = new TestTable()
    table.hear('a', { ttlMs: 60_000 }, 10, { neighbour: 'liar', remainingMs: 5_000 })
    table.handleTimeout(5_010)
    assert.equal(table.get('a'), undefined)
    const again = (neighbour: string, remainingMs: number): string =>
      table.hear('a', { ttlMs: 60_000 }, 5_020, { neighbour, remainingMs })
    assert.equal(again('liar', 50_000), 'stale', 'it could do so again and again')
    assert.equal(again('honest', 8_000), 'stale', 'tables end a few seconds apart')
    assert.equal(again('honest', 60_000), 'accepted')
    assert.equal(table.get('a')?.expiresAt, 60_010)
    assert.deepEqual(
      table.drain().map(({ type }) => type),
      ['discovered', 'left', 'discovered']
    )
  })

  it('lets a record count for longer while it is held, where another neighbour says so', () => {
    const table = new TestTable()
    table.hear('a', { ttlMs: 60_000 }, 10, { neighbour: 'liar', remainingMs: 5_000 })
    assert.equal(table.hear('a', { ttlMs: 60_000 }, 20, { neighbour: 'b', remainingMs: 40_000 }), 'renewed')
    assert.equal(table.hear('a', { ttlMs: 60_000 }, 30, { neighbour: 'b', remainingMs: 45_000 }), 'stale')
    assert.equal(table.get('a')?.expiresAt, 40_020)
    assert.equal(table.count, 1)
  })

  it('keeps a record by the word of an honest neighbour, and never past its time, whoever lies of it', () => {
    const word = fc.record({
      wait: fc.nat(20_000),
      neighbour: fc.constantFrom('liar1', 'liar2', 'liar3'),
      remainingMs: fc.nat(200_000)
    })
    const ttlMs = 120_000
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.array(fc.nat(130_000)), (words, honestAt) => {
        const table = new TestTable()
        const events = honestAt.map((at) => ({ at, neighbour: 'honest', remainingMs: ttlMs - at }))
        let at = 0
        for (const { wait, neighbour, remainingMs } of words) {
          at += wait
          events.push({ at, neighbour, remainingMs })
        }
        let firstAt = Infinity
        for (const { at, neighbour, remainingMs } of events.sort((a, b) => a.at - b.at)) {
          table.handleTimeout(at)
          const verdict = table.hear('a', { ttlMs }, at, { neighbour, remainingMs: Math.max(0, remainingMs) })
          if (verdict !== 'stale') firstAt = Math.min(firstAt, at)
          const expiresAt = table.get('a')?.expiresAt ?? -Infinity
          assert.ok(expiresAt <= firstAt + ttlMs)
          // The honest neighbour's clock ends at the time to live, whatever was said before.
          if (neighbour === 'honest' && at < ttlMs - 80_000) assert.ok(expiresAt >= ttlMs - 20_000)
        }
        table.handleTimeout(firstAt + ttlMs)
        assert.equal(table.get('a'), undefined)
        for (const neighbour of ['liar1', 'new', 'honest']) {
          const remainingMs = ttlMs
          const isHeard = Number.isFinite(firstAt)
          const verdict = isHeard && table.hear('a', { ttlMs }, firstAt + ttlMs, { neighbour, remainingMs })
          assert.ok(!isHeard || verdict === 'stale')
        }
      })
    )
  })

  it('keeps the time to live between ten seconds and a day, whatever a record asks', () => {
    const table = new TestTable()
    table.hear('a', { ttlMs: 0 })
    table.hear('b', { ttlMs: 4_294_967_295_000 })
    assert.equal(table.get('a')?.expiresAt, 10_000)
    assert.equal(table.get('b')?.expiresAt, 86_400_000)
  })

  it('slows a member down that never stops announcing itself', () => {
    const table = new TestTable()
    let accepted = 0
    for (let sequence = 1; sequence <= 1_000; sequence++) {
      if (['accepted', 'renewed'].includes(table.hear('a', { sequence }, sequence))) accepted++
    }
    assert.ok(accepted >= 16 && accepted <= 20, String(accepted))
  })

  it('tells when a newer process uses our peer ID, and only then', () => {
    const table = new TestTable({ instance: instanceAt(10) })
    assert.equal(table.hear('local', { instance: instanceAt(9) }), 'own')
    assert.equal(table.hear('local', { instance: instanceAt(10), sequence: 9 }), 'own')
    assert.equal(table.hear('local', { instance: instanceAt(11), gone: true }), 'own')
    assert.deepEqual(table.drain(), [])
    table.hear('local', { instance: instanceAt(11) })
    assert.deepEqual(table.drain(), [{ type: 'superseded', instance: instanceAt(11) }])
  })

  it('counts our own record among those it holds, and not among the members', () => {
    const table = new TestTable()
    table.setOwn(knownOf('local'), 0)
    table.hear('a')
    assert.deepEqual([table.count, table.size, [...table.members()].length], [2, 1, 1])
    assert.equal(table.get('local'), undefined)
    table.handleTimeout(500_000)
    assert.deepEqual([table.count, table.size], [1, 0])
    table.setOwn(knownOf('local', { sequence: 2, gone: true }), 500_000)
    assert.deepEqual([table.count, table.size], [1, 0])
  })

  describe('that is full', () => {
    it('takes nobody of whom a neighbour tells in passing', () => {
      const table = new TestTable({ maxMembers: 2 })
      table.hear('a')
      table.hear('b')
      assert.equal(table.hear('c'), 'table-full')
      assert.equal(table.hear('a', { sequence: 2 }), 'renewed')
      assert.equal(table.size, 2)
    })

    it('forgets somebody for who announces itself, and says so', () => {
      const table = new TestTable({ maxMembers: 2 })
      table.hear('a')
      table.hear('b')
      table.drain()
      assert.equal(table.hear('c', {}, 0, { makesRoom: true }), 'accepted')
      assert.deepEqual(
        table.drain().map((output) => (output.type === 'left' ? output.reason : output.type)),
        ['forgotten', 'discovered']
      )
      assert.ok(table.get('c') !== undefined)
      assert.equal(table.size, 2)
    })

    it('forgets those first of whom a flooding neighbour told, and no neighbours', () => {
      const table = new TestTable({ maxMembers: 20, neighbours: () => new Set(['flood0']) })
      for (let i = 0; i < 5; i++) table.hear(`honest${i}`, {}, 0, { neighbour: `n${i}` })
      for (let i = 0; i < 200; i++) {
        table.hear(`flood${i}`, {}, i * 1_000, { neighbour: 'flooder', makesRoom: true })
      }
      const left = [...table.members()].map(({ peerId }) => peerId)
      assert.equal(left.filter((peerId) => peerId.startsWith('honest')).length, 5)
      assert.ok(left.includes('flood0'))
    })

    it('does so at a bounded rate', () => {
      const table = new TestTable({ maxMembers: 10 })
      let taken = 0
      for (let i = 0; i < 1_000; i++) {
        if (table.hear(`m${i}`, {}, i, { makesRoom: true }) === 'accepted') taken++
      }
      assert.ok(taken <= 10 + 20, String(taken))
    })
  })

  it('takes any order of records and times without losing its bounds or its digests', () => {
    const input = fc.record({
      peer: fc.integer({ min: 0, max: 20 }).map(String),
      startMs: fc.integer({ min: 0, max: 3 }),
      sequence: fc.integer({ min: 1, max: 10 }),
      ttlMs: fc.nat(100_000),
      gone: fc.boolean(),
      makesRoom: fc.boolean(),
      wait: fc.nat(20_000)
    })
    fc.assert(
      fc.property(fc.array(input, { maxLength: 100 }), (inputs) => {
        const table = new TestTable({ maxMembers: 5 })
        let now = 0
        const present = new Set<string>()
        for (const { peer, startMs, wait, makesRoom, ...rest } of inputs) {
          now += wait
          table.handleTimeout(now)
          table.hear(peer, { instance: instanceAt(startMs), ...rest }, now, { makesRoom })
          for (const output of table.drain()) {
            if (output.type === 'discovered') {
              assert.ok(!present.has(output.member.peerId))
              present.add(output.member.peerId)
            } else if (output.type === 'left') assert.ok(present.delete(output.member.peerId))
          }
          assert.ok(table.size <= 5)
          assert.deepEqual(new Set([...table.members()].map(({ peerId }) => peerId)), present)
          const all = [...table.fingerprintsByPart(3, () => true).values()].flat()
          assert.equal(all.length, table.count)
          const digest = new SetDigest()
          for (const fingerprint of all) digest.toggle(fingerprint)
          assert.equal(digest.toString(), table.recordsDigest)
        }
      })
    )
  })
})

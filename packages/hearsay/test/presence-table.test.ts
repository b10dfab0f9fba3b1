import assert from 'node:assert/strict'
import fc from 'fast-check'
import { drain, instanceAt, PresenceRoom, recordOf, tableOf } from './support/presence-room.ts'

describe('presence table', () => {
  describe('members', () => {
    it('discovers a member at its first record', () => {
      const table = tableOf()
      assert.equal(table.handleRecord('a', recordOf({ addresses: [Uint8Array.of(4)] }), 5), 'accepted')
      const [discovered] = drain(table)
      assert.equal(discovered?.type, 'discovered')
      assert.equal(table.get('a')?.heardAt, 5)
      assert.deepEqual(table.get('a')?.addresses, [Uint8Array.of(4)])
    })

    it('takes only what is newer: sequence within an instance, start time between instances', () => {
      const table = tableOf()
      const offer = (startMs: number, sequence: number) =>
        table.handleRecord('a', recordOf({ instance: instanceAt(startMs), sequence }), 0)
      assert.equal(offer(10, 5), 'accepted')
      assert.equal(offer(10, 5), 'stale')
      assert.equal(offer(10, 4), 'stale')
      assert.equal(offer(9, 6), 'stale')
      assert.equal(offer(10, 6), 'accepted')
      assert.equal(offer(11, 1), 'accepted')
      const updates = drain(table).filter((output) => output.type === 'updated')
      assert.deepEqual(
        updates.map(({ restarted }) => restarted),
        [false, true]
      )
    })

    it('lets a member leave by its goodbye and not come back by an old record', () => {
      const table = tableOf()
      table.handleRecord('a', recordOf({ sequence: 1 }), 0)
      table.handleRecord('a', recordOf({ sequence: 3, gone: true }), 1)
      assert.equal(table.get('a'), undefined)
      assert.equal(table.handleRecord('a', recordOf({ sequence: 2 }), 2), 'stale')
      assert.equal(table.handleRecord('a', recordOf({ instance: instanceAt(2) }), 3), 'accepted')
      assert.deepEqual(
        drain(table).map((output) => output.type),
        ['discovered', 'left', 'discovered']
      )
    })

    it('takes a goodbye for the last word of an instance, whatever it says after that', () => {
      const table = tableOf()
      table.handleRecord('a', recordOf({ sequence: 1 }), 0)
      table.handleRecord('a', recordOf({ sequence: 2, gone: true }), 1)
      assert.equal(table.handleRecord('a', recordOf({ sequence: 3, gone: true }), 2), 'stale')
      assert.equal(table.handleRecord('a', recordOf({ sequence: 4 }), 3), 'stale')
      assert.equal(table.size, 0)
    })

    it('lets a member expire whose record is not renewed', () => {
      const table = tableOf()
      table.handleRecord('a', recordOf({ ttlMs: 30_000 }), 0)
      table.handleRecord('b', recordOf({ ttlMs: 90_000 }), 0)
      assert.ok(table.pollTimeout() !== undefined)
      table.handleTimeout(30_000)
      const left = drain(table).filter((output) => output.type === 'left')
      assert.deepEqual(
        left.map(({ member, reason }) => [member.peerId, reason]),
        [['a', 'expired']]
      )
      assert.equal(table.size, 1)
    })

    it('keeps the time to live between ten seconds and an hour, whatever a record asks', () => {
      const table = tableOf()
      table.handleRecord('a', recordOf({ ttlMs: 0 }), 0)
      table.handleRecord('b', recordOf({ ttlMs: 4_294_967_295_000 }), 0)
      assert.equal(table.get('a')?.expiresAt, 10_000)
      assert.equal(table.get('b')?.expiresAt, 3_600_000)
    })

    it('holds no more members than it may', () => {
      const table = tableOf({ maxMembers: 2 })
      assert.equal(table.handleRecord('a', recordOf(), 0), 'accepted')
      assert.equal(table.handleRecord('b', recordOf(), 0), 'accepted')
      assert.equal(table.handleRecord('c', recordOf(), 0), 'table-full')
      assert.equal(table.size, 2)
    })

    it('slows a member down that never stops announcing itself', () => {
      const table = tableOf()
      let accepted = 0
      for (let sequence = 1; sequence <= 1_000; sequence++) {
        if (table.handleRecord('a', recordOf({ sequence }), sequence) === 'accepted') accepted++
      }
      assert.equal(accepted, 19)
    })

    it('tells when a newer process uses our peer ID, and only then', () => {
      const table = tableOf({ instance: instanceAt(10) })
      assert.equal(table.handleRecord('local', recordOf({ instance: instanceAt(9) }), 0), 'own')
      assert.equal(table.handleRecord('local', recordOf({ instance: instanceAt(10), sequence: 9 }), 0), 'own')
      assert.deepEqual(drain(table), [])
      table.handleRecord('local', recordOf({ instance: instanceAt(11) }), 0)
      assert.deepEqual(drain(table), [{ type: 'superseded', instance: instanceAt(11) }])
    })
  })

  describe('our own record', () => {
    it('is not published before anybody can hear it', () => {
      const table = tableOf()
      table.handleTimeout(1_000_000)
      assert.deepEqual(drain(table), [])
      assert.equal(table.pollTimeout(), undefined)
    })

    it('is published as soon as gossipsub can write to a new neighbour, then ever more rarely down to a third of its time to live', () => {
      const table = tableOf()
      table.handleChange(0)
      const times: number[] = []
      for (let now = table.pollTimeout()!; now < 1_000_000; now = table.pollTimeout()!) {
        table.handleTimeout(now)
        if (drain(table).length > 0) times.push(now)
      }
      assert.equal(times[0], 50)
      assert.ok(times[1] <= 1_300)
      const pauses = times.slice(8).map((time, index) => time - times[index + 7])
      assert.ok(
        pauses.every((pause) => pause >= 30_000 && pause <= 50_000),
        String(pauses)
      )
    })

    it('says goodbye once, and nothing after it', () => {
      const table = tableOf()
      table.handleChange(0)
      table.handleTimeout(50)
      table.handleClose(51)
      table.handleClose(52)
      table.handleChange(53)
      table.handleTimeout(1_000)
      assert.deepEqual(drain(table), [
        { type: 'publish', sequence: 1, gone: false },
        { type: 'publish', sequence: 2, gone: true }
      ])
    })

    it('says no goodbye where it never said hello', () => {
      const table = tableOf()
      table.handleClose(1)
      assert.deepEqual(drain(table), [])
    })

    it('answers a newcomer, and keeps a gap between two records', () => {
      const table = tableOf()
      table.handleChange(0)
      table.handleTimeout(50)
      table.handleRecord('a', recordOf(), 51)
      const due = table.pollTimeout()!
      assert.ok(due >= 300 && due <= 320, String(due))
    })

    it('is answered by a few members only where the room is large', () => {
      let answers = 0
      for (let i = 0; i < 200; i++) {
        const table = tableOf({ maxMembers: 2_000, random: () => ((i * 7919) % 200) / 200 })
        table.handleChange(0)
        table.handleTimeout(50)
        for (let member = 0; member < 199; member++) table.handleRecord(`m${member}`, recordOf(), 0)
        for (let now = table.pollTimeout()!; now < 100_000; now = table.pollTimeout()!)
          table.handleTimeout(now)
        const before = table.pollTimeout()
        table.handleRecord('newcomer', recordOf(), 100_000)
        if (table.pollTimeout() !== before) answers++
      }
      assert.ok(answers >= 8 && answers <= 32, String(answers))
    })
  })

  describe('a room', () => {
    it('knows everybody along a line within two seconds of the last link', () => {
      const room = new PresenceRoom(7)
      const names = Array.from({ length: 10 }, (_, index) => `p${index}`)
      for (const name of names) room.join(name)
      for (let i = 1; i < names.length; i++) room.link(names[i - 1], names[i])
      room.run(2_000)
      for (const name of names)
        assert.deepEqual(
          room.known(name),
          names.filter((other) => other !== name)
        )
    })

    it('knows everybody five seconds after the last link, in whatever order and at whatever times links come', () => {
      fc.assert(
        fc.property(
          fc.integer(),
          fc.integer({ min: 2, max: 8 }),
          fc.array(fc.nat(2_000), { minLength: 8, maxLength: 8 }),
          (seed, size, times) => {
            const room = new PresenceRoom(seed)
            const names = Array.from({ length: size }, (_, index) => `p${index}`)
            for (const name of names) room.join(name)
            const links = names
              .slice(1)
              .map((name, index) => ({ at: times[index], a: names[index], b: name }))
            for (const { at, a, b } of links.sort((x, y) => x.at - y.at)) {
              room.run(at)
              room.link(a, b)
            }
            room.run(room.now + 5_000)
            for (const name of names)
              assert.deepEqual(
                room.known(name),
                names.filter((other) => other !== name)
              )
          }
        ),
        { numRuns: 50 }
      )
    })

    it('makes good for lost records by repeating them', () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const room = new PresenceRoom(seed, 1 / 3)
          for (const name of ['a', 'b', 'c']) room.join(name)
          room.link('a', 'b')
          room.link('b', 'c')
          const heard = new Set<string>()
          for (let at = 0; at <= 600_000; at += 1_000) {
            room.run(at)
            for (const name of room.known('a')) heard.add(name)
          }
          assert.deepEqual([...heard].sort(), ['b', 'c'])
        }),
        { numRuns: 20 }
      )
    })

    it('is quiet once it is settled: three records a member and time to live', () => {
      const room = new PresenceRoom(3)
      const names = ['a', 'b', 'c', 'd', 'e']
      for (const name of names) room.join(name)
      for (let i = 1; i < names.length; i++) room.link(names[i - 1], names[i])
      room.run(300_000)
      const before = room.published
      room.run(300_000 + 120_000)
      assert.ok(room.published - before <= names.length * 5, String(room.published - before))
    })

    it('forgets a member that was killed', () => {
      const room = new PresenceRoom(5)
      for (const name of ['a', 'b', 'c']) room.join(name)
      room.link('a', 'b')
      room.link('a', 'c')
      room.run(10_000)
      room.kill('c')
      room.run(200_000)
      assert.deepEqual(room.known('a'), ['b'])
    })
  })

  it('takes any order of records and times without losing its bounds', () => {
    const input = fc.record({
      peer: fc.integer({ min: 0, max: 20 }).map(String),
      startMs: fc.integer({ min: 0, max: 3 }),
      sequence: fc.integer({ min: 1, max: 10 }),
      ttlMs: fc.nat(100_000),
      gone: fc.boolean(),
      wait: fc.nat(20_000)
    })
    fc.assert(
      fc.property(fc.array(input, { maxLength: 100 }), (inputs) => {
        const table = tableOf({ maxMembers: 5 })
        let now = 0
        const present = new Set<string>()
        for (const { peer, startMs, wait, ...rest } of inputs) {
          now += wait
          table.handleTimeout(now)
          table.handleRecord(peer, recordOf({ instance: instanceAt(startMs), ...rest }), now)
          for (const output of drain(table)) {
            if (output.type === 'discovered') {
              assert.ok(!present.has(output.member.peerId))
              present.add(output.member.peerId)
            } else if (output.type === 'left') assert.ok(present.delete(output.member.peerId))
          }
          assert.ok(table.size <= 5)
          assert.deepEqual(new Set([...table.members()].map(({ peerId }) => peerId)), present)
        }
      })
    )
  })
})

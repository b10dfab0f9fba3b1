import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PresenceSimulation } from '@hearsay/testing/presence'

/** Whether everybody holds the same records and so many members beside itself. */
function isOne(room: PresenceSimulation, others: number): boolean {
  const digests = new Set([...room.members.values()].map(({ core }) => core.table.membersDigest))
  return digests.size === 1 && [...room.members.values()].every(({ core }) => core.table.size === others)
}

function lineOf(room: PresenceSimulation, length: number): string[] {
  const names = Array.from({ length }, (_, index) => room.add(`m${index}`).peerId)
  for (let i = 1; i < length; i++) room.link(names[i], names[i - 1])
  return names
}

describe('presence of a room', function () {
  this.timeout(30_000)

  it('reaches everybody along a line that comes about at once', () => {
    const room = new PresenceSimulation({ seed: 1 })
    lineOf(room, 10)
    room.runUntil(() => isOne(room, 9), 5_000)
  })

  it('reaches everybody, in whatever order and at whatever times members and links come', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.record({ waitMs: fc.nat(3_000), to: fc.nat(), opens: fc.boolean() }), {
          minLength: 1,
          maxLength: 12
        }),
        (seed, joins) => {
          const room = new PresenceSimulation({ seed })
          room.add('m0')
          for (const [index, { waitMs, to, opens }] of joins.entries()) {
            const { peerId } = room.add(`m${index + 1}`)
            room.run(waitMs)
            const other = `m${to % (index + 1)}`
            if (opens) room.link(peerId, other)
            else room.link(other, peerId)
          }
          room.runUntil(() => isOne(room, joins.length), 6_000)
        }
      ),
      { numRuns: 30 }
    )
  })

  it('is known to a newcomer with two neighbours within two seconds, and it to all', () => {
    const room = new PresenceSimulation({ seed: 2 })
    const names = room.addSettled(300).map(({ peerId }) => peerId)
    room.linkAtRandom(names, 3)
    room.run(10_000)
    room.resetTraffic()
    const newcomer = room.add('newcomer')
    room.link('newcomer', names[7])
    room.link('newcomer', names[250])
    room.runUntil(() => newcomer.core.table.size === 300, 2_000)
    room.runUntil(() => isOne(room, 300), 2_000)
    // Each record once, though two neighbours offered it; the newcomer's once for each member; and a few renewals.
    assert.ok(room.traffic.verified <= 300 + 300 + 100, String(room.traffic.verified))
  })

  it('costs at most 50 bytes a second a member while nobody comes or goes, and nobody is lost', () => {
    const room = new PresenceSimulation({ seed: 3 })
    const names = room.addSettled(100).map(({ peerId }) => peerId)
    room.linkAtRandom(names, 3)
    room.run(120_000)
    room.resetTraffic()
    let lost = 0
    room.onOutput((_peerId, { type }) => {
      if (type === 'left') lost++
    })
    const seconds = 2 * 100 * 30
    room.run(seconds * 1_000)
    const perMember = room.traffic.bytes / 100 / seconds
    assert.ok(perMember <= 50, String(perMember))
    assert.equal(room.traffic.gossiped, 0)
    assert.equal(lost, 0)
  })

  it('stays known along a line while its records are renewed', () => {
    const room = new PresenceSimulation({ seed: 4, ttlMs: 30_000 })
    lineOf(room, 6)
    room.runUntil(() => isOne(room, 5), 5_000)
    let lost = 0
    room.onOutput((_peerId, { type }) => {
      if (type === 'left') lost++
    })
    room.run(20 * 150_000)
    assert.equal(lost, 0)
  })

  it('is one again after a partition, with what happened on both sides', () => {
    const room = new PresenceSimulation({ seed: 5 })
    const left = room.addSettled(120).map(({ peerId }) => peerId)
    const right = left.splice(60)
    room.linkAtRandom(left, 3)
    room.linkAtRandom(right, 3)
    room.run(5_000)
    for (const [side, name] of [
      [left, 'a'],
      [right, 'b']
    ] as const) {
      room.leave(side[1])
      room.kill(side[2])
      room.add(name)
      room.link(name, side[5])
    }
    room.run(600_000)
    room.link(left[10], right[10])
    // 120 were there, two said goodbye, two came; who was killed is not known to be dead yet.
    room.runUntil(() => isOneButKilled(room), 5_000)
    room.resetTraffic()
    room.run(60_000)
    assert.ok(room.traffic.bytes / 118 / 60 <= 100, String(room.traffic.bytes))

    function isOneButKilled(simulation: PresenceSimulation): boolean {
      const known = ['a', 'b']
      return [...simulation.members.values()].every(
        ({ peerId, core: { table } }) =>
          known.every((name) => name === peerId || table.get(name) !== undefined) &&
          table.get(left[1]) === undefined &&
          table.get(right[1]) === undefined
      )
    }
  })

  it('forgets a member that was killed, and does not hear of it again from a latecomer', () => {
    const room = new PresenceSimulation({ seed: 6 })
    const [, , last] = lineOf(room, 3)
    room.runUntil(() => isOne(room, 2), 5_000)
    room.kill(last)
    room.run(60_000)
    room.add('late')
    room.link('late', 'm0')
    room.runUntil(() => room.members.get('late')?.core.table.size === 3, 5_000)
    room.run(80_000)
    assert.ok(isOne(room, 2))
    room.run(600_000)
    assert.ok(isOne(room, 2))
  })

  it('takes a goodbye from a member to all, at once', () => {
    const room = new PresenceSimulation({ seed: 7 })
    const names = room.addSettled(60).map(({ peerId }) => peerId)
    room.linkAtRandom(names, 3)
    room.run(5_000)
    room.leave(names[30])
    room.runUntil(() => [...room.members.values()].every(({ core }) => core.table.size === 58), 3_000)
  })

  it('has a room larger than its tables, and is quiet', () => {
    const room = new PresenceSimulation({ seed: 8, maxMembers: 30 })
    const names = room.addSettled(100).map(({ peerId }) => peerId)
    room.linkAtRandom(names, 3)
    room.run(60_000)
    room.resetTraffic()
    room.run(600_000)
    assert.ok(room.traffic.bytes / 100 / 600 <= 250, String(room.traffic.bytes / 100 / 600))
    const newcomer = room.add('newcomer')
    room.link('newcomer', names[0])
    room.runUntil(() => newcomer.core.table.size === 30, 3_000)
    room.runUntil(
      () => [...room.members.values()].filter(({ core }) => core.table.get('newcomer')).length >= 90,
      3_000
    )
  })

  it('fetches little more than it has room for, where a goodbye makes room in full tables', () => {
    const room = new PresenceSimulation({ seed: 9, maxMembers: 50 })
    const names = room.addSettled(300).map(({ peerId }) => peerId)
    room.linkAtRandom(names, 3)
    room.run(120_000)
    room.resetTraffic()
    room.leave(names[7])
    room.run(60_000)
    assert.ok(room.traffic.verified <= 2_000, String(room.traffic.verified))
  })

  describe('with a second process of one identity', () => {
    it('tells the older of the newer over its own link, whoever of them has which neighbours', () => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 2, max: 12 }), fc.nat(), fc.nat(), (seed, size, a, b) => {
          const room = new PresenceSimulation({ seed })
          const names = lineOf(room, size)
          const told: string[] = []
          room.onOutput((peerId, output) => {
            if (output.type === 'superseded') told.push(peerId)
          })
          room.add('twin', { startedAtMs: 1_000 })
          room.link('twin', names[a % size])
          room.run(5_000)
          room.add('newer twin', { peerId: 'twin', startedAtMs: 2_000 })
          room.link('newer twin', names[b % size])
          room.runUntil(() => told.length > 0, 5_000)
          room.run(10_000)
          assert.deepEqual(told, ['twin'])
        }),
        { numRuns: 30 }
      )
    })
  })
})

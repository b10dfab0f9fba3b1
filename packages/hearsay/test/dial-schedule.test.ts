import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DialSchedule } from '../src/sessions/dial-schedule.ts'
import { seededRandom } from './support/seeded-random.ts'
import type { DialScheduleOptions, ScheduleOutput } from '../src/sessions/dial-schedule.ts'

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const REACHABLE = { isPassive: false, isReachable: true }

function scheduleOf(options: Partial<DialScheduleOptions> = {}): DialSchedule {
  return new DialSchedule({
    localPeer: 'm',
    compare,
    maxConnections: 100,
    random: seededRandom(1),
    ...options
  })
}

function outputs(schedule: DialSchedule, now: number): ScheduleOutput[] {
  schedule.handleTimeout(now)
  const found: ScheduleOutput[] = []
  for (let output = schedule.pollOutput(); output !== undefined; output = schedule.pollOutput())
    found.push(output)
  return found
}

function dials(schedule: DialSchedule, now: number): string[] {
  return outputs(schedule, now)
    .filter(({ type }) => type === 'dial')
    .map(({ peerId }) => peerId)
    .sort()
}

describe('dial schedule', () => {
  it('dials a higher peer at once and waits a moment for a lower one', () => {
    const schedule = scheduleOf()
    schedule.handleMember('z', REACHABLE, 0)
    schedule.handleMember('a', REACHABLE, 0)
    assert.deepEqual(dials(schedule, 0), ['z'])
    assert.equal(schedule.pollTimeout(), 1_500)
    assert.deepEqual(dials(schedule, 1_499), [])
    assert.deepEqual(dials(schedule, 1_500), ['a'])
  })

  it('does not wait for a lower peer that will not dial', () => {
    const schedule = scheduleOf()
    schedule.handleMember('a', { isPassive: true, isReachable: true }, 0)
    assert.deepEqual(dials(schedule, 0), ['a'])
    schedule.handleEnded('a', 'failed', 10)
    assert.ok(schedule.pollTimeout()! < 1_500)
  })

  it('does not wait for one either that turned out to have sessions enough, nor goes on doing so', () => {
    const schedule = scheduleOf()
    schedule.handleMember('a', REACHABLE, 0)
    schedule.handleConnected('a')
    schedule.handleMember('a', { isPassive: true, isReachable: true }, 10)
    schedule.handleEnded('a', 'ended', 10)
    assert.ok(schedule.pollTimeout()! < 1_500)
    schedule.handleMember('a', REACHABLE, 20)
    schedule.handleConnected('a')
    schedule.handleEnded('a', 'ended', 20)
    assert.ok(schedule.pollTimeout()! >= 1_500)
  })

  it('is full where it dials nobody more by itself, and would take more', () => {
    const schedule = scheduleOf({ maxConnections: 4 })
    const full = ['w', 'x', 'y'].map((peerId) => {
      schedule.handleConnected(peerId)
      return schedule.isFull
    })
    assert.deepEqual(full, [false, false, true])
    assert.equal(schedule.hasRoomFor('z'), true)
    schedule.handleEnded('w', 'ended', 0)
    assert.equal(schedule.isFull, false)
  })

  it('gives one that only the whole room could reach a moment to be reached otherwise', () => {
    const schedule = scheduleOf()
    schedule.handleMember('x', { isPassive: false, isReachable: false }, 0)
    schedule.handleMember('y', { isPassive: false, isReachable: false }, 0)
    schedule.handleMember('a', { isPassive: false, isReachable: false }, 0)
    assert.deepEqual(dials(schedule, 100), [])
    schedule.handleMember('x', REACHABLE, 100)
    schedule.handleMember('a', REACHABLE, 100)
    assert.deepEqual(dials(schedule, 100), ['x'])
    assert.deepEqual(dials(schedule, 749), [])
    assert.deepEqual(dials(schedule, 750), ['y'])
    assert.deepEqual(dials(schedule, 1_499), [], 'its turn has not come')
    assert.deepEqual(dials(schedule, 1_500), ['a'])
  })

  it('does not dial a peer whose offer came in the meantime, nor itself', () => {
    const schedule = scheduleOf()
    schedule.handleMember('a', REACHABLE, 0)
    schedule.handleMember('m', REACHABLE, 0)
    schedule.handleSession('a')
    assert.deepEqual(dials(schedule, 10_000), [])
    schedule.handleConnected('a')
    assert.deepEqual(dials(schedule, 20_000), [])
  })

  it('does not dial a member with whom there was a session before it was heard of', () => {
    const schedule = scheduleOf()
    schedule.handleSession('z')
    schedule.handleConnected('z')
    schedule.handleMember('z', REACHABLE, 0)
    assert.deepEqual(dials(schedule, 10_000), [])
  })

  it('tries again after failures, ever more rarely, up to a minute', () => {
    const schedule = scheduleOf()
    schedule.handleMember('z', REACHABLE, 0)
    const times: number[] = []
    for (let now = 0; now < 1_000_000; now = schedule.pollTimeout() ?? Number.POSITIVE_INFINITY) {
      for (const peer of dials(schedule, now)) {
        times.push(now)
        schedule.handleEnded(peer, 'failed', now)
      }
    }
    const pauses = times.slice(1).map((time, index) => time - times[index])
    assert.ok(pauses[0] >= 500 && pauses[0] <= 1_000, String(pauses[0]))
    assert.ok(
      pauses.slice(7).every((pause) => pause >= 30_000 && pause <= 60_000),
      String(pauses)
    )
  })

  it('leaves a peer alone for longer that refused', () => {
    const schedule = scheduleOf()
    schedule.handleMember('z', REACHABLE, 0)
    dials(schedule, 0)
    schedule.handleEnded('z', 'refused', 0)
    assert.ok(schedule.pollTimeout()! >= 7_500)
  })

  it('tries again soon when a refusing peer comes back as a new process', () => {
    const schedule = scheduleOf()
    schedule.handleMember('z', REACHABLE, 0)
    dials(schedule, 0)
    schedule.handleEnded('z', 'refused', 0)
    schedule.handleMemberRestarted('z', 10)
    assert.deepEqual(dials(schedule, 10), ['z'])
  })

  it('counts an end once that is told twice', () => {
    const [once, twice] = [scheduleOf(), scheduleOf()]
    for (const schedule of [once, twice]) {
      schedule.handleMember('z', REACHABLE, 0)
      dials(schedule, 0)
      schedule.handleEnded('z', 'displaced', 0)
    }
    twice.handleEnded('z', 'displaced', 0)
    assert.equal(twice.pollTimeout(), once.pollTimeout())
  })

  describe('for a member that nobody answers for', () => {
    function unanswered(schedule: DialSchedule, times: number): number {
      let now = 0
      for (let time = 0; time < times; time++) {
        now = schedule.pollTimeout() ?? now
        assert.deepEqual(dials(schedule, now), ['z'])
        schedule.handleEnded('z', 'unanswered', now)
      }
      return now
    }

    function lostSchedule(): [DialSchedule, number] {
      const schedule = scheduleOf()
      schedule.handleMember('z', REACHABLE, 0)
      const now = unanswered(schedule, 2)
      assert.deepEqual(outputs(schedule, now), [{ type: 'lost', peerId: 'z' }])
      return [schedule, now]
    }

    it('takes it for lost after the second dial, not after one', () => {
      const schedule = scheduleOf()
      schedule.handleMember('z', REACHABLE, 0)
      const now = unanswered(schedule, 1)
      assert.deepEqual([outputs(schedule, now), schedule.isLost('z')], [[], false])
      assert.ok(schedule.pollTimeout()! - now <= 1_000)
      assert.deepEqual([...schedule.lost], [])
      const [lost] = lostSchedule()
      assert.deepEqual([lost.isLost('z'), ...lost.lost], [true, 'z'])
    })

    it('goes on trying, ever more rarely, up to ten minutes', () => {
      const [schedule, lostAt] = lostSchedule()
      let now = lostAt
      const pauses = Array.from({ length: 8 }, () => {
        const before = now
        now = schedule.pollTimeout()!
        assert.deepEqual(outputs(schedule, now), [{ type: 'dial', peerId: 'z' }])
        schedule.handleEnded('z', 'unanswered', now)
        return now - before
      })
      assert.ok(pauses[0] >= 15_000, String(pauses))
      assert.ok(pauses[7] >= 300_000 && pauses[7] <= 600_000, String(pauses))
    })

    for (const [what, find] of [
      ['its record is renewed', (schedule, now) => schedule.handleMember('z', REACHABLE, now)],
      ['it turns out to be a neighbour', (schedule, now) => schedule.handleHeard('z', now)],
      ['it comes back as a new process', (schedule, now) => schedule.handleMemberRestarted('z', now)],
      [
        'it connects to us',
        (schedule) => {
          schedule.handleSession('z')
          schedule.handleConnected('z')
        }
      ],
      [
        'it refuses',
        (schedule, now) => {
          schedule.handleSession('z')
          schedule.handleEnded('z', 'refused', now)
        }
      ]
    ] as [string, (schedule: DialSchedule, now: number) => void][]) {
      it(`finds it again when ${what}`, () => {
        const [schedule, now] = lostSchedule()
        find(schedule, now + 5)
        assert.deepEqual(outputs(schedule, now + 5)[0], { type: 'found', peerId: 'z' })
        assert.deepEqual([schedule.isLost('z'), ...schedule.lost], [false])
      })
    }

    it('dials it at once when its record is renewed', () => {
      const [schedule, now] = lostSchedule()
      schedule.handleMember('z', REACHABLE, now + 5)
      assert.deepEqual(dials(schedule, now + 5), ['z'])
    })

    it('counts no dial that we gave up, or that found no path', () => {
      const schedule = scheduleOf()
      schedule.handleMember('z', REACHABLE, 0)
      for (let time = 0; time < 5; time++) {
        const now = schedule.pollTimeout()!
        assert.deepEqual(dials(schedule, now), ['z'])
        schedule.handleEnded('z', 'unasked', now)
      }
      assert.equal(schedule.isLost('z'), false)
    })

    it('does not let it stand in the ring for one that lives', () => {
      const schedule = scheduleOf({ maxConnections: 5 })
      schedule.handleMember('n', REACHABLE, 0)
      for (let now = 0; now < 20_000; now = schedule.pollTimeout() ?? 20_000) {
        if (dials(schedule, now).length > 0) schedule.handleEnded('n', 'unanswered', now)
      }
      assert.equal(schedule.isLost('n'), true)
      for (const peerId of 'opqrstuvwxz') schedule.handleMember(peerId, REACHABLE, 30_000)
      assert.deepEqual(dials(schedule, 30_000), ['o', 'p', 'x', 'z'], 'two after us, two before us')
    })

    it('forgets that with the member', () => {
      const [schedule, now] = lostSchedule()
      schedule.handleMemberLeft('z')
      assert.deepEqual([...schedule.lost], [])
      schedule.handleMember('z', REACHABLE, now)
      assert.equal(schedule.isLost('z'), false)
    })
  })

  it('connects again after a session that ended, the lower one first', () => {
    const schedule = scheduleOf()
    schedule.handleMember('a', REACHABLE, 0)
    schedule.handleConnected('a')
    schedule.handleEnded('a', 'ended', 0)
    assert.ok(schedule.pollTimeout()! >= 2_000)
  })

  it('keeps below the limit, counting sessions that others began', () => {
    const schedule = scheduleOf({ maxConnections: 2 })
    schedule.handleSession('other')
    schedule.handleMember('x', REACHABLE, 0)
    schedule.handleMember('y', REACHABLE, 0)
    assert.equal(dials(schedule, 0).length, 1)
    assert.equal(schedule.hasRoomFor('stranger'), false)
    assert.equal(schedule.hasRoomFor('other'), true)
    assert.equal(schedule.pollTimeout(), undefined)
    schedule.handleEnded('other', 'ended', 0)
    assert.equal(dials(schedule, 0).length, 1)
  })

  it('leaves room for dials that somebody asks for, and takes first whom the ring needs', () => {
    const schedule = scheduleOf({ maxConnections: 6 })
    for (const peerId of ['a', 'b', 'c', 'k', 'l', 'n', 'o', 'x', 'y', 'z'])
      schedule.handleMember(peerId, REACHABLE, 0)
    assert.deepEqual(
      dials(schedule, 10_000).filter((peerId) => 'klno'.includes(peerId)),
      ['k', 'l', 'n', 'o']
    )
    assert.deepEqual(dials(schedule, 20_000), [], 'one of the six is kept')
    assert.equal(schedule.hasRoomFor('asked for'), true)
  })

  it('orders a large room while it is heard of without comparing each with each', () => {
    let comparisons = 0
    const schedule = scheduleOf({
      compare: (a, b) => {
        comparisons++
        return compare(a, b)
      }
    })
    for (let i = 0; i < 1_000; i++) {
      schedule.handleMember(`z${(i * 617) % 1_000}`, REACHABLE, i)
      for (const peerId of dials(schedule, i)) schedule.handleConnected(peerId)
    }
    assert.ok(comparisons <= 40 * 1_000, String(comparisons))
  })

  it('has at most eight dials under way', () => {
    const schedule = scheduleOf()
    for (let i = 0; i < 20; i++) schedule.handleMember(`z${i}`, REACHABLE, 0)
    const first = dials(schedule, 0)
    assert.equal(first.length, 8)
    assert.equal(schedule.pollTimeout(), undefined)
    schedule.handleConnected(first[0])
    assert.equal(dials(schedule, 0).length, 1)
  })

  it('forgets a member that left', () => {
    const schedule = scheduleOf()
    schedule.handleMember('z', REACHABLE, 0)
    schedule.handleMemberLeft('z')
    assert.deepEqual(dials(schedule, 10_000), [])
  })

  it('dials its neighbours in the ring of each of its rooms first, where not all can be had', () => {
    const schedule = scheduleOf({ maxConnections: 9 })
    for (let i = 10; i < 99; i++) schedule.handleMember(`n${i}`, { ...REACHABLE, rooms: ['large'] }, 0)
    for (const peerId of ['q1', 'q2', 'z8', 'z9']) {
      schedule.handleMember(peerId, { ...REACHABLE, rooms: ['small'] }, 0)
    }
    assert.deepEqual(dials(schedule, 0), ['n10', 'n11', 'n97', 'n98', 'q1', 'q2', 'z8', 'z9'])
  })

  it('keeps its limits in any order of events, and dials nobody twice at a time', () => {
    const event = fc.record({
      type: fc.constantFrom('member', 'left', 'restarted', 'session', 'connected', 'ended'),
      peer: fc.integer({ min: 0, max: 9 }).map(String),
      wait: fc.nat(3_000)
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const schedule = scheduleOf({ maxConnections: 4, localPeer: '5' })
        const taken = new Set<string>()
        let now = 0
        for (const { type, peer, wait } of events) {
          now += wait
          if (type === 'member') schedule.handleMember(peer, REACHABLE, now)
          else if (type === 'left') schedule.handleMemberLeft(peer)
          else if (type === 'restarted') schedule.handleMemberRestarted(peer, now)
          else if (type === 'session' && schedule.hasRoomFor(peer)) {
            schedule.handleSession(peer)
            taken.add(peer)
          } else if (type === 'connected' && taken.has(peer)) schedule.handleConnected(peer)
          else if (type === 'ended' && taken.delete(peer)) schedule.handleEnded(peer, 'failed', now)
          for (const dialed of dials(schedule, now)) {
            assert.ok(!taken.has(dialed))
            taken.add(dialed)
          }
          assert.ok(taken.size <= 4)
        }
      })
    )
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SeededRandom } from '@hearsay/testing'
import { HOLD_MS, LINGER_MS, OWN_BURST, SETTLE_MS, WAIT_MS } from '../src/broadcast/broadcast-core.ts'
import { floodOf, INSTANCE, TestCore } from './support/floods.ts'
import { instanceAt } from './support/presence-room.ts'

const NEWER = instanceAt(2)

describe('the core of broadcasts', () => {
  describe('each at most once', () => {
    it('takes what comes by gossip once, whoever wraps it anew', () => {
      const core = new TestCore(['a', 'b'])
      assert.equal(core.flood('a', floodOf(1), 0), 'accepted')
      assert.equal(core.flood('a', floodOf(1), 1), 'duplicate')
      assert.equal(core.screen('a', floodOf(1), 1), 'duplicate')
      assert.equal(core.flood('b', floodOf(1), 2), 'accepted')
      assert.deepEqual(core.delivered, ['a 1', 'b 1'])
    })

    it('takes it over a session first, and not by gossip then; and the other way round', () => {
      const core = new TestCore(['a'])
      assert.equal(core.copy('a', 1, 0), true)
      assert.equal(core.flood('a', floodOf(1), 0), 'duplicate')
      assert.equal(core.flood('a', floodOf(2), 0), 'accepted')
      assert.equal(core.copy('a', 2, 0), false)
      assert.deepEqual(core.delivered, ['a 1', 'a 2'])
    })

    it('waits for the copy over a session, which keeps its order, and passes the flood on meanwhile', () => {
      const core = new TestCore(['a'])
      core.handleSession('a', true, 0)
      assert.equal(core.flood('a', floodOf(2), 0), 'accepted')
      assert.equal(core.flood('a', floodOf(2), 0), 'duplicate')
      assert.equal(core.copy('a', 1, 10), true)
      assert.equal(core.copy('a', 2, 20), true)
      core.advance(10 * HOLD_MS)
      assert.deepEqual(core.delivered, ['a 1', 'a 2'])
    })

    it('takes the flood where the session does not bring it: it began too late, or has ended', () => {
      const core = new TestCore(['a'])
      core.handleSession('a', true, 0)
      core.flood('a', floodOf(1), 0)
      core.advance(HOLD_MS - 1)
      assert.deepEqual(core.delivered, [])
      core.advance(HOLD_MS)
      assert.deepEqual(core.delivered, ['a 1'])
      core.flood('a', floodOf(2), HOLD_MS)
      core.handleSession('a', false, HOLD_MS)
      core.read()
      assert.deepEqual(core.delivered, ['a 1', 'a 2'])
      assert.equal(core.copy('a', 2, HOLD_MS), false)
    })

    it('holds no more than it may: the eldest is taken as it is', () => {
      const members = Array.from({ length: 20 }, (_, index) => `m${index}`)
      const core = new TestCore(members)
      for (const member of members) core.handleSession(member, true, 0)
      for (const member of members) for (let n = 1; n <= 15; n++) core.flood(member, floodOf(n), 0)
      assert.equal(core.delivered.length, 300 - 256)
      core.advance(HOLD_MS)
      assert.equal(new Set(core.delivered).size, 300)
    })

    it('in any order of floods, copies, sessions and time; and what has come is never lost', () => {
      const counter = fc.integer({ min: 1, max: 30 })
      const step = fc.oneof(
        fc.record({ type: fc.constant('flood' as const), counter }),
        fc.record({ type: fc.constant('copy' as const), counter }),
        fc.record({ type: fc.constant('session' as const), isUsable: fc.boolean() }),
        fc.record({ type: fc.constant('time' as const), ms: fc.nat(HOLD_MS) })
      )
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
          const core = new TestCore(['a'])
          const came = new Set<string>()
          let now = 0
          for (const each of steps) {
            if (each.type === 'time') core.advance((now += each.ms))
            else if (each.type === 'session') core.handleSession('a', each.isUsable, now)
            else {
              came.add(`a ${each.counter}`)
              if (each.type === 'flood') core.flood('a', floodOf(each.counter), now)
              else core.copy('a', each.counter, now)
            }
            core.read()
          }
          core.advance(now + HOLD_MS)
          assert.equal(core.delivered.length, new Set(core.delivered).size)
          assert.deepEqual(new Set(core.delivered), came)
          assert.equal(core.pollTimeout(), undefined)
        })
      )
    })

    it('in a room whose gossip reorders, repeats and loses, each member everything that reached it', () => {
      fc.assert(
        fc.property(fc.integer(), fc.boolean(), (seed, loses) => {
          simulateRoom(new SeededRandom(seed), loses ? 0.3 : 0)
        }),
        { numRuns: 60 }
      )
    })
  })

  describe('fresh, without clocks', () => {
    it('knows what is old by the origin’s presence, though it has never heard of it: a newcomer’s first floods', () => {
      const core = new TestCore()
      core.known.set('a', { instance: INSTANCE, settled: 7 })
      assert.equal(core.screen('a', floodOf(7), 0), 'stale')
      assert.equal(core.flood('a', floodOf(7), 0), 'stale')
      assert.equal(core.flood('a', floodOf(8), 0), 'accepted')
    })

    it('takes none of an earlier process, by presence or by what a later one has said', () => {
      const core = new TestCore()
      core.known.set('a', { instance: NEWER, settled: 0 })
      assert.equal(core.flood('a', floodOf(1), 0), 'stale')
      assert.equal(core.copy('b', 1, 0, NEWER), true)
      core.known.set('b', { instance: INSTANCE, settled: 0 })
      assert.equal(core.flood('b', floodOf(2), 0), 'stale')
      assert.equal(core.copy('b', 3, 0), false)
    })

    it('waits for presence to tell of a process, and takes no more than a few until then', () => {
      const core = new TestCore(['b'])
      assert.equal(core.flood('a', floodOf(1), 0), 'waits')
      assert.equal(core.flood('b', floodOf(1, NEWER), 0), 'waits')
      core.known.set('a', { instance: INSTANCE, settled: 0 })
      core.handleMember('a', 1)
      core.known.set('b', { instance: NEWER, settled: 1 })
      core.handleMember('b', 1)
      core.read()
      assert.deepEqual([...core.verdicts.values()], ['accepted', 'stale'])
      assert.deepEqual(core.delivered, ['a 1'])
      core.advance(10 * WAIT_MS)
      assert.equal(core.verdicts.size, 2)
    })

    it('drops what presence tells nothing of, in time for gossipsub to charge nobody', () => {
      const core = new TestCore()
      core.flood('a', floodOf(1), 0)
      core.advance(WAIT_MS - 1)
      assert.equal(core.verdicts.size, 0)
      core.advance(WAIT_MS)
      assert.deepEqual([...core.verdicts.values()], ['unknown'])
      assert.ok(WAIT_MS < 3_000)
    })

    it('lets one neighbour’s inventions keep nobody else waiting', () => {
      const core = new TestCore()
      for (let n = 1; n <= 1_000; n++) core.flood(`invented ${n}`, floodOf(n), 0, 'liar')
      assert.equal(core.flood('a', floodOf(1), 0, 'honest'), 'waits')
    })

    it('takes what a member said just before it left', () => {
      const core = new TestCore()
      core.handleLeft('a', { instance: INSTANCE, settled: 3 }, 0)
      assert.equal(core.flood('a', floodOf(3), 1), 'stale')
      assert.equal(core.flood('a', floodOf(4), LINGER_MS - 1), 'accepted')
      assert.equal(core.flood('a', floodOf(5), LINGER_MS), 'waits')
    })

    it('has its own memory alone where the room is larger than its table of it', () => {
      const core = new TestCore([], { isPartial: () => true })
      assert.equal(core.flood('a', floodOf(1), 0), 'accepted')
      assert.equal(core.flood('a', floodOf(1), 0), 'duplicate')
      assert.equal(core.flood('a', floodOf(1, NEWER), 0), 'accepted')
      assert.equal(core.flood('a', floodOf(2), 0), 'stale')
    })

    it('takes nothing of itself', () => {
      assert.equal(new TestCore(['local']).flood('local', floodOf(1), 0), 'own')
    })

    it('says which of its own are old: none before its time, all within twice that, and rarely', () => {
      const core = new TestCore()
      const madeAt: number[] = [0]
      let now = 0
      for (; now < 10 * SETTLE_MS; now += 1_000) {
        madeAt.push(now)
        core.handleFlooded(core.nextCounter(), now)
        const before = core.settled.at(-1) ?? 0
        core.advance(now)
        const settled = core.settled.at(-1) ?? 0
        assert.ok(settled >= before)
        assert.ok(settled === 0 || (madeAt[settled] ?? 0) <= now - SETTLE_MS)
        const oldest = madeAt[settled + 1] ?? now
        assert.ok(now - oldest <= 2 * SETTLE_MS)
      }
      assert.ok(core.settled.length <= 10)
      core.advance(now + 2 * SETTLE_MS)
      assert.equal(core.settled.at(-1), madeAt.length - 1)
      assert.equal(core.pollTimeout(), undefined)
    })

    it('counts a broadcast that was flooded late as old no sooner than the others', () => {
      const core = new TestCore()
      const [late, early] = [core.nextCounter(), core.nextCounter()]
      core.handleFlooded(early, 0)
      core.handleFlooded(late, 1)
      core.advance(2 * SETTLE_MS)
      assert.deepEqual(new Set(core.settled), new Set([early]))
    })
  })

  describe('bounds', () => {
    it('takes of one origin what it may say and no more, and of others as before', () => {
      const core = new TestCore(['loud', 'quiet'])
      const verdicts = Array.from({ length: 100 }, (_, n) => core.flood('loud', floodOf(n + 1), 0))
      assert.equal(verdicts.filter((verdict) => verdict === 'accepted').length, 32)
      assert.equal(verdicts.at(-1), 'too-often')
      assert.equal(core.flood('quiet', floodOf(1), 0), 'accepted')
      assert.equal(core.flood('loud', floodOf(101), 1_000), 'accepted')
    })

    it('gives a process that restarts no new allowance', () => {
      const core = new TestCore()
      let accepted = 0
      for (let n = 1; n <= 100; n++) {
        core.known.set('a', { instance: instanceAt(n), settled: 0 })
        if (core.flood('a', floodOf(1, instanceAt(n)), 0) === 'accepted') accepted++
      }
      assert.equal(accepted, 32)
    })

    it('takes of all together what the room bears', () => {
      const members = Array.from({ length: 90 }, (_, index) => `m${index}`)
      const core = new TestCore(members)
      const verdicts = members.flatMap((member) =>
        Array.from({ length: 10 }, (_, n) => core.flood(member, floodOf(n + 1), 0))
      )
      assert.equal(verdicts.filter((verdict) => verdict === 'accepted').length, 512)
      assert.equal(verdicts.at(-1), 'crowded')
    })

    it('opens for one neighbour no more than an honest one has', () => {
      const core = new TestCore()
      const opened = Array.from({ length: 5_000 }, () => core.allowsOpening('liar', 0))
      assert.equal(opened.filter(Boolean).length, 1_024)
      assert.ok(core.allowsOpening('honest', 0))
    })

    it('keeps account of no more members than it may', () => {
      const core = new TestCore([], { isPartial: () => true, maxOrigins: 10 })
      for (let n = 0; n < 100; n++) core.copy(`m${n}`, 1, 0)
      assert.equal(core.origins, 10)
    })

    it('floods itself no more than others take of it', () => {
      const core = new TestCore()
      const allowed = Array.from({ length: 100 }, () => core.allowsFlooding(0))
      assert.equal(allowed.filter(Boolean).length, OWN_BURST)
      assert.ok(core.allowsFlooding(1_000))
    })

    it('never throws, answers for every flood, and forgets what it held, whatever comes', () => {
      const origin = fc.nat(40).map((n) => `m${n}`)
      const flood = fc.record({ origin, counter: fc.maxSafeNat(), process: fc.nat(3), neighbour: fc.nat(3) })
      const step = fc.oneof(
        { weight: 9, arbitrary: flood.map((each) => ({ type: 'flood' as const, ...each })) },
        fc.record({
          type: fc.constant('copy' as const),
          origin,
          counter: fc.maxSafeNat(),
          process: fc.nat(3)
        }),
        fc.record({ type: fc.constant('member' as const), origin, process: fc.nat(3), settled: fc.nat() }),
        fc.record({ type: fc.constant('left' as const), origin, process: fc.nat(3), settled: fc.nat() }),
        fc.record({ type: fc.constant('session' as const), origin, isUsable: fc.boolean() }),
        fc.record({ type: fc.constant('time' as const), ms: fc.nat(WAIT_MS) })
      )
      fc.assert(
        fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), fc.boolean(), (steps, isPartial) => {
          const core = new TestCore(['m1', 'm2', 'm3'], { isPartial: () => isPartial, maxOrigins: 20 })
          let now = 0
          let floods = 0
          for (const each of steps) {
            if (each.type === 'time') core.advance((now += each.ms))
            else if (each.type === 'session') core.handleSession(each.origin, each.isUsable, now)
            else {
              const instance = instanceAt(each.process)
              if (each.type === 'copy') core.copy(each.origin, each.counter, now, instance)
              else if (each.type === 'flood') {
                floods++
                core.flood(each.origin, floodOf(each.counter, instance), now, String(each.neighbour))
              } else {
                const known = { instance, settled: each.settled }
                if (each.type === 'member') core.known.set(each.origin, known)
                else core.known.delete(each.origin)
                if (each.type === 'member') core.handleMember(each.origin, now)
                else core.handleLeft(each.origin, known, now)
              }
            }
            core.read()
            assert.ok(core.origins <= 20)
          }
          core.advance(now + WAIT_MS + HOLD_MS)
          assert.equal(core.verdicts.size, floods)
          assert.equal(core.pollTimeout(), undefined)
        })
      )
    })

    it('leaves nothing waiting when it ends', () => {
      const core = new TestCore(['b'])
      core.handleSession('b', true, 0)
      core.flood('a', floodOf(1), 0)
      core.flood('b', floodOf(1), 0)
      core.handleFlooded(core.nextCounter(), 0)
      core.handleClose()
      core.read()
      assert.deepEqual([...core.verdicts.values()], ['accepted', 'unknown'])
      assert.equal(core.pollTimeout(), undefined)
      assert.deepEqual(core.delivered, [])
    })
  })
})

interface Packet {
  readonly at: number
  readonly from: string
  readonly to: string
  readonly origin: string
  readonly counter: number
}

/**
 * Six members that know each other, links at random between them, sessions that come and go: each says something now
 * and then. What a member accepts it passes on, as gossipsub does; copies go over sessions and are never lost.
 */
function simulateRoom(random: SeededRandom, loss: number): void {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const cores = new Map(names.map((name) => [name, new TestCore(names, { localPeer: name })]))
  const neighbours = new Map(
    names.map((name, index) => [name, [names[(index + 1) % 6], names[(index + 5) % 6], random.pick(names)]])
  )
  const coreOf = (name: string): TestCore => cores.get(name) ?? assert.fail()
  const packets: Packet[] = []
  const pass = (packet: Omit<Packet, 'from' | 'to' | 'at'>, from: string, now: number): void => {
    for (const to of neighbours.get(from) ?? []) {
      if (to === undefined || random.chance(loss)) continue
      const copies = random.chance(0.2) ? 2 : 1
      for (let n = 0; n < copies; n++) packets.push({ ...packet, from, to, at: now + random.integer(1, 400) })
    }
  }
  const reached = new Map(names.map((name) => [name, new Set<string>()]))
  let now = 0
  for (let round = 0; round < 20; round++) {
    now += random.integer(1, 300)
    const [from, other] = [random.pick(names), random.pick(names)]
    const isUsable = random.chance(0.5)
    coreOf(from).handleSession(other, isUsable, now)
    coreOf(other).handleSession(from, isUsable, now)
    const counter = coreOf(from).nextCounter()
    for (const to of names) {
      if (to === from || !random.chance(0.3)) continue
      coreOf(to).copy(from, counter, now)
      reached.get(to)?.add(`${from} ${counter}`)
    }
    pass({ origin: from, counter }, from, now)
    deliver(now)
  }
  deliver(now + 60_000)
  for (const name of names) {
    const core = coreOf(name)
    core.advance(now + 60_000)
    assert.equal(core.delivered.length, new Set(core.delivered).size, `${name} has something twice`)
    assert.deepEqual(new Set(core.delivered), reached.get(name))
  }

  function deliver(until: number): void {
    for (;;) {
      packets.sort((a, b) => a.at - b.at)
      const [packet] = packets
      if (packet === undefined || packet.at > until) return
      packets.shift()
      const { at, from, to, origin, counter } = packet
      const core = coreOf(to)
      core.advance(at)
      const verdict = core.flood(origin, floodOf(counter), at, from)
      if (origin !== to) reached.get(to)?.add(`${origin} ${counter}`)
      if (verdict === 'accepted') pass({ origin, counter }, to, at)
    }
  }
}

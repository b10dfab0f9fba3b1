import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PresenceSimulation } from '@hearsay/testing/presence'
import { decodeFrame, encodeFrame } from '../src/presence/exchange-frame.ts'
import { PresenceCore } from '../src/presence/presence-core.ts'
import { drain, instanceAt, knownOf } from './support/presence-room.ts'
import { seededRandom } from './support/seeded-random.ts'
import type { ExchangeFrame } from '../src/presence/exchange-frame.ts'
import type { PresenceCoreOptions, PresenceOutput } from '../src/presence/presence-core.ts'
import type { KnownRecord } from '../src/presence/known-record.ts'

function coreOf(options: Partial<PresenceCoreOptions> = {}): PresenceCore {
  return new PresenceCore({
    localPeer: 'local',
    instance: instanceAt(10),
    random: seededRandom(1),
    ttlMs: 120_000,
    maxMembers: 100,
    ...options
  })
}

/** A core that has said who it is. */
function settledCore(options: Partial<PresenceCoreOptions> = {}): PresenceCore {
  const core = coreOf(options)
  core.handleChange(0)
  core.handleTimeout(50)
  core.handleSealed(knownOf('local', { instance: instanceAt(10) }), 50)
  all(core)
  return core
}

function all(core: PresenceCore): PresenceOutput[] {
  return [...drain(core)]
}

function typesOf(core: PresenceCore): string[] {
  return all(core).map(({ type }) => type)
}

/** What goes to a neighbour. */
function sentTo(core: PresenceCore, link: string): ExchangeFrame[] {
  return all(core).flatMap((output) => {
    if (output.type !== 'send' || output.link !== link) return []
    const frame = decodeFrame(output.frame)
    assert.ok(frame !== undefined)
    return [frame]
  })
}

function recordsFrame(...records: KnownRecord[]): Uint8Array {
  const held = records.map(({ sealed }) => ({ sealed, remainingMs: 60_000 }))
  return encodeFrame({ type: 'records', held, absent: [] })
}

function digestFrame(news: readonly string[]): Uint8Array {
  const none = '0000000000000000'
  return encodeFrame({ type: 'digest', records: none, members: none, count: news.length, news })
}

describe('presence core', () => {
  describe('our own record', () => {
    it('is sealed once for what changes at the same time, and renewed after two thirds of its time to live', () => {
      const core = coreOf()
      core.handleChange(0)
      core.handleChange(20)
      const times: number[] = []
      for (let now = core.pollTimeout()!; now < 1_000_000; now = core.pollTimeout()!) {
        core.handleTimeout(now)
        for (const output of all(core)) {
          assert.deepEqual(output, { type: 'seal', sequence: times.length + 1, ttlMs: 120_000, gone: false })
          times.push(now)
        }
      }
      assert.equal(times[0], 50)
      for (const [index, time] of times.slice(1).entries()) {
        const pause = time - times[index]
        assert.ok(pause >= 70_000 && pause <= 90_000, String(pause))
      }
    })

    it('counts for longer in a large room', () => {
      const core = coreOf()
      for (let i = 0; i < 40; i++) core.handlePublished(knownOf(`m${i}`), 'neighbour', 0)
      all(core)
      core.handleChange(0)
      core.handleTimeout(50)
      assert.deepEqual(all(core), [{ type: 'seal', sequence: 1, ttlMs: 2_400_000, gone: false }])
    })

    it('is said to the whole room once, when somebody listens and it is sealed', () => {
      const core = coreOf()
      core.handleAudience(0)
      core.handleTimeout(50)
      assert.deepEqual(all(core), [])
      core.handleSealed(knownOf('local'), 60)
      core.handleTimeout(100)
      assert.deepEqual(typesOf(core), ['publish'])
      core.handleAudience(200)
      core.handleTimeout(10_000)
      assert.deepEqual(typesOf(core), [])
    })

    it('says goodbye once, and nothing after it', () => {
      const core = settledCore()
      core.handleClose()
      core.handleClose()
      core.handleChange(100)
      core.handleTimeout(100_000)
      assert.deepEqual(all(core), [{ type: 'seal', sequence: 2, ttlMs: 120_000, gone: true }])
    })

    it('says goodbye to the whole room where it has told nobody else of itself', () => {
      const core = settledCore()
      core.handleAudience(0)
      core.handleTimeout(50)
      assert.deepEqual(typesOf(core), ['publish'])
      core.handleClose()
      assert.deepEqual(typesOf(core), ['seal'])
      core.handleSealed(knownOf('local', { sequence: 2, gone: true }), 100)
      assert.deepEqual(typesOf(core), ['publish'])
      const silent = settledCore()
      silent.handleClose()
      all(silent)
      silent.handleSealed(knownOf('local', { sequence: 2, gone: true }), 100)
      assert.deepEqual(typesOf(silent), [])
    })

    it('says no goodbye where it never said hello', () => {
      const core = coreOf()
      core.handleClose()
      assert.deepEqual(all(core), [])
    })

    it('goes to a new neighbour at once, and when it changes', () => {
      const core = settledCore()
      core.handleLinkOpen('l', 'a', true, 100)
      assert.deepEqual(
        sentTo(core, 'l').map(({ type }) => type),
        ['records', 'digest']
      )
      core.handleSealed(knownOf('local', { sequence: 2, services: ['stun'] }), 200)
      assert.deepEqual(
        sentTo(core, 'l').map(({ type }) => type),
        ['records']
      )
      core.handleSealed(knownOf('local', { sequence: 3, services: ['stun'] }), 300)
      assert.deepEqual(sentTo(core, 'l'), [], 'a renewal has time')
    })
  })

  describe('what a neighbour has and we have not', () => {
    const [first, second] = [knownOf('m1'), knownOf('m2')]

    it('is asked for, and asked of one neighbour only', () => {
      const core = settledCore()
      for (const link of ['l1', 'l2']) core.handleLinkOpen(link, `of ${link}`, false, 100)
      all(core)
      core.handleFrame('l1', digestFrame([first.fingerprint, second.fingerprint]), 200)
      assert.deepEqual(sentTo(core, 'l1'), [
        { type: 'want', fingerprints: [first.fingerprint, second.fingerprint] }
      ])
      core.handleFrame('l2', digestFrame([first.fingerprint, second.fingerprint]), 210)
      assert.deepEqual(sentTo(core, 'l2'), [])
    })

    it('is asked of another where the first has gone, is silent or does not hold it any more', () => {
      for (const fail of [
        (core: PresenceCore) => {
          core.handleLinkClosed('l1', 300)
        },
        (core: PresenceCore) => {
          core.handleTimeout(5_300)
        },
        (core: PresenceCore) => {
          core.handleFrame('l1', encodeFrame({ type: 'records', held: [], absent: [first.fingerprint] }), 300)
        }
      ]) {
        const core = settledCore()
        for (const link of ['l1', 'l2']) core.handleLinkOpen(link, `of ${link}`, false, 100)
        for (const link of ['l1', 'l2']) core.handleFrame(link, digestFrame([first.fingerprint]), 200)
        all(core)
        fail(core)
        const wants = sentTo(core, 'l2').filter(({ type }) => type === 'want')
        assert.deepEqual(wants, [{ type: 'want', fingerprints: [first.fingerprint] }])
      }
    })

    it('is opened when it comes, and told to the other neighbours', () => {
      const core = settledCore()
      for (const link of ['l1', 'l2']) core.handleLinkOpen(link, `of ${link}`, false, 100)
      core.handleFrame('l1', digestFrame([first.fingerprint]), 200)
      all(core)
      core.handleFrame('l1', recordsFrame(first), 300)
      const [open] = all(core)
      assert.equal(open?.type, 'open')
      assert.equal(core.handleOpened(open.arrival, first, 300), 'accepted')
      assert.deepEqual(typesOf(core), ['discovered'])
      core.handleTimeout(400)
      const told = (link: string, outputs: PresenceOutput[]) =>
        outputs.some((output) => {
          if (output.type !== 'send' || output.link !== link) return false
          const frame = decodeFrame(output.frame)
          return frame?.type === 'digest' && frame.news.includes(first.fingerprint)
        })
      const outputs = all(core)
      assert.ok(told('l2', outputs))
      assert.ok(!told('l1', outputs))
    })

    it('is not fetched again where its version is not known, for which nobody is blamed', () => {
      const core = settledCore()
      core.handleLinkOpen('l', 'a', false, 100)
      core.handleFrame('l', digestFrame([first.fingerprint]), 200)
      core.handleFrame('l', recordsFrame(first), 300)
      const open = all(core).find(({ type }) => type === 'open')
      assert.ok(open?.type === 'open')
      core.handleForeign(open.arrival, 300)
      core.handleFrame('l', digestFrame([first.fingerprint]), 400)
      assert.deepEqual(all(core), [])
      core.handleFrame('l', digestFrame([second.fingerprint]), 500)
      assert.deepEqual(sentTo(core, 'l'), [{ type: 'want', fingerprints: [second.fingerprint] }])
    })

    it('is not fetched again once it came to nothing', () => {
      const core = settledCore()
      core.handlePublished(knownOf('m1', { sequence: 5 }), 'neighbour', 60)
      const old = knownOf('m1', { sequence: 4 })
      core.handleLinkOpen('l', 'a', false, 100)
      core.handleFrame('l', digestFrame([old.fingerprint]), 200)
      core.handleFrame('l', recordsFrame(old), 300)
      const open = all(core).find(({ type }) => type === 'open')
      assert.ok(open?.type === 'open')
      core.handleStale(open.arrival, 'm1', old.record, 300)
      all(core)
      core.handleFrame('l', digestFrame([old.fingerprint]), 400)
      assert.deepEqual(sentTo(core, 'l'), [])
    })
  })

  describe('a neighbour that lies of how long a record counts', () => {
    const record = knownOf('m1')

    function victim(): PresenceCore {
      const core = settledCore()
      for (const link of ['evil', 'honest']) core.handleLinkOpen(link, `of ${link}`, false, 100)
      all(core)
      return core
    }

    function give(core: PresenceCore, link: string, remainingMs: number, now: number): void {
      const held = [{ sealed: record.sealed, remainingMs }]
      core.handleFrame(link, encodeFrame({ type: 'records', held, absent: [] }), now)
      const open = all(core).find(({ type }) => type === 'open')
      assert.ok(open?.type === 'open')
      if (core.isNews('m1', record.record, open.arrival, now)) core.handleOpened(open.arrival, record, now)
      else core.handleStale(open.arrival, 'm1', record.record, now)
    }

    /** Whom it asks for the record. */
    function asked(core: PresenceCore): string[] {
      return all(core).flatMap((output) =>
        output.type === 'send' && decodeFrame(output.frame)?.type === 'want' ? [output.link] : []
      )
    }

    it('makes nobody leave for longer than it takes to hear of it from another', () => {
      const core = victim()
      core.handleFrame('evil', digestFrame([record.fingerprint]), 200)
      all(core)
      give(core, 'evil', 5_000, 200)
      core.handleTimeout(5_200)
      all(core)
      assert.equal(core.table.get('m1'), undefined)
      core.handleFrame('honest', digestFrame([record.fingerprint]), 5_300)
      assert.deepEqual(asked(core), ['honest'])
      give(core, 'honest', 110_000, 5_300)
      assert.equal(core.table.get('m1')?.expiresAt, 115_300)
    })

    it('keeps nobody else from telling, by saying that it does not count any more or by sending it unasked', () => {
      for (const isAsked of [true, false]) {
        const core = victim()
        if (isAsked) core.handleFrame('evil', digestFrame([record.fingerprint]), 200)
        all(core)
        give(core, 'evil', isAsked ? 0 : 100_000, 200)
        core.handleFrame('honest', digestFrame([record.fingerprint]), 300)
        assert.deepEqual(asked(core), ['honest'])
      }
    })

    it('is asked once before the others are, however often it offers the same', () => {
      const core = victim()
      for (const link of ['evil', 'honest']) {
        core.handleFrame(link, digestFrame([record.fingerprint]), 200)
      }
      assert.deepEqual(asked(core), ['evil'])
      core.handleFrame('evil', digestFrame([record.fingerprint]), 250)
      give(core, 'evil', 0, 300)
      assert.deepEqual(asked(core), ['honest'])
    })
  })

  it('hears again from honest neighbours of whom a liar had said that its record ends soon', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(20_000), (seed, remainingMs) => {
        const room = new PresenceSimulation({ seed })
        for (const name of ['a', 'b', 'x']) room.add(name)
        room.link('x', 'a')
        room.link('b', 'a')
        room.run(3_000)
        const known = room.members.get('a')?.core.table.entry('x')?.known
        assert.ok(known !== undefined)
        const victim = room.add('victim')
        const { fingerprint } = known
        const arrival = { link: 'evil', neighbour: 'evil', fingerprint, remainingMs, isAnswer: true }
        victim.core.handleOpened(arrival, known, room.now)
        room.link('victim', 'b')
        room.run(remainingMs)
        room.runUntil(() => victim.core.table.get('x') !== undefined, 15_000)
        room.run(20_000)
        assert.ok(victim.core.table.get('x') !== undefined)
        // It is told no longer than it is true.
        room.kill('x')
        room.run(130_000)
        for (const { core } of room.members.values()) assert.equal(core.table.get('x'), undefined)
      }),
      { numRuns: 20 }
    )
  })

  describe('a neighbour that keeps to no rule', () => {
    it('is let go when it sends what is no frame', () => {
      const core = settledCore()
      core.handleLinkOpen('l', 'a', false, 100)
      all(core)
      core.handleFrame('l', Uint8Array.of(1, 2, 3), 200)
      assert.deepEqual(typesOf(core), ['close'])
      core.handleFrame('l', digestFrame([]), 300)
      assert.deepEqual(all(core), [])
    })

    it('is let go when what it sends is no record', () => {
      const core = settledCore()
      const record = knownOf('a')
      core.handleLinkOpen('l', 'a', false, 100)
      all(core)
      core.handleFrame('l', recordsFrame(record), 200)
      const [open] = all(core)
      assert.equal(open?.type, 'open')
      core.handleUnsound(open.arrival, 200)
      assert.deepEqual(typesOf(core), ['close'])
    })

    it('is let go when it sends more than it is asked for', () => {
      const core = settledCore()
      core.handleLinkOpen('l', 'a', false, 100)
      all(core)
      core.handleFrame('l', recordsFrame(...Array.from({ length: 100 }, (_, i) => knownOf(`m${i}`))), 200)
      const types = typesOf(core)
      assert.equal(types.filter((type) => type === 'open').length, 16)
      assert.equal(types.at(-1), 'close')
    })

    it('brings in nobody else unasked', () => {
      const core = settledCore()
      core.handleLinkOpen('l', 'a', false, 100)
      all(core)
      const [itself, other] = [knownOf('a'), knownOf('m1')]
      core.handleFrame('l', recordsFrame(itself, other), 200)
      for (const output of all(core)) {
        assert.ok(output.type === 'open')
        const known = output.arrival.fingerprint === itself.fingerprint ? itself : other
        core.handleOpened(output.arrival, known, 200)
      }
      assert.deepEqual(
        [...core.table.members()].map(({ peerId }) => peerId),
        ['a']
      )
    })

    it('never makes it throw, nor grow beyond its bounds', () => {
      const prints = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }).map((numbers) => {
        return numbers.map((n) => n.toString(16).padStart(16, '0'))
      })
      const print = fc.integer({ min: 0, max: 50 }).map((n) => n.toString(16).padStart(16, '0'))
      const frame: fc.Arbitrary<ExchangeFrame> = fc.oneof(
        fc.record({
          type: fc.constant('digest' as const),
          records: print,
          members: print,
          count: fc.nat(2 ** 31),
          news: prints
        }),
        fc.record({
          type: fc.constant('compare' as const),
          parts: fc
            .constantFrom(8, 64, 4_096)
            .map((length) => Array.from({ length }, () => '00000000000000ff'))
        }),
        fc.record({
          type: fc.constant('list' as const),
          parts: fc.constantFrom(1, 8, 512).map((length) => new Uint8Array(length).fill(255)),
          fingerprints: prints
        }),
        fc.record({ type: fc.constant('want' as const), fingerprints: prints }),
        fc.record({
          type: fc.constant('records' as const),
          held: fc.array(
            fc.record({ sealed: fc.uint8Array({ maxLength: 40 }), remainingMs: fc.constant(9_000) }),
            { maxLength: 3 }
          ),
          absent: prints
        })
      )
      const input = fc.record({
        frame,
        wait: fc.nat(3_000),
        link: fc.constantFrom('l1', 'l2'),
        opened: fc.boolean()
      })
      fc.assert(
        fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
          const core = settledCore({ maxMembers: 5 })
          let now = 100
          core.handleLinkOpen('l1', 'a', true, now)
          core.handleLinkOpen('l2', 'b', false, now)
          for (const { frame, wait, link, opened } of inputs) {
            now += wait
            core.handleTimeout(now)
            core.handleFrame(link, encodeFrame(frame), now)
            for (const output of all(core)) {
              if (output.type !== 'open') continue
              if (opened) core.handleOpened(output.arrival, knownOf(`m${now % 9}`, { sequence: now }), now)
              else core.handleStale(output.arrival, 'a', knownOf('a').record, now)
            }
            assert.ok(core.table.size <= 5)
            assert.ok((core.pollTimeout() ?? 0) >= now - wait)
          }
        })
      )
    })
  })

  describe('what somebody recorded and sends again', () => {
    it('brings nobody back who said goodbye, not even for a newcomer', () => {
      const room = new PresenceSimulation({ seed: 1 })
      for (const name of ['a', 'b', 'c']) room.add(name)
      room.link('a', 'b')
      room.link('b', 'c')
      room.run(3_000)
      const recorded = room.members.get('a')?.core.table.entry('c')?.known
      assert.ok(recorded !== undefined)
      room.leave('c')
      room.run(3_000)
      const newcomer = room.add('newcomer')
      newcomer.core.handlePublished(recorded, 'liar', room.now)
      assert.ok(newcomer.core.table.get('c') !== undefined)
      room.link('newcomer', 'a')
      room.runUntil(() => newcomer.core.table.get('c') === undefined, 2_000)
      room.run(10_000)
      for (const { core } of room.members.values()) assert.equal(core.table.get('c'), undefined)
    })

    it('makes nobody older than it is', () => {
      const core = settledCore()
      core.handlePublished(knownOf('a', { sequence: 7, services: ['turn'] }), 'n', 100)
      assert.equal(core.handlePublished(knownOf('a', { sequence: 6 }), 'liar', 200), 'stale')
      assert.deepEqual(core.table.get('a')?.services, ['turn'])
    })

    it('counts for no longer than it did the first time, and not again', () => {
      const core = settledCore()
      const recorded = knownOf('a', { ttlMs: 30_000 })
      core.handlePublished(recorded, 'liar', 0)
      core.handleTimeout(30_000)
      assert.equal(core.table.get('a'), undefined)
      assert.equal(core.handlePublished(recorded, 'liar', 31_000), 'stale')
    })
  })

  it('tells of a newer process of ours once', () => {
    const core = settledCore()
    all(core)
    for (const link of ['l1', 'l2']) core.handleLinkOpen(link, `of ${link}`, false, 100)
    all(core)
    const newer = knownOf('local', { instance: instanceAt(11) })
    for (const link of ['l1', 'l2']) core.handleFrame(link, recordsFrame(newer), 200)
    for (const output of all(core)) {
      assert.ok(output.type === 'open')
      assert.equal(core.handleOpened(output.arrival, newer, 200), 'own')
    }
    assert.deepEqual(typesOf(core), ['superseded'])
  })
})

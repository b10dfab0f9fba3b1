import assert from 'node:assert/strict'
import fc from 'fast-check'
import { REPUBLISH_MS } from '../src/discovery/constants.ts'
import { PROVIDERS_WANTED, RoundPlanner } from '../src/discovery/round-planner.ts'
import { seededRandom } from './support/seeded-random.ts'
import type { RoomView, Round, RoundResult } from '../src/discovery/round-planner.ts'

const HOUR_MS = 3_600_000
const ALONE: RoomView = { neighbours: 0, members: 0 }
const NOBODY: RoundResult = { ok: true, found: 0 }

interface Begun {
  readonly round: Round
  readonly at: number
}

/** Rounds of that time, each ended at once. */
function rounds(
  planner: RoundPlanner,
  view: RoomView | ((now: number) => RoomView),
  { from = 0, until, result = NOBODY }: { from?: number; until: number; result?: RoundResult }
): Begun[] {
  const begun: Begun[] = []
  for (let at = from; at < until; at += 250) {
    const round = planner.poll(typeof view === 'function' ? view(at) : view, at)
    if (round === undefined) continue
    begun.push({ round, at })
    planner.handleDone(result, at)
  }
  return begun
}

const count = (begun: readonly Begun[], round: Round): number =>
  begun.filter((each) => each.round === round).length

describe('rounds through a directory', () => {
  it('look first, then provide at once where nobody was found, then look again within seconds', () => {
    const begun = rounds(new RoundPlanner(seededRandom(1)), ALONE, { until: 3_000 })
    assert.deepEqual(
      begun.slice(0, 2).map(({ round }) => round),
      ['seek', 'provide']
    )
    assert.ok(begun.some(({ round, at }) => round === 'seek' && at > 0 && at <= 1_000))
  })

  it('look ever more rarely while alone, but for ever', () => {
    const begun = rounds(new RoundPlanner(seededRandom(2)), ALONE, { until: HOUR_MS })
    const seeks = count(begun, 'seek')
    assert.ok(seeks >= 60 && seeks <= 130, String(seeks))
  })

  it('find each other however two begin: each provides before it looks a second time', () => {
    for (let seed = 0; seed < 50; seed++) {
      const planner = new RoundPlanner(seededRandom(seed))
      const begun = rounds(planner, ALONE, { until: 5_000 })
      const provided = begun.findIndex(({ round }) => round === 'provide')
      const soughtAgain = begun.findIndex(({ round }, index) => round === 'seek' && index > 0)
      assert.ok(provided >= 0 && provided < soughtAgain, `seed ${seed}`)
    }
  })

  it('are over soon once there is a neighbour, and begin at once when the last is lost', () => {
    const planner = new RoundPlanner(seededRandom(3))
    const lost = 600_000
    const begun = rounds(planner, (now) => ({ neighbours: now > 500 && now < lost ? 1 : 0, members: 1 }), {
      until: 620_000
    })
    const seeks = begun.filter(({ round }) => round === 'seek').map(({ at }) => at)
    const inRoom = seeks.filter((at) => at > 500 && at < lost)
    // Others that began with us may not have been there to be found.
    assert.deepEqual(inRoom, [2_750, 10_750, 60_750])
    assert.ok(seeks.includes(lost))
  })

  it('provide soon where all who were found are gone', () => {
    const begun = rounds(new RoundPlanner(seededRandom(9)), ALONE, {
      until: 5_000,
      result: { ok: true, found: 12 }
    })
    assert.equal(begun.find(({ round }) => round === 'provide')?.at, 2_000)
  })

  it('wait in the room until its size is known', () => {
    const planner = new RoundPlanner(seededRandom(4))
    const view = { neighbours: 1, members: 3 }
    const begun = rounds(planner, view, { until: 30_000, result: { ok: true, found: 2 } })
    assert.equal(begun.find(({ round }) => round === 'provide')?.at, 5_000)
  })

  it('keep the number of providers where it is wanted, whatever the size of the room', () => {
    for (const size of [2, 10, 100, 5_000]) {
      let live = 0
      for (let seed = 0; seed < size; seed++) {
        const planner = new RoundPlanner(seededRandom(seed))
        const view = { neighbours: 3, members: size - 1 }
        // One lot, when the room is known.
        live += count(rounds(planner, view, { until: 8_000 }), 'provide')
      }
      if (size <= PROVIDERS_WANTED) assert.equal(live, size)
      else assert.ok(live > PROVIDERS_WANTED / 3 && live < PROVIDERS_WANTED * 3, `${live} of ${size}`)
    }
  })

  it('provide again in half the life of a record, and look then for members who were cut off', () => {
    const planner = new RoundPlanner(seededRandom(5))
    const begun = rounds(planner, { neighbours: 2, members: 3 }, { from: 0, until: 4 * HOUR_MS })
    const provided = begun.filter(({ round }) => round === 'provide').map(({ at }) => at)
    assert.ok(provided.length >= 6, String(provided))
    for (const [index, at] of provided.slice(1).entries()) {
      assert.ok(at - provided[index] <= 1.25 * REPUBLISH_MS + 250)
    }
    assert.ok(count(begun, 'seek') >= provided.length)
  })

  it('provide within a minute where a large room has become a small one', () => {
    // A seed whose first lot is not to provide.
    const planner = new RoundPlanner(seededRandom(6))
    const large = { neighbours: 3, members: 10_000 }
    assert.equal(count(rounds(planner, large, { until: 60_000 }), 'provide'), 0)
    const small = rounds(planner, { neighbours: 2, members: 2 }, { from: 60_000, until: 121_000 })
    assert.equal(count(small, 'provide'), 1)
  })

  it('come again after a failure, ever more rarely, and without having provided', () => {
    const planner = new RoundPlanner(seededRandom(7))
    const begun = rounds(planner, ALONE, { until: HOUR_MS, result: { ok: false, found: 0 } })
    assert.equal(count(begun, 'provide'), 0)
    assert.ok(begun.length > 55 && begun.length < 140, String(begun.length))
    assert.ok(begun[1].at <= 1_000)
  })

  it('go on after a failure though the room was entered by other means', () => {
    const planner = new RoundPlanner(seededRandom(8))
    const view = { neighbours: 3, members: 3 }
    planner.poll(view, 0)
    planner.handleDone({ ok: false, found: 0 }, 0)
    const begun = rounds(planner, view, { from: 250, until: 60_000 })
    assert.deepEqual([...new Set(begun.map(({ round }) => round))].sort(), ['provide', 'seek'])
  })

  it('come one at a time, whatever happens', () => {
    const step = fc.record({
      wait: fc.nat(20_000),
      neighbours: fc.nat(3),
      members: fc.nat(40),
      end: fc.option(fc.record({ ok: fc.boolean(), found: fc.nat(3) }), { nil: undefined })
    })
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 200 }), (seed, steps) => {
        const planner = new RoundPlanner(seededRandom(seed))
        let now = 0
        let isRunning = false
        for (const { wait, neighbours, members, end } of steps) {
          now += wait
          const round = planner.poll({ neighbours, members }, now)
          assert.ok(round === undefined || !isRunning)
          isRunning ||= round !== undefined
          if (isRunning && end !== undefined) {
            planner.handleDone(end, now)
            isRunning = false
          }
        }
      })
    )
  })
})

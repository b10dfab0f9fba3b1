import assert from 'node:assert/strict'
import type { SignalingPath } from '../src/index.ts'
import { HandshakeSchedule } from '../src/scheduling/handshake-schedule.ts'
import { PathStats } from '../src/scheduling/path-stats.ts'
import { TransportSchedule } from '../src/scheduling/transport-schedule.ts'

interface TestPath extends SignalingPath {
  up: boolean
}

function path(name: string, cost: number, kind: SignalingPath['kind']): TestPath {
  return {
    name,
    cost,
    kind,
    up: true,
    reaches() {
      return this.up
    },
    send: () => Promise.resolve(),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve()
  }
}

/** When message 1 goes out, and where, as the schedule's own timeouts lead through time. */
function follow(schedule: HandshakeSchedule, endMs: number): string[] {
  const log: string[] = []
  for (let now = 0; now <= endMs; now = Math.max(now, schedule.pollTimeout())) {
    for (const { name } of schedule.pollOutput(now)) {
      log.push(`${now} ${name}`)
    }
    if (schedule.pollTimeout() <= now) {
      throw new Error(`the schedule asks to be called at ${now} again`)
    }
  }
  return log
}

describe('scheduling message 1', () => {
  const stats = new PathStats(10)
  let direct: TestPath
  let left: TestPath
  let right: TestPath
  let gossip: TestPath

  beforeEach(() => {
    direct = path('direct', 10, 'direct')
    left = path('left', 20, 'relayed')
    right = path('right', 20, 'relayed')
    gossip = path('gossip', 100, 'broadcast')
  })

  const schedule = (...paths: SignalingPath[]) => new HandshakeSchedule(paths, 'peer', stats, 0)

  it('uses two relayed paths at once, and others later', () => {
    assert.deepEqual(follow(schedule(gossip, right, left), 1300), [
      '0 right',
      '0 left',
      '400 right',
      '400 left',
      '1000 gossip',
      '1200 right',
      '1200 left'
    ])
  })

  it('gives a direct path, which nobody else is on, a moment before it bothers the room', () => {
    assert.deepEqual(follow(schedule(gossip, direct), 1300), [
      '0 direct',
      '400 direct',
      '500 gossip',
      '1200 direct'
    ])
  })

  it('hedges a direct path on a relayed one after two round trips', () => {
    assert.deepEqual(follow(schedule(left, direct), 350), ['0 direct', '300 left'])
  })

  it('bothers the room at once where there is nothing else, then rarely, then no more', () => {
    assert.deepEqual(follow(schedule(gossip), 60_000), [
      '0 gossip',
      '2000 gossip',
      '5000 gossip',
      '9000 gossip'
    ])
  })

  it('looks again for a path where there is none, and uses it when it comes', () => {
    direct.up = false
    const waiting = schedule(direct)
    assert.deepEqual(follow(waiting, 250), [])
    assert.equal(waiting.hasSent, false)
    direct.up = true
    assert.deepEqual(
      waiting.pollOutput(300).map(({ name }) => name),
      ['direct']
    )
  })

  it('tries again soon where a path took nothing', () => {
    const refused = schedule(gossip)
    refused.pollOutput(0)
    refused.failed('gossip', 0)
    assert.equal(refused.pollTimeout(), 100)
    assert.equal(refused.pollOutput(100).length, 1)
  })

  it('bothers the room at once where a direct path took nothing', () => {
    const refused = schedule(gossip, direct)
    refused.pollOutput(0)
    refused.failed('direct', 3)
    assert.deepEqual(
      refused.pollOutput(3).map(({ name }) => name),
      ['gossip']
    )
  })

  it('sends again when the other side gives a reason, but not in a frenzy', () => {
    const provoked = schedule(left)
    provoked.pollOutput(0)
    provoked.resend('left', 10)
    assert.equal(provoked.pollTimeout(), 200)
    provoked.pollOutput(200)
    provoked.resend('left', 210, 'at-once')
    assert.equal(provoked.pollTimeout(), 210)
  })
})

describe('scheduling packets', () => {
  it('takes the best path, hedges on the second, and goes back and forth after that', () => {
    const stats = new PathStats(10)
    const schedule = new TransportSchedule(
      [path('b', 20, 'relayed'), path('a', 10, 'direct')],
      'peer',
      stats,
      0
    )
    const plans = [0, 1, 2].map((attempt) => schedule.plan({ attempt }, 0))
    assert.deepEqual(
      plans.map(({ path: each, againAt }) => [each?.name, againAt]),
      [
        ['a', 300],
        ['b', 1200],
        ['a', 2400]
      ]
    )
  })

  it('measures round trips, and prefers a path that loses nothing', () => {
    const stats = new PathStats(10)
    const paths = [path('a', 10, 'direct'), path('b', 20, 'relayed')]
    for (let count = 0; count < 50; count++) {
      stats.succeeded('a', 'peer', 8)
    }
    const schedule = new TransportSchedule(paths, 'peer', stats, 0)
    assert.equal(schedule.plan({ attempt: 0 }, 0).againAt, 50)
    stats.failed('a', 'peer')
    assert.equal(schedule.plan({ attempt: 0 }, 0).path?.name, 'b')
    assert.deepEqual(
      stats.rank(paths, 'another peer').map(({ name }) => name),
      ['a', 'b']
    )
    stats.succeeded('a', 'peer', undefined)
    assert.equal(schedule.plan({ attempt: 0 }, 0).path?.name, 'a')
  })

  it('puts few packets on a path that everybody pays for', () => {
    const schedule = new TransportSchedule([path('gossip', 100, 'broadcast')], 'peer', new PathStats(10), 0)
    const sent: number[] = []
    for (let now = 0; now < 200_000; now += 100) {
      if (schedule.plan({ attempt: 0 }, now).path !== undefined) {
        sent.push(now)
      }
    }
    assert.deepEqual(sent.slice(0, 6), [0, 100, 200, 300, 2000, 4000])
    assert.equal(sent.length, 32)
  })

  it('leaves the room alone while any other path reaches the peer', () => {
    const direct = path('direct', 10, 'direct')
    const schedule = new TransportSchedule(
      [path('gossip', 100, 'broadcast'), direct],
      'peer',
      new PathStats(10),
      0
    )
    assert.deepEqual(
      [0, 1, 2, 3].map((attempt) => schedule.plan({ attempt }, 0).path?.name),
      ['direct', 'direct', 'direct', 'direct']
    )
    direct.up = false
    assert.equal(schedule.plan({ attempt: 0 }, 0).path?.name, 'gossip')
  })
})

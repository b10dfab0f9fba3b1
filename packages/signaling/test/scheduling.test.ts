import assert from 'node:assert/strict'
import type { Intermediary, SignalingPath } from '../src/index.ts'
import { HandshakeSchedule } from '../src/scheduling/handshake-schedule.ts'
import { lanesTo, type Lane } from '../src/scheduling/lane.ts'
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

/** A path with a lane through each of these. */
function introducers(...peers: string[]): TestPath & { known: Intermediary[] } {
  return {
    ...path('introducer', 20, 'relayed'),
    known: peers.map((peer) => ({ peer, isConnected: true })),
    intermediaries() {
      return this.known
    }
  }
}

const laneOf = (each: SignalingPath): Lane => lanesTo('peer', [each])[0]

/** When message 1 goes out, and where, as the schedule's own timeouts lead through time. */
function follow(schedule: HandshakeSchedule, endMs: number): string[] {
  const log: string[] = []
  for (let now = 0; now <= endMs; now = Math.max(now, schedule.pollTimeout())) {
    for (const { name } of schedule.pollOutput(now)) {
      log.push(`${Math.round(now)} ${name}`)
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
      '500 gossip',
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
    assert.deepEqual(follow(schedule(left, direct), 199), ['0 direct'])
    assert.deepEqual(follow(schedule(left, direct), 200), ['0 direct', '200 left'])
  })

  it('bothers the room at once where there is nothing else, then rarely, then no more', () => {
    assert.deepEqual(follow(schedule(gossip), 60_000), [
      '0 gossip',
      '2000 gossip',
      '5000 gossip',
      '9000 gossip'
    ])
  })

  it('uses two introducers at once, and a further one whenever those before it had time to answer', () => {
    assert.deepEqual(follow(schedule(gossip, introducers('a', 'b', 'c', 'd')), 799), [
      '0 introducer a',
      '0 introducer b',
      '50 introducer c',
      '100 introducer d',
      '400 introducer a',
      '400 introducer b',
      '450 introducer c',
      '500 introducer d',
      '500 gossip'
    ])
  })

  it('uses three where dials have shown that these, or most, lead nowhere, and two when they do again', () => {
    const path = introducers('a', 'b', 'c')
    const known = new PathStats(100)
    const atOnce = (peer: string) => new HandshakeSchedule([path], peer, known, 0).pollOutput(0).length
    const [a, b, c] = lanesTo('peer', [path])
    assert.equal(atOnce('peer'), 2, 'nothing is known')
    known.unanswered(b, 'peer')
    known.unanswered(c, 'peer')
    assert.deepEqual([atOnce('peer'), atOnce('another peer')], [3, 3])
    path.known = ['x', 'y', 'z'].map((peer) => ({ peer, isConnected: true }))
    assert.equal(atOnce('a third'), 3, 'of introducers that nobody has tried')
    for (let count = 0; count < 5; count++) known.answered(a, 'peer', 100)
    assert.equal(atOnce('a third'), 2)
  })

  it('asks again as soon as an answer is overdue where it has used three, of which two are answered', () => {
    const path = introducers('a', 'b', 'c')
    const bad = new PathStats(100)
    for (const lane of lanesTo('another peer', [path])) {
      bad.answered(lane, 'another peer', 80)
      bad.unanswered(lane, 'another peer')
    }
    assert.deepEqual(follow(new HandshakeSchedule([path], 'peer', bad, 0), 600), [
      '0 introducer a',
      '0 introducer b',
      '0 introducer c',
      '90 introducer a',
      '90 introducer b',
      '90 introducer c'
    ])
  })

  it('uses no more introducers than a dial may cost, however many the peer names', () => {
    const names = Array.from({ length: 20 }, (_, index) => `i${index}`)
    const used = new Set(follow(schedule(introducers(...names)), 10_000).map((entry) => entry.split(' ')[2]))
    assert.deepEqual([...used], names.slice(0, 6))
  })

  it('gives introducers that must be dialed the time that it takes', () => {
    const cold = introducers('a', 'b', 'c')
    cold.known = cold.known.map((each) => ({ ...each, isConnected: false }))
    assert.deepEqual(follow(schedule(gossip, cold), 1200), [
      '0 introducer a',
      '0 introducer b',
      '800 introducer c',
      '1150 introducer a',
      '1150 introducer b'
    ])
    cold.known = [{ peer: 'z', isConnected: true }, ...cold.known]
    assert.equal(follow(schedule(cold), 0)[0], '0 introducer z')
  })

  it('uses at once what is left where an introducer drops out', () => {
    const path = introducers('a', 'b', 'c')
    const dialing = schedule(path)
    dialing.pollOutput(0)
    path.known = path.known.slice(1)
    assert.deepEqual(
      dialing.pollOutput(30).map(({ name }) => name),
      ['introducer c']
    )
  })

  it('puts off a path whose intermediary is on another already', () => {
    const other = { ...introducers('a'), name: 'other', cost: 19 }
    assert.deepEqual(follow(schedule(introducers('a', 'b'), other), 300), [
      '0 other a',
      '0 introducer b',
      '50 introducer a'
    ])
  })

  it('knows on which other lanes an answer may still come, and until when', () => {
    const path = introducers('a', 'b', 'c', 'd')
    const dialing = new HandshakeSchedule([path, gossip], 'peer', new PathStats(100), 0)
    dialing.pollOutput(0)
    dialing.pollOutput(50)
    const [a] = lanesTo('peer', [path])
    const told = (now: number) =>
      dialing.awaited(a, now).map(({ lane, sentAt, until }) => [lane.via, sentAt, until])
    assert.deepEqual(told(120), [['b', 0, 240], ['c', 50, 290]]) // prettier-ignore
    dialing.pollOutput(400)
    // Nobody knows which of two sendings is answered, so what is assumed of the RTT counts.
    assert.deepEqual(told(410).slice(0, 1), [['b', 400, 600]])
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
    refused.failed(laneOf(gossip), 0)
    assert.equal(refused.pollTimeout(), 100)
    assert.equal(refused.pollOutput(100).length, 1)
  })

  it('bothers the room at once where a direct path took nothing', () => {
    const refused = schedule(gossip, direct)
    refused.pollOutput(0)
    refused.failed(laneOf(direct), 3)
    assert.deepEqual(
      refused.pollOutput(3).map(({ name }) => name),
      ['gossip']
    )
  })

  it('sends again when the other side gives a reason, but not in a frenzy', () => {
    const provoked = schedule(left)
    provoked.pollOutput(0)
    provoked.resend(laneOf(left), 10)
    assert.equal(provoked.pollTimeout(), 200)
    provoked.pollOutput(200)
    provoked.resend(laneOf(left), 210, 'at-once')
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
      plans.map(({ lane, againAt }) => [lane?.name, againAt]),
      [
        ['a', 200],
        ['b', 800],
        ['a', 1600]
      ]
    )
  })

  it('measures round trips, and prefers a path that loses nothing', () => {
    const stats = new PathStats(10)
    const a = path('a', 10, 'direct')
    const paths = [a, path('b', 20, 'relayed')]
    for (let count = 0; count < 50; count++) {
      stats.succeeded(laneOf(a), 'peer', 8)
    }
    const schedule = new TransportSchedule(paths, 'peer', stats, 0)
    assert.equal(schedule.plan({ attempt: 0 }, 0).againAt, 50)
    stats.failed(laneOf(a), 'peer')
    assert.equal(schedule.plan({ attempt: 0 }, 0).lane?.name, 'b')
    assert.deepEqual(
      stats.rank(paths, 'another peer').map(({ name }) => name),
      ['a', 'b']
    )
    stats.succeeded(laneOf(a), 'peer', undefined)
    assert.equal(schedule.plan({ attempt: 0 }, 0).lane?.name, 'a')
  })

  it('learns of an introducer from what it did for one peer, and assumes as much for others', () => {
    const stats = new PathStats(100)
    const path = introducers('a', 'b')
    const [a, b] = lanesTo('peer', [path])
    stats.succeeded(b, 'peer', 80)
    assert.equal(stats.rttMs(b, 'another peer'), 80)
    assert.equal(stats.rttMs(a, 'another peer'), 80)
    stats.succeeded(a, 'peer', 30)
    assert.equal(stats.rttMs(a, 'another peer'), 30)
    stats.failed(a, 'peer')
    const order = (peer: string) => stats.rank([path], peer).map(({ via }) => via)
    assert.deepEqual([order('peer'), order('another peer')], [['b', 'a'], ['b', 'a']]) // prettier-ignore
    // What it lost for some is never worth leaving it for a path that the whole room pays for.
    for (let count = 0; count < 100; count++) {
      stats.unanswered(a, `peer ${count}`)
    }
    const gossip = { ...introducers(), name: 'gossip', cost: 30 }
    assert.equal(stats.rank([gossip, path], 'another peer').at(-1)?.path.name, 'gossip')
    for (let count = 0; count < 5; count++) {
      stats.succeeded(a, 'peer', undefined)
    }
    assert.deepEqual(order('another peer'), ['a', 'b'])
  })

  it('puts few packets on a path that everybody pays for', () => {
    const schedule = new TransportSchedule([path('gossip', 100, 'broadcast')], 'peer', new PathStats(10), 0)
    const sent: number[] = []
    for (let now = 0; now < 200_000; now += 100) {
      if (schedule.plan({ attempt: 0 }, now).lane !== undefined) {
        sent.push(now)
      }
    }
    assert.deepEqual(sent.slice(0, 6), [0, 100, 2000, 4000, 6000, 8000])
    assert.equal(sent.length, 12)
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
      [0, 1, 2, 3].map((attempt) => schedule.plan({ attempt }, 0).lane?.name),
      ['direct', 'direct', 'direct', 'direct']
    )
    direct.up = false
    assert.equal(schedule.plan({ attempt: 0 }, 0).lane?.name, 'gossip')
  })
})

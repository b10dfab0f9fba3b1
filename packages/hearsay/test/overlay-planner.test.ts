import assert from 'node:assert/strict'
import fc from 'fast-check'
import { OverlayPlanner } from '../src/overlay/overlay-planner.ts'
import { seededRandom } from './support/seeded-random.ts'
import type { OverlayOutput, OverlayPlannerOptions } from '../src/overlay/overlay-planner.ts'

function plannerOf(options: Partial<OverlayPlannerOptions> = {}): OverlayPlanner {
  return new OverlayPlanner({
    localPeer: 'm',
    compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
    degree: 3,
    bootstrap: [],
    random: seededRandom(1),
    ...options
  })
}

function dials(planner: OverlayPlanner, now: number): OverlayOutput[] {
  planner.handleTimeout(now)
  const found: OverlayOutput[] = []
  for (let dial = planner.pollOutput(); dial !== undefined; dial = planner.pollOutput()) found.push(dial)
  return found
}

function connect(planner: OverlayPlanner, peerId: string, now = 0, target = peerId): void {
  planner.handleConnected(peerId, 'network', true, now)
  planner.handleDialed(target, peerId, now)
  planner.handleNeighbour(peerId)
}

/** A session, and a link over it that we opened. */
function link(planner: OverlayPlanner, peerId: string, now: number): void {
  planner.handleMember(peerId, now, now + 60_000)
  planner.handleSession(peerId, true, now)
  planner.handleConnected(peerId, 'session', true, now)
}

describe('overlay planner', () => {
  it('dials the bootstrap addresses first', () => {
    const planner = plannerOf({ bootstrap: ['/a', '/b'] })
    assert.deepEqual(
      dials(planner, 0)
        .map(({ target }) => target)
        .sort(),
      ['/a', '/b']
    )
  })

  it('tries a bootstrap address that does not answer again, ever more rarely, for ever', () => {
    const planner = plannerOf({ bootstrap: ['/a'] })
    const times: number[] = []
    for (let now = 0; now < 600_000; now += 50) {
      for (const { target } of dials(planner, now)) {
        times.push(now)
        planner.handleDialed(target, undefined, now)
      }
    }
    assert.equal(times[0], 0)
    assert.ok(times[1] <= 550)
    const pauses = times.slice(1).map((time, index) => time - times[index])
    assert.ok(pauses.at(-1)! >= 30_000 && pauses.at(-1)! <= 60_050, String(pauses))
  })

  it('tries the next address beside one that takes long', () => {
    const planner = plannerOf({ degree: 1, bootstrap: ['/a', '/b'] })
    const [first] = dials(planner, 0)
    assert.equal(dials(planner, 1_000).length, 0)
    const [second] = dials(planner, 2_000)
    assert.deepEqual([first.target, second.target].sort(), ['/a', '/b'])
  })

  it('fills up to its degree with members, and not beyond', () => {
    const planner = plannerOf({ bootstrap: ['/a'] })
    dials(planner, 0)
    connect(planner, 'entry', 0, '/a')
    for (const peerId of ['b', 'c', 'd', 'e']) planner.handleMember(peerId, 0, 60_000)
    assert.deepEqual(dials(planner, 2_000), [], 'sessions with them may come about')
    const wanted = dials(planner, 3_000)
    assert.equal(wanted.length, 2)
    assert.ok(wanted.every(({ kind }) => kind === 'member'))
    for (const { target } of wanted) connect(planner, target)
    assert.deepEqual(dials(planner, 3_001), [])
  })

  it('replaces a lost neighbour whatever its degree', () => {
    const planner = plannerOf({ degree: 1 })
    for (const peerId of ['left', 'right']) connect(planner, peerId)
    for (const peerId of ['left', 'right', 'far']) planner.handleMember(peerId, 0, 60_000)
    assert.deepEqual(dials(planner, 0), [])
    planner.handleDisconnected('left', 0)
    planner.handleMemberLeft('left')
    assert.deepEqual(dials(planner, 3_000), [{ kind: 'member', target: 'far' }])
    connect(planner, 'far', 3_000)
    assert.deepEqual(dials(planner, 50_000), [])
  })

  it('goes back to the bootstrap address when no neighbour and no other member is left', () => {
    const planner = plannerOf({ bootstrap: ['/a'] })
    dials(planner, 0)
    connect(planner, 'entry', 0, '/a')
    planner.handleDisconnected('entry', 0)
    assert.deepEqual(dials(planner, 10_000), [{ kind: 'bootstrap', target: '/a' }])
  })

  it('waits ever longer for one whose connections end at once', () => {
    const planner = plannerOf({ bootstrap: ['/a'] })
    let dialed = 0
    for (let now = 0; now < 60_000; now += 50) {
      for (const { target } of dials(planner, now)) {
        dialed++
        connect(planner, 'entry', now, target)
        planner.handleDisconnected('entry', now)
      }
    }
    assert.ok(dialed < 12, String(dialed))
  })

  it('does not dial one again who is connected but not in the room', () => {
    const planner = plannerOf({ bootstrap: ['/a'] })
    dials(planner, 0)
    planner.handleConnected('stranger', 'network', true, 0)
    planner.handleDialed('/a', 'stranger', 0)
    assert.deepEqual(dials(planner, 1_000_000), [])
  })

  it('dials a member whose record is overdue, one at a time', () => {
    const planner = plannerOf({ degree: 1 })
    connect(planner, 'near')
    planner.handleMember('far', 0, 60_000)
    planner.handleMember('further', 10, 60_010)
    assert.deepEqual(dials(planner, 59_999), [])
    assert.deepEqual(dials(planner, 60_000), [{ kind: 'member', target: 'far' }])
    assert.deepEqual(dials(planner, 60_030), [])
    planner.handleDialed('far', undefined, 60_040)
    assert.deepEqual(dials(planner, 65_020), [{ kind: 'member', target: 'further' }])
  })

  it('goes on to the next overdue member, though the first neither answers nor fails', () => {
    const planner = plannerOf({ degree: 1 })
    connect(planner, 'near')
    for (const peerId of ['far', 'further']) planner.handleMember(peerId, 0, 60_000)
    assert.equal(dials(planner, 60_000).length, 1)
    assert.deepEqual(dials(planner, 64_999), [])
    assert.equal(dials(planner, 65_000).length, 1)
  })

  it('links over sessions at once, and dials no address of who has one', () => {
    const planner = plannerOf({ degree: 2 })
    for (const peerId of ['n', 'o', 'p']) {
      planner.handleMember(peerId, 0, 60_000)
      planner.handleSession(peerId, true, 0)
    }
    const wanted = dials(planner, 1)
    assert.ok(wanted.length >= 2 && wanted.every(({ kind }) => kind === 'session'), JSON.stringify(wanted))
  })

  it('always links to the next in the ring, whatever its degree', () => {
    const planner = plannerOf({ degree: 1 })
    link(planner, 'a', 0)
    for (const peerId of ['b', 'x', 'z']) {
      planner.handleMember(peerId, 0, 60_000)
      planner.handleSession(peerId, true, 0)
    }
    assert.deepEqual(dials(planner, 1_999), [], 'another session may come, and be next')
    assert.deepEqual(dials(planner, 2_000), [{ kind: 'session', target: 'x' }])
  })

  it('closes the ring from the last to the first', () => {
    const planner = plannerOf({ degree: 1, localPeer: 'z' })
    link(planner, 'y', 0)
    for (const peerId of ['b', 'c']) {
      planner.handleMember(peerId, 0, 60_000)
      planner.handleSession(peerId, true, 0)
    }
    assert.deepEqual(dials(planner, 2_000), [], 'the lower of the two opens the link')
    assert.deepEqual(dials(planner, 2_500), [{ kind: 'session', target: 'b' }])
  })

  it('replaces a neighbour whose session falls silent before it is over', () => {
    const planner = plannerOf({ degree: 1 })
    link(planner, 'x', 0)
    planner.handleMember('z', 0, 60_000)
    planner.handleSession('z', true, 0)
    assert.deepEqual(dials(planner, 1_000), [])
    planner.handleSession('x', false, 2_000)
    assert.deepEqual(dials(planner, 2_000), [{ kind: 'session', target: 'z' }])
  })

  describe('where nobody answers and nobody has been found dead', () => {
    let planner: OverlayPlanner

    beforeEach(() => {
      planner = plannerOf({ degree: 2, localPeer: 'a' })
      link(planner, 'b', 0)
      for (const peerId of ['n', 'o', 'p', 'q', 'r', 's']) {
        planner.handleMember(peerId, 0, 60_000)
        planner.handleSession(peerId, true, 0)
      }
    })

    function dialed(from: number, until: number): { at: number; target: string }[] {
      const found: { at: number; target: string }[] = []
      for (let at = from; at <= until; at += 50) {
        for (const { kind, target } of dials(planner, at)) {
          assert.equal(kind, 'session')
          found.push({ at, target })
        }
      }
      return found
    }

    it('tries another session soon beside one that carries no link, up to four', () => {
      const times = dialed(2_000, 6_000).map(({ at }) => at)
      assert.deepEqual(times, [2_000, 2_500, 3_000, 3_500])
    })

    it('waits no more for a link over a session that has fallen silent', () => {
      const [{ target }] = dialed(2_000, 4_450)
      planner.handleSession(target, false, 4_500)
      const times = dialed(4_500, 6_000).map(({ at }) => at)
      assert.deepEqual(times, [4_500])
    })

    it('opens no second link over such a session, though it is heard again', () => {
      const [{ target }] = dialed(2_000, 4_450)
      planner.handleSession(target, false, 4_500)
      planner.handleSession(target, true, 4_500)
      const targets = dialed(4_500, 20_000).map((dial) => dial.target)
      assert.ok(targets.length === 1 && targets[0] !== target, String(targets))
    })
  })

  it('takes links up to three times its degree, and always of whose next it is', () => {
    const planner = plannerOf({ degree: 1 })
    for (const peerId of ['a', 'b', 'c']) {
      assert.ok(planner.takesLink(peerId))
      link(planner, peerId, 0)
    }
    planner.handleSession('l', true, 0)
    planner.handleSession('d', true, 0)
    assert.ok(!planner.takesLink('a'), 'it has one')
    assert.ok(!planner.takesLink('d'))
    assert.ok(planner.takesLink('l'))
  })

  it('looks again at an entry whose member it lost, though it has neighbours', () => {
    const planner = plannerOf({ degree: 1, bootstrap: ['/a'] })
    dials(planner, 0)
    connect(planner, 'entry', 0, '/a')
    planner.handleSession('entry', true, 0)
    link(planner, 'other', 0)
    assert.deepEqual(dials(planner, 10_000), [{ kind: 'close', target: 'entry' }])
    planner.handleDisconnected('entry', 10_000)
    assert.deepEqual(
      dials(planner, 200_000).filter(({ kind }) => kind === 'bootstrap'),
      [],
      'it has a session'
    )
    planner.handleSession('entry', false, 200_000)
    assert.deepEqual(dials(planner, 200_500), [{ kind: 'bootstrap', target: '/a' }])
    planner.handleDialed('/a', undefined, 200_600)
    assert.deepEqual(dials(planner, 202_000), [{ kind: 'bootstrap', target: '/a' }], 'again and again')
  })

  it('ends links over the network that it dialed, one at a time, once sessions carry enough', () => {
    const planner = plannerOf({ degree: 2, bootstrap: ['/a', '/b'] })
    dials(planner, 0)
    connect(planner, 'first', 0, '/a')
    connect(planner, 'second', 0, '/b')
    planner.handleConnected('guest', 'network', false, 0)
    planner.handleNeighbour('guest')
    link(planner, 'n', 0)
    assert.deepEqual(dials(planner, 20_000), [])
    link(planner, 'o', 20_000)
    assert.deepEqual(dials(planner, 20_000), [{ kind: 'close', target: 'first' }])
    assert.deepEqual(dials(planner, 20_250), [])
    planner.handleDisconnected('first', 20_300)
    assert.deepEqual(dials(planner, 20_500), [{ kind: 'close', target: 'second' }])
    planner.handleDisconnected('second', 20_600)
    assert.deepEqual(dials(planner, 30_000), [], 'who came to us stays, and nothing is replaced')
  })

  it('ends them as soon as they have lasted a while, though nothing else happens', () => {
    const planner = plannerOf({ degree: 1, bootstrap: ['/a'] })
    dials(planner, 0)
    connect(planner, 'entry', 0, '/a')
    link(planner, 'n', 0)
    assert.deepEqual(dials(planner, 9_999), [])
    assert.deepEqual(dials(planner, 10_000), [{ kind: 'close', target: 'entry' }])
  })

  it('looks at a large room where nothing happens but renewals no more often than there are renewals', () => {
    const planner = plannerOf({ degree: 4 })
    const count = 1_000
    const overdueMs = 0.85 * count * 30_000
    for (const peerId of ['n', 'o', 'p', 'q']) link(planner, peerId, 0)
    for (let i = 0; i < count; i++) planner.handleMember(`z${i}`, 0, overdueMs)
    const [hourMs, renewalMs] = [3_600_000, 20_000]
    let looks = 0
    for (let now = 0; now < hourMs; now += renewalMs) {
      for (const peerId of ['n', 'o', 'p', 'q', `z${now / renewalMs}`]) {
        planner.handleMember(peerId, now, now + overdueMs)
      }
      for (let at = now; at < now + renewalMs; at = planner.pollTimeout() ?? hourMs) {
        looks++
        assert.deepEqual(dials(planner, at), [])
      }
    }
    assert.ok(looks <= hourMs / renewalMs + 10, String(looks))
  })

  it('counts no link that leads to somebody of another room alone, until that one joins', () => {
    const planner = plannerOf({ degree: 1 })
    planner.handleConnected('x', 'session', true, 0)
    assert.deepEqual([planner.neighbours, planner.sessionLinks, planner.worthOf('x')], [0, 0, 0])
    planner.handleMember('y', 0, 60_000)
    planner.handleSession('y', true, 0)
    assert.deepEqual(dials(planner, 1), [{ kind: 'session', target: 'y' }])
    planner.handleSession('x', true, 2)
    assert.deepEqual([planner.neighbours, planner.sessionLinks, planner.worthOf('x')], [1, 1, 2])
  })

  it('links to whom a session has shown to be in the room, though presence has not told of it', () => {
    const planner = plannerOf({ degree: 1 })
    planner.handleSession('x', true, 0)
    assert.deepEqual(dials(planner, 1), [{ kind: 'session', target: 'x' }])
    planner.handleDialed('x', undefined, 1)
    planner.handleSession('x', false, 2)
    assert.deepEqual(dials(planner, 100_000), [], 'nothing else leads to it')
  })

  it('links to the next in the ring whose presence has expired, as long as a session with it stands', () => {
    const planner = plannerOf({ degree: 1 })
    link(planner, 'a', 0)
    planner.handleMember('x', 0, 60_000)
    planner.handleSession('x', true, 0)
    planner.handleMemberLeft('x')
    assert.deepEqual(dials(planner, 3_000), [{ kind: 'session', target: 'x' }])
    planner.handleDialed('x', undefined, 3_000)
    planner.handleSession('x', false, 3_100)
    assert.deepEqual(dials(planner, 100_000), [], 'nothing else leads to it')
  })

  it('links to nobody that has said goodbye, though its session has not ended', () => {
    const planner = plannerOf({ degree: 1 })
    link(planner, 'a', 0)
    planner.handleMember('x', 0, 60_000)
    planner.handleSession('x', true, 0)
    planner.handleDeparted('x', 1_000)
    assert.deepEqual(dials(planner, 100_000), [])
  })

  it('replaces a member that has left the room, though a link to it stands for another room', () => {
    const planner = plannerOf({ degree: 1 })
    link(planner, 'x', 0)
    planner.handleMember('y', 0, 60_000)
    planner.handleSession('y', true, 0)
    assert.deepEqual(dials(planner, 1), [])
    planner.handleDeparted('x', 10_000)
    assert.deepEqual([planner.neighbours, planner.worthOf('x')], [0, 0])
    assert.deepEqual(dials(planner, 10_000), [{ kind: 'session', target: 'y' }])
  })

  it('ends no link that another room needs, and misses none that another room ends with its consent', () => {
    let isNeeded = true
    const planner = plannerOf({ degree: 1, bootstrap: ['/a', '/b'], mayClose: () => !isNeeded })
    dials(planner, 0)
    connect(planner, 'first', 0, '/a')
    connect(planner, 'second', 0, '/b')
    assert.equal(planner.needs('first'), true)
    for (const peerId of ['n', 'o']) link(planner, peerId, 0)
    assert.deepEqual([planner.needs('first'), planner.needs('stranger')], [false, false])
    assert.deepEqual(dials(planner, 20_000), [])
    isNeeded = false
    planner.handleEnding('second')
    assert.deepEqual(dials(planner, 20_000), [], 'one at a time')
    planner.handleDisconnected('second', 20_100)
    assert.deepEqual(dials(planner, 20_200), [{ kind: 'close', target: 'first' }])
  })

  describe('whatever happens', () => {
    interface Happening {
      readonly type: string
      readonly peer: string
      readonly wait: number
    }

    const happening: fc.Arbitrary<Happening> = fc.record({
      type: fc.constantFrom(
        'member',
        'left',
        'connected',
        'linked',
        'neighbour',
        'farewell',
        'disconnected',
        'session',
        'silence',
        'dialed',
        'failed'
      ),
      peer: fc.integer({ min: 0, max: 12 }).map(String),
      wait: fc.nat(5_000)
    })
    const happenings = fc.array(happening, { maxLength: 200 })
    const degrees = fc.integer({ min: 0, max: 8 })

    /** Tells a planner of all this, and looks at it after each, until the time that `look` returns. */
    function play(
      all: readonly Happening[],
      degree: number,
      look: (planner: OverlayPlanner, dialing: ReadonlySet<string>, now: number) => number
    ): void {
      const planner = plannerOf({ degree, bootstrap: ['/0', '/1'] })
      planner.handleConnected('stranger', 'network', false, 0)
      const dialing = new Set<string>()
      const overSessions = new Set<string>()
      /** Links under way over sessions that have fallen silent: they count no more. */
      const hopeless = new Set<string>()
      let now = 0
      for (const { type, peer, wait } of all) {
        now += wait
        const dialed = [...dialing, ...hopeless].find((target) => target.endsWith(peer)) ?? ''
        const hasEnded = (): boolean => hopeless.delete(dialed) || dialing.delete(dialed)
        if (type === 'member') planner.handleMember(peer, now, now + 60_000)
        else if (type === 'left' && !dialing.has(peer) && !hopeless.has(peer)) planner.handleMemberLeft(peer)
        else if (type === 'connected') planner.handleConnected(peer, 'network', true, now)
        else if (type === 'linked') planner.handleConnected(peer, 'session', true, now)
        else if (type === 'neighbour') planner.handleNeighbour(peer)
        else if (type === 'farewell') planner.handleFarewell(peer)
        else if (type === 'disconnected') planner.handleDisconnected(peer, now)
        else if (type === 'session') planner.handleSession(peer, true, now)
        else if (type === 'silence') {
          planner.handleSession(peer, false, now)
          if (overSessions.has(peer) && dialing.delete(peer)) hopeless.add(peer)
        } else if (type === 'dialed' && hasEnded()) planner.handleDialed(dialed, peer, now)
        else if (type === 'failed' && hasEnded()) planner.handleDialed(dialed, undefined, now)
        for (const { kind, target } of dials(planner, now)) {
          if (kind === 'close') continue
          assert.ok(!dialing.has(target), `${target} is being dialed`)
          dialing.add(target)
          if (kind === 'session') overSessions.add(target)
          else overSessions.delete(target)
        }
        now = look(planner, dialing, now)
      }
    }

    it('has four dials under way at most that may succeed, and one for the ring or a rift', () => {
      fc.assert(
        fc.property(happenings, degrees, (all, degree) => {
          play(all, degree, (_planner, dialing, now) => {
            assert.ok(dialing.size <= 5, String(dialing.size))
            return now
          })
        })
      )
    })

    it('would find nothing to do before the moment that it names', () => {
      const parts = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
      fc.assert(
        fc.property(happenings, degrees, parts, (all, degree, part) => {
          play(all, degree, (planner, _dialing, now) => {
            const dueAt = planner.pollTimeout() ?? now + 600_000
            assert.ok(dueAt > now, 'it has planned')
            const early = now + (dueAt - now) * part
            if (early >= dueAt) return now
            // Nothing new, but it plans once more.
            planner.handleConnected('stranger', 'network', false, early)
            assert.deepEqual(dials(planner, early), [])
            return early
          })
        })
      )
    })
  })
})

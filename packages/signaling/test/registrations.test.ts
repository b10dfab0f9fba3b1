import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Registrations, type Candidate } from '../src/introduction/registrations.ts'
import { createRandom } from './support/random.ts'

function candidate(peer: string, traits: Partial<Candidate> = {}): Candidate {
  return { peer, isConnected: true, isDialable: true, network: undefined, ...traits }
}

function createRegistrations(wanted = 3, seed = 1): Registrations {
  return new Registrations({ wanted, random: createRandom(seed) })
}

function outputs(registrations: Registrations): string[] {
  const all: string[] = []
  for (let output = registrations.pollOutput(); output; output = registrations.pollOutput()) {
    all.push(output)
  }
  return all.toSorted()
}

describe('registrations', () => {
  it('ask three, and count those that say yes', () => {
    const registrations = createRegistrations()
    registrations.handleCandidates(['a', 'b', 'c', 'd'].map((peer) => candidate(peer)), 0) // prettier-ignore
    const asked = outputs(registrations)
    assert.equal(asked.length, 3)
    assert.deepEqual(registrations.introducers, [])
    registrations.handleRegistered(asked[0], 10)
    registrations.handleRegistered('x', 10)
    assert.deepEqual(registrations.introducers, [asked[0]])
  })

  it('spread over networks, then prefer who can be dialed, then who is connected', () => {
    for (let seed = 0; seed < 20; seed++) {
      const registrations = createRegistrations(3, seed)
      registrations.handleCandidates(
        [
          candidate('a1', { network: 'a' }),
          candidate('a2', { network: 'a' }),
          candidate('a3', { network: 'a', isConnected: false }),
          candidate('b1', { network: 'b', isDialable: false }),
          candidate('b2', { network: 'b', isConnected: false })
        ],
        0
      )
      const asked = outputs(registrations)
      assert.deepEqual(asked, ['a1', 'a2', 'b2'], `seed ${seed}`)
    }
  })

  it('leave who fails for a while that doubles, and ask another', () => {
    const registrations = createRegistrations(1)
    const only = [candidate('a')]
    let now = 0
    const pauses: number[] = []
    for (let round = 0; round < 4; round++) {
      registrations.handleCandidates(only, now)
      assert.deepEqual(outputs(registrations), ['a'])
      const failedAt = now
      registrations.handleFailed('a', now)
      do {
        now += 100
        registrations.handleCandidates(only, now)
      } while (registrations.pollOutput() === undefined)
      pauses.push(now - failedAt)
      registrations.handleFailed('a', now)
      now += 1_000_000
    }
    assert.ok(
      pauses.every((pause, index) => index === 0 || pause > 1.1 * pauses[index - 1]),
      pauses.join()
    )
    registrations.handleCandidates([candidate('a'), candidate('b')], now)
    assert.deepEqual(outputs(registrations), ['b'])
  })

  it('forgive who was good for a minute', () => {
    const registrations = createRegistrations(1)
    for (let now = 0; now < 10_000_000; now += 1_000_000) {
      registrations.handleCandidates([candidate('a')], now)
      assert.deepEqual(outputs(registrations), ['a'])
      registrations.handleRegistered('a', now)
      registrations.handleFailed('a', now + 60_000)
      registrations.handleCandidates([candidate('a')], now + 67_000)
      assert.deepEqual(outputs(registrations), ['a'])
      registrations.handleFailed('a', now + 67_000)
    }
  })

  it('never have more than wanted, whatever happens', () => {
    const peers = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const step = fc.oneof(
      fc.record({ type: fc.constant('candidates' as const), peers: fc.array(peers) }),
      fc.record({ type: fc.constant('registered' as const), peer: peers }),
      fc.record({ type: fc.constant('failed' as const), peer: peers }),
      fc.record({ type: fc.constant('wait' as const), ms: fc.nat(100_000) })
    )
    fc.assert(
      fc.property(fc.array(step), fc.nat(), (steps, seed) => {
        const registrations = createRegistrations(2, seed)
        const asked = new Set<string>()
        let now = 0
        for (const each of steps) {
          if (each.type === 'candidates') {
            registrations.handleCandidates([...new Set(each.peers)].map((peer) => candidate(peer)), now) // prettier-ignore
          } else if (each.type === 'registered') {
            registrations.handleRegistered(each.peer, now)
          } else if (each.type === 'failed') {
            registrations.handleFailed(each.peer, now)
            asked.delete(each.peer)
          } else {
            now += each.ms
          }
          for (const peer of outputs(registrations)) {
            assert.ok(!asked.has(peer))
            asked.add(peer)
          }
          assert.ok(asked.size <= 2)
          assert.ok(registrations.introducers.every((peer) => asked.has(peer)))
        }
      })
    )
  })
})

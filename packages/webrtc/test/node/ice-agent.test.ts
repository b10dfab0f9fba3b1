import assert from 'node:assert/strict'
import { once, EventEmitter } from 'node:events'
import fc from 'fast-check'
import type { IceCandidate } from '../../src/candidates/index.ts'
import { IceAgent, MAX_REMOTE_CANDIDATES, type IceAgentState } from '../../src/node/ice/agent.ts'
import { createIceCredentials } from '../../src/node/ice/credentials.ts'
import { MAX_PEER_REFLEXIVE_CANDIDATES } from '../../src/node/ice/guard.ts'
import { MAX_CANDIDATE_PAIRS } from '../../src/node/ice/ice-connection.ts'
import { IceTransport, MAX_GENERATIONS } from '../../src/node/ice/transport.ts'
import { assertNoLeaks } from './support/leaks.ts'
import { stunMessage } from './support/stun.ts'

/** An agent on loopback, and what it tells. */
class Side {
  readonly agent: IceAgent
  readonly candidates: IceCandidate[] = []
  readonly #changes = new EventEmitter()

  constructor(controlling: boolean, hostAddresses: () => readonly string[] = () => ['127.0.0.1']) {
    const change = (): void => {
      this.#changes.emit('change')
    }
    this.agent = new IceAgent(
      { controlling, credentials: createIceCredentials(), hostAddresses, iceServers: [], relayOnly: false },
      {
        onCandidate: (candidate) => {
          this.candidates.push(candidate)
          this.onCandidate(candidate)
          change()
        },
        onGatheringComplete: change,
        onGatheringError: change,
        onStateChange: change,
        onSelectedPairChange: change,
        onData: change
      }
    )
  }

  onCandidate: (candidate: IceCandidate) => void = () => undefined

  start(other: Side): void {
    this.agent.start({ ...other.agent.credentials, iceLite: false })
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#changes, 'change')
  }
}

/** Both gather and check. */
function begin(a: Side, b: Side): void {
  for (const [side, other] of [
    [a, b],
    [b, a]
  ]) {
    side.agent.gather()
    side.start(other)
  }
}

const isUsable = (state: IceAgentState): boolean => state === 'connected' || state === 'completed'

describe('IceAgent', () => {
  it('connects by an interface that comes up while it is connecting, and trickles it', () =>
    assertNoLeaks(async () => {
      let addresses: string[] = []
      const a = new Side(true, () => addresses)
      const b = new Side(false)
      a.onCandidate = (candidate) => {
        assert.equal(a.agent.gatheringComplete, false)
        b.agent.addRemoteCandidate(candidate)
      }
      begin(a, b)
      await b.until(() => b.candidates.length > 0)
      assert.deepEqual([a.candidates.length, a.agent.state], [0, 'checking'])
      addresses = ['127.0.0.1']
      await a.until(() => isUsable(a.agent.state))
      await b.until(() => isUsable(b.agent.state))
      assert.equal(a.agent.gatheringComplete, true)
      a.agent.close()
      b.agent.close()
    }))

  it('does not keep in memory which checks have come', async () => {
    const [a, b] = [new Side(true), new Side(false)]
    a.onCandidate = (candidate) => {
      b.agent.addRemoteCandidate(candidate)
    }
    begin(a, b)
    await Promise.all([a, b].map((side) => side.until(() => isUsable(side.agent.state))))
    const pairs = [a, b].flatMap(({ agent }) => agent.pairs)
    assert.ok(pairs.some(({ requestsReceived }) => requestsReceived > 0))
    for (const pair of pairs) assert.deepEqual(Reflect.get(pair, 'requestTransactionIds'), new Set())
    a.agent.close()
    b.agent.close()
  })

  it('takes any check that the peer signs, whatever its attributes, and goes on', async () => {
    const [a, b] = [new Side(true), new Side(false)]
    a.onCandidate = (candidate) => {
      b.agent.addRemoteCandidate(candidate)
    }
    begin(a, b)
    await Promise.all([a, b].map((side) => side.until(() => isUsable(side.agent.state))))
    const base = b.agent.selectedPair!.protocol as unknown as {
      datagramReceived(data: Buffer, from: readonly [string, number]): void
    }
    const username = `${b.agent.credentials.usernameFragment}:${a.agent.credentials.usernameFragment}`
    const { password } = b.agent.credentials
    // PRIORITY, USE-CANDIDATE, roles, and what has no place in a check.
    const types = [0x0024, 0x0025, 0x8029, 0x802a, 0x0006, 0x0009, 0x0020, 0x000a, 0x7777, 0x8777]
    const attribute = fc.tuple(fc.constantFrom(...types), fc.uint8Array({ maxLength: 12 }))
    fc.assert(
      fc.property(
        fc.array(attribute, { maxLength: 5 }),
        fc.integer({ min: 1, max: 65_535 }),
        (attributes, port) => {
          base.datagramReceived(stunMessage({ username, attributes, password }), ['127.0.0.1', port])
        }
      )
    )
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(isUsable(b.agent.state))
    assert.ok(b.agent.pairs.length <= 1 + MAX_PEER_REFLEXIVE_CANDIDATES)
    a.agent.close()
    b.agent.close()
  })

  it('checks a bounded number of pairs, whichever comes first, candidates or sockets', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
    const remotes = Array.from({ length: 2 * MAX_REMOTE_CANDIDATES }, (_, index): IceCandidate => {
      return {
        foundation: '1',
        protocol: 'udp',
        priority: index + 1,
        address: '127.0.0.1',
        port: 9,
        type: 'host'
      }
    })
    const early = new Side(true, () => addresses)
    const late = new Side(true, () => addresses)
    const add = ({ agent }: Side): void => {
      for (const [index, remote] of remotes.entries())
        agent.addRemoteCandidate({ ...remote, port: 10_000 + index })
    }
    early.start(late)
    add(early)
    early.agent.gather()
    await early.until(() => early.candidates.length === addresses.length)
    late.agent.gather()
    await late.until(() => late.candidates.length === addresses.length)
    late.start(early)
    add(late)
    for (const { agent } of [early, late]) {
      assert.equal(agent.remoteCandidates.length, MAX_REMOTE_CANDIDATES)
      assert.equal(agent.pairs.length, MAX_CANDIDATE_PAIRS)
      agent.close()
    }
  })
})

describe('IceTransport', () => {
  it('keeps a bounded number of generations, and among them the newest', () =>
    assertNoLeaks(async () => {
      const transport = new IceTransport({
        onCandidate: () => undefined,
        onGatheringComplete: () => undefined,
        onGatheringError: () => undefined,
        onChange: () => undefined,
        onData: () => undefined
      })
      for (let restart = 0; restart < 20; restart++) {
        const credentials = createIceCredentials()
        const agent = transport.open({
          controlling: true,
          credentials,
          hostAddresses: () => ['127.0.0.1'],
          iceServers: [],
          relayOnly: false
        })
        const remote = createIceCredentials()
        transport.start(agent, { ...remote, iceLite: false })
        assert.equal(transport.newest, agent)
        assert.equal(transport.findByRemote(remote.usernameFragment), agent)
        assert.ok(transport.agents.length <= MAX_GENERATIONS)
      }
      assert.equal(transport.agents.length, MAX_GENERATIONS)
      await new Promise((resolve) => setImmediate(resolve))
      transport.close()
    }))
})

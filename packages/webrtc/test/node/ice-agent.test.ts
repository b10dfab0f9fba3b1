import assert from 'node:assert/strict'
import { once, EventEmitter } from 'node:events'
import type { IceCandidate } from '../../src/candidates/index.ts'
import { IceAgent, type IceAgentState } from '../../src/node/ice/agent.ts'
import { createIceCredentials } from '../../src/node/ice/credentials.ts'
import { assertNoLeaks } from './support/leaks.ts'

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
      for (const [side, other] of [
        [a, b],
        [b, a]
      ] as const) {
        side.agent.gather()
        side.start(other)
      }
      await b.until(() => b.candidates.length > 0)
      assert.deepEqual([a.candidates.length, a.agent.state], [0, 'checking'])
      addresses = ['127.0.0.1']
      await a.until(() => isUsable(a.agent.state))
      await b.until(() => isUsable(b.agent.state))
      assert.equal(a.agent.gatheringComplete, true)
      a.agent.close()
      b.agent.close()
    }))
})

import assert from 'node:assert/strict'
import type { ChannelOptions, PeerSession } from '@hearsay/session'
import { testPeerId } from '@hearsay/testing'
import type { FakeDataChannel } from './fake-data-channel.ts'
import { makePair } from './pair.ts'
import { RawPeer } from './raw-peer.ts'

export interface Attack {
  peer: RawPeer
  victim: PeerSession
  delivered: unknown[]
  connected: boolean
  /** The victim's end of a data channel: what is given to it comes at once. */
  endOf: (label: string) => FakeDataChannel
  advance: (ms: number) => Promise<void>
  end: () => Promise<void>
}

/** Bob, and a peer that has dialled him and may do what it wants; `hello` has not been said. */
export async function attack(options: ChannelOptions = {}, isRead = true): Promise<Attack> {
  const delivered: unknown[] = []
  const state = { connected: false }
  const pair = makePair({
    bob: { channels: { x: { codec: 'bytes', ...options } } },
    prepare: (session) => {
      session.addEventListener('connected', () => (state.connected = true))
      if (isRead) session.channel('x').addEventListener('message', ({ detail }) => delivered.push(detail))
    }
  })
  const { clock, hub, network } = pair
  const peer = new RawPeer(network, hub.join(testPeerId(9)), 'x', { codec: 'bytes', ...options })
  const dialing = peer.dial(pair.bob.peerId)
  await clock.advance(200)
  await dialing
  return {
    peer,
    victim: pair.bob.session,
    delivered,
    get connected() {
      return state.connected
    },
    endOf: (label) => {
      const [connection] = [...network.connections].filter((each) => each !== peer.connection)
      return connection?.channels.find((channel) => channel.label === label) ?? assert.fail(label)
    },
    advance: (ms) => clock.advance(ms),
    end: async () => {
      peer.connection.close()
      void pair.bob.session.close()
      await clock.advance(60_000)
      assert.equal(clock.pendingTimers, 0)
      assert.equal(network.open.length, 0)
    }
  }
}

export function codeOf({ state }: PeerSession): string {
  return 'reason' in state ? state.reason.code : state.name
}

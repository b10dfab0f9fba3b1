import assert from 'node:assert/strict'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { SignalTopicGuard } from '../src/gossip/signal-topic-guard.ts'
import type { Message } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'

const SECONDS = 10

/** A key for each would take longer than the test: only the name counts. */
function peer(number: number): PeerId {
  return { toString: () => `peer ${number}` } as PeerId
}

describe('the guard of a room’s topic for signaling', () => {
  const [flooder, relay, other, honest] = [1, 2, 3, 4].map(peer)
  let now: number
  let members: Set<string>
  let guard: SignalTopicGuard

  beforeEach(() => {
    now = 0
    members = new Set([flooder, relay, other, honest].map(String))
    guard = new SignalTopicGuard({ isMember: (peerId) => members.has(peerId), now: () => now })
  })

  function say(from: PeerId, neighbour = relay, length = 700): TopicValidatorResult {
    const message: Partial<Message> = { type: 'signed', from, data: new Uint8Array(length) }
    return guard.validate(neighbour, message as Message)
  }

  /** How many of `perSecond` messages a second are passed on. */
  function flood(perSecond: number, from: (count: number) => PeerId): number {
    let passed = 0
    for (let count = 0; count < SECONDS * perSecond; count++) {
      now = (1_000 * count) / perSecond
      const verdict = say(from(count))
      assert.notEqual(verdict, TopicValidatorResult.Reject, 'who brings it is not blamed')
      if (verdict === TopicValidatorResult.Accept) passed++
    }
    return passed
  }

  it('lets through all that a member publishes', () => {
    for (let count = 0; count < 64; count++) assert.equal(say(honest), TopicValidatorResult.Accept)
    for (now = 0; now < 60_000; now += 1_000 / 32) assert.equal(say(honest), TopicValidatorResult.Accept)
  })

  it('passes on little of a member that says 5,000 envelopes a second, and blames nobody for it', () => {
    const passed = flood(5_000, () => flooder)
    assert.ok(passed <= 96 + 48 * SECONDS, String(passed))
    assert.equal(say(honest), TopicValidatorResult.Accept, 'another, through the same neighbour')
  })

  it('passes on little of strangers, however many names a neighbour brings, and members as before', () => {
    const passed = flood(1_000, (count) => peer(100 + count))
    assert.ok(passed <= 128 + 16 * SECONDS, String(passed))
    assert.equal(say(honest), TopicValidatorResult.Accept)
    assert.equal(say(peer(5), other), TopicValidatorResult.Accept, 'a stranger through another neighbour')
  })

  it('has room for members, however many strangers come through however many neighbours', () => {
    let [ofStrangers, ofMembers] = [0, 0]
    for (let count = 0; count < 30 * 1_000; count++) {
      now = count
      const [stranger, neighbour] = [peer(100_000 + count), peer(100 + (count % 20))]
      if (say(stranger, neighbour) === TopicValidatorResult.Accept) ofStrangers++
      if (count % 25 === 0 && say(honest) === TopicValidatorResult.Accept) ofMembers++
    }
    assert.equal(ofMembers, 30 * 40, 'as many as were said')
    assert.ok(ofStrangers <= 512 + 64 * 30, String(ofStrangers))
  })

  it('passes on little of all together, where many members work together', () => {
    const crowd = Array.from({ length: 200 }, (_, index) => peer(1_000 + index))
    for (const each of crowd) members.add(String(each))
    const passed = flood(5_000, (count) => crowd[count % crowd.length])
    assert.ok(passed <= 1_024 + 128 * SECONDS, String(passed))
  })

  it('blames a neighbour for what no envelope can be, and for nothing else', () => {
    assert.equal(say(honest, relay, 16 * 1024 + 1), TopicValidatorResult.Reject)
    assert.equal(say(honest, relay, 16 * 1024), TopicValidatorResult.Accept)
    const unsigned = { type: 'unsigned', data: new Uint8Array(1), topic: 'room' } as const
    assert.equal(guard.validate(relay, unsigned), TopicValidatorResult.Ignore)
  })

  it('remembers a bounded number of signers and neighbours', () => {
    for (let count = 0; count < 6_000; count++) {
      say(peer(10_000 + count), peer(20_000 + count))
    }
    assert.ok(guard.size <= 4_096 + 1_024, String(guard.size))
    assert.ok(guard.size >= 1_024, String(guard.size))
  })
})

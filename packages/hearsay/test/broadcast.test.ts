import assert from 'node:assert/strict'
import { bytesCodec } from '@hearsay/session'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { leakCheck } from '@hearsay/testing/leaks'
import { instanceAt } from './support/presence-room.ts'
import { BroadcastMember } from './support/broadcast-member.ts'
import type { BroadcastInit } from '../src/broadcast/broadcast.ts'

const { Accept, Ignore, Reject } = TopicValidatorResult

describe('broadcast', () => {
  const members: BroadcastMember[] = []

  afterEach(() => {
    for (const { broadcast } of members.splice(0)) broadcast.stop()
  })

  async function pair(options: Partial<BroadcastInit> = {}): Promise<[BroadcastMember, BroadcastMember]> {
    const made = await BroadcastMember.pair(options)
    members.push(...made)
    return made
  }

  describe('of ours', () => {
    it('goes over sessions alone where every member that is known has one', async () => {
      const [alice, bob] = await pair()
      alice.sessions.set(bob.peerId, undefined)
      assert.deepEqual(await alice.broadcast.send('hi'), {
        sent: [bob.peerId],
        failed: [],
        unconnected: 0,
        flooded: false
      })
      assert.deepEqual(alice.copies, [{ peerId: bob.peerId, message: 'hi', mark: 1 }])
      assert.deepEqual(alice.published, [])
    })

    it('is flooded for who has none, under the counter that the copies bear', async () => {
      const [alice, bob] = await pair()
      alice.sessions.set('somebody', undefined)
      assert.deepEqual(await alice.broadcast.send({ n: 1 }), {
        sent: ['somebody'],
        failed: [],
        unconnected: 1,
        flooded: true
      })
      assert.equal(await bob.hear(alice.published[0]), Accept)
      assert.deepEqual(await bob.take(1), [{ from: alice.peerId, message: { n: 1 } }])
      assert.equal(bob.broadcast.acceptCopy(alice.peerId, instanceAt(1), alice.copies[0].mark), false)
      assert.ok(bob.results.has('delivered'))
    })

    it('is flooded after all for a member whose session ends meanwhile, and for nobody who has left', async () => {
      const [alice, bob] = await pair()
      const lost = new Error('connection-lost')
      alice.sessions.set(bob.peerId, lost)
      assert.deepEqual(await alice.broadcast.send('hi'), {
        sent: [],
        failed: [{ peerId: bob.peerId, error: lost }],
        unconnected: 1,
        flooded: true
      })
      assert.equal(await bob.hear(alice.published[0]), Accept)
      alice.known.clear()
      alice.sessions.set(bob.peerId, lost)
      const { flooded, unconnected } = await alice.broadcast.send('hi')
      assert.deepEqual([flooded, unconnected], [false, 0])
    })

    it('is not flooded for members that are lost; where it is for others it is theirs too', async () => {
      const [alice, bob] = await pair()
      alice.sessions.set('somebody', undefined)
      for (const peer of [bob.peerId, 'of another room']) alice.lost.add(peer)
      const expected = { sent: ['somebody'], failed: [], unconnected: 0, flooded: false }
      for (let n = 0; n < 20; n++) assert.deepEqual(await alice.broadcast.send('hi'), expected)
      const carol = await BroadcastMember.create()
      members.push(carol)
      alice.meet(carol)
      assert.deepEqual(await alice.broadcast.send('hi'), { ...expected, unconnected: 1, flooded: true })
      assert.equal(await bob.hear(alice.published[0]), Accept)
      alice.lost.delete(bob.peerId)
      assert.equal((await alice.broadcast.send('hi')).unconnected, 2)
    })

    it('is flooded where presence may not tell of everybody', async () => {
      const presence = { size: 0, get: () => undefined, isFull: true, setSettled: () => undefined }
      const [, bob] = await pair({ presence })
      assert.equal((await bob.broadcast.send('hi')).flooded, true)
    })

    it('keeps the order of calls', async () => {
      const [alice, bob] = await pair()
      await Promise.all([1, 2, 3].map((n) => alice.broadcast.send(n)))
      for (const sealed of alice.published) await bob.hear(sealed)
      assert.deepEqual(
        (await bob.take(3)).map(({ message }) => message),
        [1, 2, 3]
      )
    })

    it('says why it could not be flooded, and reaches those with a session all the same', async () => {
      const [alice] = await pair()
      alice.sessions.set('somebody', undefined)
      const errorOf = async (message: unknown): Promise<unknown> => {
        const { sent, flooded, floodError } = await alice.broadcast.send(message)
        assert.deepEqual([sent, flooded], [['somebody'], false])
        return floodError
      }
      const large = (await errorOf('x'.repeat(8_191))) as Error & { code: string }
      assert.deepEqual([large.name, large.code], ['BroadcastTooLargeError', 'ERR_BROADCAST_TOO_LARGE'])
      assert.match(large.message, /8193 bytes.*8192 at most.*maxConnections/)
      assert.equal(((await errorOf(10n)) as Error).name, 'PayloadEncodeError')
      alice.subscribers = 0
      assert.equal(((await errorOf('hi')) as { code?: string }).code, 'ERR_BROADCAST_UNHEARD')
      alice.subscribers = 1
      let results = await Promise.all(Array.from({ length: 20 }, () => alice.broadcast.send('hi')))
      results = results.filter(({ flooded }) => !flooded)
      assert.ok(results.length > 0)
      for (const { floodError } of results) {
        assert.equal((floodError as { code?: string } | undefined)?.code, 'ERR_BROADCAST_RATE')
      }
    })

    it('is not flooded where that was not wanted: by call, or where not everybody is admitted', async () => {
      const [alice, bob] = await pair({ floods: false })
      const expected = { sent: [], failed: [], unconnected: 1, flooded: false }
      assert.deepEqual(await alice.broadcast.send('hi', { flood: false }), expected)
      assert.deepEqual(await bob.broadcast.send('hi'), expected)
      assert.equal((await bob.broadcast.send('hi', { flood: true })).flooded, true)
    })

    it('waits so long for a peer that makes no room for its copy, and names it; the next time less', async () => {
      const alice = await BroadcastMember.create({ copyTimeouts: { ms: 40, lateMs: 1 } })
      members.push(alice)
      for (const peer of ['reader', 'stuck', 'stuck too']) alice.sessions.set(peer, undefined)
      const late = async (): Promise<unknown[]> => {
        const { sent, failed } = await alice.broadcast.send('hi')
        assert.ok(sent.includes('reader') && sent.length + failed.length === 3)
        return failed.map(({ peerId, error: { name, message, ...error } }) => {
          assert.equal(name, 'BroadcastTimeoutError')
          assert.deepEqual(
            { ...error, cause: undefined },
            { code: 'ERR_BROADCAST_TIMEOUT', peerId, cause: undefined }
          )
          return `${peerId}: ${message.match(/within (\d+) ms/)?.[1]}`
        })
      }
      alice.stuck.add('stuck')
      assert.deepEqual(await late(), ['stuck: 40'])
      alice.stuck.add('stuck too')
      assert.deepEqual(await late(), ['stuck: 1', 'stuck too: 40'])
      alice.stuck.delete('stuck too')
      assert.deepEqual(await late(), ['stuck: 1'])
      alice.stuck.add('stuck too')
      alice.broadcast.handleSession('stuck', false)
      assert.deepEqual((await late()).toSorted(), ['stuck too: 40', 'stuck: 40'])
    })

    it('waits on while much of what waits for a peer leaves', async () => {
      const alice = await BroadcastMember.create({ copyTimeouts: { ms: 4, lateMs: 1 } })
      members.push(alice)
      alice.sessions.set('slow', undefined)
      alice.stuck.add('slow')
      const left = [0, 66, 132, 256, 300]
      alice.bytesSent = () => left.shift() ?? assert.fail('asked once too often')
      const { failed } = await alice.broadcast.send('hi')
      assert.deepEqual([failed[0].error.name, left], ['BroadcastTimeoutError', []])
    })

    it('is taken back from who makes no room for it when its signal is aborted', async () => {
      const [alice] = await pair()
      alice.sessions.set('stuck', undefined)
      alice.stuck.add('stuck')
      const abort = new AbortController()
      const result = alice.broadcast.send('hi', { signal: abort.signal, flood: false })
      abort.abort()
      const { failed } = await result
      assert.deepEqual(
        failed.map(({ peerId, error }) => [peerId, error.name]),
        [['stuck', 'AbortError']]
      )
    })

    it('is over before it has begun where its signal is aborted', async () => {
      const [alice] = await pair()
      await assert.rejects(alice.broadcast.send('hi', { signal: AbortSignal.abort() }), {
        name: 'AbortError'
      })
      assert.deepEqual(alice.published, [])
    })
  })

  describe('of others, by gossip', () => {
    it('is refused at the cost of its neighbour where nobody in the room would have passed it on', async () => {
      const [alice, bob] = await pair()
      const sealed = await alice.seal()
      sealed[100] ^= 1
      assert.equal(await bob.hear(sealed), Reject)
      assert.equal(await bob.hear(new Uint8Array(100).fill(1)), Reject)
      assert.equal(await bob.hear(new Uint8Array(16_384).fill(1)), Reject)
      assert.ok(bob.results.has('invalid'))
    })

    it('is let go at nobody’s cost where a neighbour may have known less, or more, than we do', async () => {
      const [alice, bob] = await pair()
      assert.equal(await bob.hear(Uint8Array.of(2, 1, 2, 3)), Ignore)
      assert.equal(await bob.hear(await alice.seal()), Accept)
      assert.equal(await bob.hear(await alice.seal()), Ignore)
      assert.equal(await bob.hear(await alice.seal({ counter: 2, instance: instanceAt(0) })), Ignore)
      bob.meet(alice, { instance: instanceAt(1), settled: 9 })
      assert.equal(await bob.hear(await alice.seal({ counter: 9 })), Ignore)
      assert.equal(await bob.hear(await bob.seal({ counter: 2 })), Ignore)
      assert.deepEqual([...bob.results].toSorted(), ['delivered', 'duplicate', 'foreign', 'own', 'stale'])
    })

    it('waits for presence of who has just come', async () => {
      const [alice, bob] = await pair()
      bob.known.clear()
      const verdict = bob.hear(await alice.seal())
      await new Promise((resolve) => setImmediate(resolve))
      bob.meet(alice)
      assert.equal(await verdict, Accept)
    })

    it('is passed on but not delivered where admit refuses its origin, or nobody can read it', async () => {
      const [alice, bob] = await pair({ admit: () => Promise.resolve(false) })
      assert.equal(await bob.hear(await alice.seal()), Accept)
      const [carol, dave] = await pair({ channels: { default: { codec: bytesCodec } } })
      assert.equal(await dave.hear(await carol.seal()), Accept)
      assert.equal(await dave.hear(await carol.seal({ counter: 2, codec: 'bytes' })), Accept)
      assert.deepEqual(await dave.take(1), [
        { from: carol.peerId, message: new TextEncoder().encode('"by hand"') }
      ])
      assert.ok(bob.results.has('not-admitted') && dave.results.has('undecodable'))
      bob.broadcast.stop()
      assert.deepEqual(await bob.take(1), [])
    })

    it('beyond what one member may say, is let go', async () => {
      const [alice, bob] = await pair()
      const verdicts = []
      for (let counter = 1; counter <= 60; counter++)
        verdicts.push(await bob.hear(await alice.seal({ counter })))
      assert.ok(verdicts.slice(0, 32).every((verdict) => verdict === Accept))
      assert.ok(verdicts.includes(Ignore) && !verdicts.includes(Reject))
    })

    it('is not opened any more of a neighbour that sends without measure; of others it is', async () => {
      const [alice, bob] = await pair()
      const junk = new Uint8Array(100).fill(1)
      const verdicts = await Promise.all(Array.from({ length: 3_000 }, () => bob.hear(junk, 'liar')))
      assert.ok(verdicts.filter((verdict) => verdict === Ignore).length > 1_000)
      assert.equal(await bob.hear(await alice.seal(), 'honest'), Accept)
    })

    it('leaves no timer, and nobody without a verdict, when it ends', async () => {
      const leaks = leakCheck()
      const [alice, bob] = await pair()
      bob.broadcast.handleSession(alice.peerId, true)
      assert.equal(await bob.hear(await alice.seal()), Accept)
      bob.known.clear()
      const verdict = bob.hear(await alice.seal({ counter: 2, instance: instanceAt(5) }))
      await alice.broadcast.send('hi')
      await new Promise((resolve) => setImmediate(resolve))
      alice.broadcast.stop()
      bob.broadcast.stop()
      assert.equal(await verdict, Ignore)
      const { floodError } = await alice.broadcast.send('too late')
      assert.equal((floodError as { code?: string } | undefined)?.code, 'ERR_MESH_CLOSED')
      await leaks.done()
    })
  })
})

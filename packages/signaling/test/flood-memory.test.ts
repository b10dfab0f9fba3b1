import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encodeEnvelope, encodeRetry, type EnvelopeKind } from '../src/envelope/envelope.ts'
import { Introducer } from '../src/introduction/introducer.ts'
import { peerIdBytes, peerIdOfSeed, peerIdText, publicKeyOf } from '../src/peer-key.ts'
import { createMember, seedOf } from './support/member.ts'
import { TestNetwork } from './support/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

/** Each from somebody else: several times what any table holds. */
const ENVELOPES = 25_000

/** A table of half of them, or anything that is kept of each, is more. */
const TOLERANCE_BYTES = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapBytes(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function bytesOf(length: number, count: number): Uint8Array {
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setUint32(0, count)
  return bytes
}

/** A flood that has filled every table must not make the heap grow any further. */
async function assertSettled(flood: (from: number) => Promise<void> | void): Promise<void> {
  await flood(0)
  const before = heapBytes()
  await flood(ENVELOPES)
  const grownBytes = heapBytes() - before
  assert.ok(grownBytes < TOLERANCE_BYTES, `${grownBytes} bytes more after ${ENVELOPES} envelopes more`)
}

describe('what is kept of a flood from ever new senders', () => {
  it('is bounded at its recipient, on each path, through each introducer and of each kind', async () => {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    const owner = peerIdOfSeed(seedOf(0))
    const paths = [
      network.path('direct', owner, { kind: 'direct' }),
      network.path('introducer', owner, { intermediaries: () => ['a', 'b', 'c'] }),
      network.path('gossip', owner, { kind: 'broadcast' })
    ]
    const member = await createMember(clock, network, { index: 0, paths })
    const lanes = ['direct', 'introducer|a', 'introducer|b', 'gossip']
    const kinds: EnvelopeKind[] = ['message1', 'message2', 'retry', 'transport']
    const recipient = peerIdBytes(publicKeyOf(owner))
    await assertSettled(async (from) => {
      for (let count = from; count < from + ENVELOPES; count++) {
        const session = bytesOf(16, count)
        const kind = kinds[count % kinds.length]
        const body = kind === 'retry' ? encodeRetry({ versions: [], cookie: session }) : bytesOf(300, count)
        const envelope = encodeEnvelope({ version: 1, recipient, session, kind, number: 0, body })
        network.inject(lanes[(count >> 2) % lanes.length], owner, envelope, peerIdText(bytesOf(32, count)))
      }
      // What is on its way, and what was seen of it, is the network's.
      await clock.advance(100)
      network.seen.length = 0
    })
    await member.signaler.stop()
    await clock.advance(10_000)
  }).timeout(60_000)

  it('is bounded at an introducer', async () => {
    const introducer = new Introducer({ totalPerSecond: 1e9 }, 0)
    const peer = (count: number): string => peerIdText(bytesOf(32, count))
    for (let count = 0; count < 1_000; count++) introducer.handleRegister(peer(count))
    assert.equal(introducer.registrations, 512)
    await assertSettled((from) => {
      for (let count = from; count < from + ENVELOPES; count++) {
        const recipient = peerIdBytes(publicKeyOf(peer(count % 512)))
        const session = bytesOf(16, count)
        const head = { version: 1, recipient, session, kind: 'message1', number: 0 } as const
        const envelope = encodeEnvelope({ ...head, body: bytesOf(300, count) })
        const source = peer(1_000_000 + count)
        if (introducer.admits(source, envelope.length, count))
          introducer.handleEnvelope(source, envelope, count)
      }
    })
  }).timeout(60_000)
})

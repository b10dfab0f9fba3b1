import assert from 'node:assert/strict'
import { GossipIntake } from '../src/gossip/gossip-intake.ts'
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'

const PROTOCOL = '/meshsub/1.2.0'
const BURST_BYTES = 512 * 1024

/** As much of a stream as is asked for here. */
class FakeStream extends EventTarget {
  status = 'open'
  readStatus = 'readable'
  maxReadBufferLength = 0

  pause(): void {
    this.readStatus = 'paused'
  }

  resume(): void {
    this.readStatus = 'readable'
    this.dispatchEvent(new Event('resumed'))
  }

  receive(byteLength: number): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: { byteLength } }))
  }

  close(): void {
    this.status = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}

describe('the intake of gossip', () => {
  const streams: FakeStream[] = []
  let intake: GossipIntake
  let handler: StreamHandler

  beforeEach(async () => {
    intake = new GossipIntake()
    const registrar: Partial<Registrar> = {
      handle: (_protocol, given) => {
        handler = given
        return Promise.resolve()
      }
    }
    await intake.meter(registrar as Registrar).handle(PROTOCOL, () => undefined)
  })

  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close()
  })

  async function open(neighbour: string): Promise<FakeStream> {
    const stream = new FakeStream()
    streams.push(stream)
    const connection = { remotePeer: { toString: () => neighbour } } as Connection
    await handler(stream as unknown as Stream, connection)
    return stream
  }

  it('reads what comes at a usual rate, and pauses a stream that brings too much for a while', async () => {
    const stream = await open('flooder')
    stream.receive(BURST_BYTES)
    assert.equal(stream.readStatus, 'readable')
    const resumed = new Promise((resolve) => {
      stream.addEventListener('resumed', resolve, { once: true })
    })
    stream.receive(64 * 1024)
    assert.equal(stream.readStatus, 'paused')
    await resumed
    stream.receive(64 * 1024)
    assert.equal(stream.readStatus, 'readable')
  })

  it('has each neighbour pay for itself, on whatever stream, and never reads more than a window ahead', async () => {
    const [flooding, honest] = [await open('flooder'), await open('neighbour')]
    flooding.receive(2 * BURST_BYTES)
    honest.receive(1000)
    assert.deepEqual([flooding.readStatus, honest.readStatus], ['paused', 'readable'])
    flooding.close()
    const again = await open('flooder')
    assert.equal(again.readStatus, 'paused', 'a new stream is no new beginning')
    assert.equal(again.maxReadBufferLength, 1024 * 1024)
  })

  it('remembers a bounded number of neighbours', async () => {
    for (let count = 0; count < 2_000; count++) {
      const stream = await open(`neighbour ${count}`)
      stream.receive(1)
    }
    assert.equal(intake.size, 1_024)
  })
})

import assert from 'node:assert/strict'
import type { ComponentLogger, Connection, Logger, Stream, StreamHandler } from '@libp2p/interface'
import { IntroducerHost } from '../src/index.ts'
import {
  decodeIntroduction,
  encodeIntroduction,
  type Introduction
} from '../src/introduction/introduction.ts'
import { encodeFrame, FrameDecoder } from '../src/paths/frames.ts'
import { peerIdOfSeed } from '../src/peer-key.ts'
import { seedOf } from './support/member.ts'

const log = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined })
const logger: ComponentLogger = { forComponent: () => log as unknown as Logger }

/** One end of a stream as a host uses it: what was written, and whether it is read. */
class MemberStream extends EventTarget {
  status = 'open'
  readonly writeStatus = 'writable'
  readonly writableNeedsDrain = false
  readStatus = 'readable'
  maxReadBufferLength = 0
  readonly said: Introduction[] = []
  readonly #frames = new FrameDecoder()

  send(data: Uint8Array): boolean {
    for (const frame of this.#frames.push(data) ?? []) {
      this.said.push(decodeIntroduction(frame)!)
    }
    return true
  }

  pause(): void {
    this.readStatus = 'paused'
  }

  resume(): void {
    this.readStatus = 'readable'
  }

  abort(): void {
    this.status = 'aborted'
    this.dispatchEvent(new Event('close'))
  }

  /** Introductions that come in one piece. */
  receive(...introductions: Introduction[]): void {
    const data = Buffer.concat(introductions.map((each) => encodeFrame(encodeIntroduction(each))))
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

describe('an introducer on libp2p', () => {
  let accept: StreamHandler
  let farewells: string[]
  let host: IntroducerHost

  beforeEach(async () => {
    farewells = []
    host = new IntroducerHost(
      {
        registrar: {
          handle: async (_protocol, handler) => {
            accept = handler
          },
          unhandle: async () => undefined
        },
        logger
      },
      { limits: { sourceBurst: 4, sourcePerSecond: 0.001 }, onFarewell: (peer) => farewells.push(peer) }
    )
    await host.start()
  })

  afterEach(() => host.stop())

  function open(index: number): MemberStream {
    const stream = new MemberStream()
    const remotePeer = { toString: () => peerIdOfSeed(seedOf(index)) }
    void accept(stream as unknown as Stream, { remotePeer } as unknown as Connection)
    return stream
  }

  for (const kind of ['register', 'farewell'] as const) {
    it(`counts every '${kind}' against the quota of who says it, and reads no more than that`, () => {
      const stream = open(0)
      stream.receive(...Array.from({ length: 1000 }, () => ({ kind })))
      assert.equal(stream.said.length + farewells.length, 4)
      assert.equal(stream.readStatus, 'paused')
      const other = open(1)
      other.receive({ kind: 'register' })
      assert.deepEqual(other.said, [{ kind: 'registered' }], 'others are served')
    })
  }

  it('reads a second stream of a source no more than the first', () => {
    open(0).receive(...Array.from({ length: 5 }, () => ({ kind: 'register' as const })))
    const second = open(0)
    assert.equal(second.readStatus, 'paused')
    second.receive({ kind: 'register' })
    assert.deepEqual(second.said, [])
  })
})

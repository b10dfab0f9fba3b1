import assert from 'node:assert/strict'
import { decodeDcepMessage, encodeDcepMessage, type DcepMessage } from '@hearsay/sctp'
import { ChunkType, encodeChunk } from '../../../packages/sctp/src/packet/chunk.ts'
import {
  decodeStateCookie,
  encodeStateCookie,
  type StateCookie
} from '../../../packages/sctp/src/association/state-cookie.ts'
import { encodeAbortChunk, readErrorCauses } from '../../../packages/sctp/src/packet/error-cause.ts'
import {
  readForwardTsnChunk,
  writeForwardTsnChunk
} from '../../../packages/sctp/src/packet/forward-tsn-chunk.ts'
import { encodeInitChunk, readInitChunk } from '../../../packages/sctp/src/packet/init-chunk.ts'
import {
  encodeReConfigChunk,
  readReConfigChunk,
  type ReConfigParameter
} from '../../../packages/sctp/src/packet/re-config-chunk.ts'
import { SackReader } from '../../../packages/sctp/src/packet/sack-chunk.ts'
import {
  dataChunk,
  packetOf,
  record,
  resealed,
  sackChunk,
  tagOf
} from '../../../packages/sctp/test/support/craft.ts'
import { Pair } from '../../../packages/sctp/test/support/pair.ts'
import { assertModest, decoderTarget, type FuzzTarget } from '../fuzz-target.ts'

const TSN = 0xfffffff0
const OWN_TSN = 0x7ffffff0
const RECEIVE_WINDOW = 4000

const INIT = {
  initiateTag: 1,
  advertisedWindow: 4000,
  outboundStreams: 10,
  inboundStreams: 10,
  initialTsn: TSN,
  forwardTsn: true,
  reConfig: true,
  zeroChecksum: true
}

const STATE_COOKIE: StateCookie = {
  agreed: {
    localTag: 1,
    peerTag: 2,
    localInitialTsn: OWN_TSN,
    peerInitialTsn: TSN,
    peerWindow: 4000,
    outboundStreams: 10,
    inboundStreams: 10,
    forwardTsn: true,
    reConfig: true,
    zeroChecksum: false
  },
  localTieTag: 3,
  peerTieTag: 4,
  createdAt: 1_000
}

/** Other requests are denied, and never written. */
type WrittenParameter = Exclude<ReConfigParameter, { kind: 'unsupported' }>

const RESET: WrittenParameter = {
  kind: 'outgoing-reset',
  requestSequence: TSN,
  responseSequence: OWN_TSN,
  lastAssignedTsn: TSN + 3,
  streamIds: [1, 2]
}

function forwardTsn(newCumulativeTsn: number): Uint8Array {
  const bytes = new Uint8Array(16)
  writeForwardTsnChunk(bytes, 0, {
    newCumulativeTsn,
    skipped: [
      { streamId: 1, ssn: 2 },
      { streamId: 2, ssn: 0 }
    ]
  })
  return bytes
}

/** A chunk of every kind that follows the handshake. */
const CHUNKS: readonly Uint8Array[] = [
  dataChunk(TSN, { streamId: 1 }),
  dataChunk(TSN + 1, { streamId: 1, ssn: 1, flags: 2, data: new Uint8Array(100) }),
  dataChunk(TSN + 2, { streamId: 1, ssn: 1, flags: 1, data: new Uint8Array(50) }),
  dataChunk(TSN + 5, { flags: 7 }),
  sackChunk(OWN_TSN, 4000),
  sackChunk(OWN_TSN - 1, 4000, [[2, 3]], [OWN_TSN]),
  forwardTsn(TSN + 4),
  encodeReConfigChunk([RESET]),
  encodeReConfigChunk([{ kind: 'response', responseSequence: OWN_TSN, result: 1 }]),
  encodeChunk(ChunkType.heartbeat, 0, Uint8Array.of(0, 1, 0, 8, 1, 2, 3, 4)),
  encodeChunk(ChunkType.heartbeatAck, 0, Uint8Array.of(0, 1, 0, 8, 1, 2, 3, 4)),
  encodeChunk(ChunkType.error, 0, Uint8Array.of(0, 1, 0, 8, 0, 1, 0, 0)),
  encodeChunk(ChunkType.shutdown, 0, Uint8Array.of(0x7f, 0xff, 0xff, 0xef)),
  encodeChunk(ChunkType.shutdownAck, 0, new Uint8Array(0)),
  encodeInitChunk(ChunkType.init, INIT),
  encodeChunk(0xbf, 0, new Uint8Array(8))
]

const sack = new SackReader()

/** The sender of `chunks` in one packet is past the handshake with `b`, who has sent something and awaits more. */
function established(): { pair: Pair; tag: number } {
  const pair = new Pair({
    a: { initialTsn: TSN },
    b: { initialTsn: OWN_TSN, receiveWindow: RECEIVE_WINDOW, maxMessageSize: 1000 }
  })
  const toB = record(pair.toB)
  pair.a.association.connect(pair.now)
  pair.runUntil(() => pair.a.association.state === 'established' && toB.length >= 2)
  pair.send(pair.b, 1, new Uint8Array(3000))
  pair.send(pair.b, 2, new Uint8Array(300), { maxRetransmits: 0, ordered: false })
  return { pair, tag: tagOf(toB[1]) }
}

/** What became of an association that took a packet, after everything that follows by itself. */
function outcome(pair: Pair): unknown {
  const { association, packetBuffer } = pair.b
  let packets = 0
  for (let turn = 0; turn < 8; turn++) {
    pair.b.pollEvents()
    association.flush()
    while (association.pollPacket(packetBuffer, pair.now) > 0) {
      packets++
      assert.ok(packets < 100, 'answers without end')
    }
    const status = association.status()
    if (status !== undefined) {
      assert.ok(status.unpolledBytes <= RECEIVE_WINDOW)
      assert.ok(status.bytesInFlight >= 0 && status.bytesInFlight <= 4000)
      assert.ok(Number.isFinite(status.congestionWindow) && Number.isFinite(status.rto))
    }
    const next = association.pollTimeout()
    if (next === Infinity) break
    assert.ok(!Number.isNaN(next))
    pair.now = Math.max(pair.now, next)
    association.handleTimeout(pair.now)
  }
  const { state, counters } = association
  const told = pair.b.events.map(({ type }) => ({ type }))
  return { state, told: told.at(-1), packets, ...counters }
}

export const sctpTargets: readonly FuzzTarget[] = [
  decoderTarget<DcepMessage>({
    name: 'sctp/dcep',
    decode: decodeDcepMessage,
    encode: encodeDcepMessage,
    values: [
      { type: 'ack' },
      { type: 'open', ordered: true, priority: 256, label: 'chat', protocol: '' },
      { type: 'open', ordered: false, maxRetransmits: 3, priority: 128, label: 'ü', protocol: 'x' },
      { type: 'open', ordered: false, maxPacketLifeTimeMs: 70_000, priority: 1024, label: '', protocol: 'y' }
    ]
  }),
  decoderTarget<WrittenParameter[]>({
    name: 'sctp/re-config',
    decode: (bytes) => {
      const read = readReConfigChunk(bytes, 0, bytes.length)
      const written = read?.filter((parameter) => parameter.kind !== 'unsupported')
      return written?.length === read?.length ? written : undefined
    },
    encode: encodeReConfigChunk,
    values: [
      [RESET],
      [{ kind: 'response', responseSequence: 1, result: 6 }, RESET],
      [{ kind: 'incoming-reset', requestSequence: 7, streamIds: [] }]
    ]
  }),
  {
    name: 'sctp/init',
    corpus: [
      encodeInitChunk(ChunkType.init, INIT),
      encodeInitChunk(ChunkType.initAck, { ...INIT, stateCookie: new Uint8Array(40) })
    ],
    run: (input) => {
      const reading = readInitChunk(input, 0, input.length)
      assertModest(reading, input.length)
      return reading.kind === 'malformed' ? undefined : reading
    }
  },
  {
    // Behind a MAC that fits: only who has our key could write it, but then the rest must not matter either.
    name: 'sctp/state-cookie',
    corpus: [encodeStateCookie(STATE_COOKIE, () => Uint8Array.of(1))],
    run: (input) => {
      const cookie = decodeStateCookie(input, () => input.subarray(41))
      assertModest(cookie, input.length)
      assert.equal(
        decodeStateCookie(input, () => new Uint8Array(0)),
        undefined
      )
      return cookie
    }
  },
  {
    name: 'sctp/sack',
    corpus: [sackChunk(1, 2), sackChunk(1, 2, [[2, 3]], [4]), sackChunk(0, 0, [], [1, 2, 3])],
    run: (input) => {
      if (!sack.read(input, 0, input.length)) return undefined
      const blocks = Array.from({ length: sack.gapBlocks }, (_, index) => [
        sack.blockStart(index),
        sack.blockEnd(index)
      ])
      const duplicates = Array.from({ length: sack.duplicates }, (_, index) => sack.duplicate(index))
      assert.ok([...blocks.flat(), ...duplicates].every((value) => value >= 0 && value <= 0xffffffff))
      assertModest([blocks, duplicates], 4 * input.length)
      return { blocks, duplicates }
    }
  },
  {
    name: 'sctp/forward-tsn',
    corpus: [forwardTsn(1)],
    run: (input) => {
      const chunk = readForwardTsnChunk(input, 0, input.length)
      assertModest(chunk, input.length)
      return chunk
    }
  },
  {
    name: 'sctp/error-causes',
    corpus: [
      encodeAbortChunk(0, { code: 12, info: Uint8Array.of(1, 2, 3) }),
      encodeAbortChunk(0, { code: 13, info: new Uint8Array(0) })
    ],
    run: (input) => {
      const causes = readErrorCauses(input, 0, input.length)
      assertModest(causes, input.length)
      return causes
    }
  },
  {
    // Chunks under the right tag and checksum: what an authenticated peer may say.
    name: 'sctp/chunks',
    corpus: [...CHUNKS, Buffer.concat(CHUNKS.slice(0, 6))],
    maxBytes: 1400,
    run: (input) => {
      const { pair, tag } = established()
      pair.b.association.handlePacket(packetOf(tag, input), pair.now)
      return outcome(pair)
    }
  },
  {
    // Whole packets with a right checksum, to an association that is not there yet.
    name: 'sctp/packets',
    corpus: [
      packetOf(0, encodeInitChunk(ChunkType.init, INIT)),
      packetOf(5, encodeChunk(ChunkType.cookieEcho, 0, new Uint8Array(60))),
      packetOf(5, encodeChunk(ChunkType.shutdownAck, 0, new Uint8Array(0))),
      packetOf(5, ...CHUNKS.slice(0, 5))
    ],
    run: (input) => {
      const pair = new Pair({ b: { receiveWindow: RECEIVE_WINDOW, maxMessageSize: 1000 } })
      pair.b.association.handlePacket(input, pair.now)
      if (input.length >= 12) pair.b.association.handlePacket(resealed(input), pair.now)
      return outcome(pair)
    }
  }
]

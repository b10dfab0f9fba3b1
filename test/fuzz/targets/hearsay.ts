import { deriveRoom, peerIdOfSeed } from '@hearsay/signaling'
import { InvalidInviteError, parseInvite, renderInvite, type Invite } from 'hearsay'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import {
  decodePresenceRecord,
  encodePresenceRecord,
  type PresenceRecord
} from '../../../packages/hearsay/src/presence/presence-record.ts'
import {
  decodeFrame,
  encodeFrame,
  type ExchangeFrame
} from '../../../packages/hearsay/src/presence/exchange-frame.ts'
import { Hello } from '../../../packages/hearsay/src/presence/pb/exchange.js'
import { openPresence, sealPresence } from '../../../packages/hearsay/src/presence/presence-seal.ts'
import { decodeFlood, encodeFlood, type Flood } from '../../../packages/hearsay/src/broadcast/flood.ts'
import { openFlood, sealFlood } from '../../../packages/hearsay/src/broadcast/flood-seal.ts'
import { assertModest, decoderTarget, type FuzzTarget } from '../fuzz-target.ts'

const room = await deriveRoom({ name: 'kitchen' })
const privateKey = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7))

const PRESENT: PresenceRecord = {
  instance: new Uint8Array(16).fill(1),
  sequence: 3,
  ttlMs: 120_000,
  addresses: [Uint8Array.of(4, 127, 0, 0, 1, 6, 0x0f, 0xa1)],
  introducers: [peerIdOfSeed(new Uint8Array(32).fill(8))],
  services: ['stun'],
  gone: false,
  settled: 7
}

const GONE: PresenceRecord = { ...PRESENT, addresses: [], introducers: [], services: [], gone: true }

const FLOOD: Flood = {
  instance: new Uint8Array(16).fill(1),
  counter: 300,
  codec: 'json',
  body: new TextEncoder().encode('"hello"')
}

/** Pasted by people, and written by strangers. */
const inviteTarget = decoderTarget<Invite>({
  name: 'hearsay/invite',
  decode: (bytes) => {
    try {
      return parseInvite(new TextDecoder().decode(bytes))
    } catch (error) {
      if (error instanceof InvalidInviteError) return undefined
      throw error
    }
  },
  encode: (invite) => new TextEncoder().encode(renderInvite(invite)),
  values: [
    { room: 'kitchen', bootstrap: [] },
    { room: 'kitchen', key: new Uint8Array(32).fill(7), bootstrap: ['/ip4/127.0.0.1/tcp/4001'] }
  ]
})

const PRINTS = ['0123456789abcdef', 'ffffffffffffffff']

const FRAMES: readonly ExchangeFrame[] = [
  { type: 'digest', records: PRINTS[0], members: PRINTS[1], count: 2, news: PRINTS },
  { type: 'compare', parts: Array.from({ length: 8 }, () => PRINTS[1]) },
  { type: 'list', parts: Uint8Array.of(129), fingerprints: PRINTS },
  { type: 'want', fingerprints: PRINTS },
  { type: 'records', held: [{ sealed: new Uint8Array(20).fill(3), remainingMs: 9_000 }], absent: PRINTS }
]

export const hearsayTargets: readonly FuzzTarget[] = [
  inviteTarget,
  decoderTarget<PresenceRecord>({
    name: 'hearsay/presence-record',
    decode: decodePresenceRecord,
    encode: encodePresenceRecord,
    values: [PRESENT, GONE]
  }),
  {
    name: 'hearsay/sealed-presence',
    corpus: [await sealPresence(PRESENT, privateKey, room, new Uint8Array(24).fill(9))],
    run: async (input) => {
      const opened = await openPresence(input, room)
      assertModest(opened, input.length)
      return opened
    }
  },
  {
    name: 'hearsay/presence-hello',
    corpus: [Hello.encode({ topic: room.topic, proof: new Uint8Array(32).fill(5) })],
    run: (input) => {
      let hello: Hello
      try {
        hello = Hello.decode(input)
      } catch {
        // What it throws ends the stream.
        return undefined
      }
      assertModest(hello, input.length)
      return hello
    }
  },
  decoderTarget<ExchangeFrame>({
    name: 'hearsay/presence-frame',
    maxBytes: 8_192,
    decode: decodeFrame,
    encode: encodeFrame,
    values: FRAMES
  }),
  decoderTarget<Flood>({
    name: 'hearsay/flood',
    decode: decodeFlood,
    encode: encodeFlood,
    values: [FLOOD, { ...FLOOD, body: new Uint8Array(0) }]
  }),
  {
    name: 'hearsay/sealed-flood',
    corpus: [await sealFlood(FLOOD, privateKey, room, new Uint8Array(24).fill(9))],
    run: async (input) => {
      const opened = openFlood(input, room)
      assertModest(opened, input.length)
      return typeof opened === 'object' ? [opened.flood, await opened.verify()] : opened
    }
  }
]

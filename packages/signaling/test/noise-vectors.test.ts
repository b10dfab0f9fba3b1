import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { x25519 as noble } from '../src/dh/noble.ts'
import type { X25519 } from '../src/dh/x25519.ts'
import { open, seal } from '../src/handshake/cipher-state.ts'
import { HandshakeState, type KeyPair } from '../src/handshake/handshake-state.ts'
import { IK, type HandshakePattern } from '../src/handshake/patterns.ts'
import { x25519 as openssl } from '../src/node/x25519.ts'

interface Vector {
  source: string
  protocol_name: string
  init_prologue: string
  init_static?: string
  init_ephemeral: string
  init_remote_static?: string
  resp_prologue: string
  resp_static?: string
  resp_ephemeral: string
  handshake_hash?: string
  messages: { payload: string; ciphertext: string }[]
}

/** What the published file also covers and a general core must get right; hearsay itself speaks IK only. */
const PATTERNS: HandshakePattern[] = [
  IK,
  { name: 'NN', responderStaticKnown: false, messages: [['e'], ['e', 'ee']] },
  { name: 'XX', responderStaticKnown: false, messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']] }
]

const EMPTY = new Uint8Array(0)
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? EMPTY).toString('hex')
const unhex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

const file = new URL('./vectors/noise-ik-25519-chachapoly-sha256.json', import.meta.url)
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] }

describe('published Noise vectors', () => {
  for (const [name, x25519] of Object.entries({ noble, openssl })) {
    for (const pattern of PATTERNS) {
      const matching = vectors.filter((vector) => vector.protocol_name.split('_')[1] === pattern.name)
      for (const vector of matching) {
        it(`${vector.protocol_name} of ${vector.source}, X25519 of ${name}`, () =>
          run(vector, pattern, x25519))
      }
      it(`has vectors for ${pattern.name}, X25519 of ${name}`, () => assert.ok(matching.length > 0))
    }
  }
})

function run(vector: Vector, pattern: HandshakePattern, x25519: X25519): void {
  const pair = (secret: string): KeyPair => ({
    secretKey: unhex(secret),
    publicKey: x25519.publicKey(unhex(secret))
  })
  const optional = (secret: string | undefined) => (secret === undefined ? {} : { staticKey: pair(secret) })
  const initiator = new HandshakeState({
    pattern,
    role: 'initiator',
    prologue: unhex(vector.init_prologue),
    x25519,
    generateEphemeral: () => pair(vector.init_ephemeral),
    ...optional(vector.init_static),
    ...(vector.init_remote_static === undefined ? {} : { remoteStaticKey: unhex(vector.init_remote_static) })
  })
  const responder = new HandshakeState({
    pattern,
    role: 'responder',
    prologue: unhex(vector.resp_prologue),
    x25519,
    generateEphemeral: () => pair(vector.resp_ephemeral),
    ...optional(vector.resp_static)
  })
  const sides = [initiator, responder] as const
  const handshakeMessages = vector.messages.slice(0, pattern.messages.length)
  for (const [index, { payload, ciphertext }] of handshakeMessages.entries()) {
    const [writer, reader] = index % 2 === 0 ? sides : ([responder, initiator] as const)
    const message = hex(writer.writeTokens()) + hex(writer.writePayload(unhex(payload)))
    assert.equal(message, ciphertext)
    const rest = reader.readTokens(unhex(ciphertext))
    assert.ok(rest !== undefined)
    assert.equal(hex(reader.readPayload(rest)), payload)
  }
  assert.equal(hex(initiator.hash), hex(responder.hash))
  if (vector.handshake_hash !== undefined) {
    assert.equal(hex(initiator.hash), vector.handshake_hash)
  }
  const keys = sides.map((side) => side.split())
  assert.equal(hex(initiator.exportKey('x')), hex(responder.exportKey('x')))
  const transport = vector.messages.slice(pattern.messages.length)
  for (const [index, { payload, ciphertext }] of transport.entries()) {
    const from = (index + pattern.messages.length) % 2
    // The initiator and the responder take turns, so each direction counts every second message.
    const counter = index >> 1
    assert.equal(hex(seal(keys[from].sendKey, counter, EMPTY, unhex(payload))), ciphertext)
    assert.equal(hex(open(keys[1 - from].receiveKey, counter, EMPTY, unhex(ciphertext))), payload)
  }
}

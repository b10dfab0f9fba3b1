/** docs/specs/broadcast.md, "Flood": what a member of the room makes of one. */
import { createDecipheriv, createPublicKey, verify } from 'node:crypto'
import { base58, Message } from './encoding.ts'
import { peerIdBytesOf } from './handshake.ts'

const TAG_BYTES = 16

export interface MinimalFlood {
  readonly peerId: string
  readonly instance: Uint8Array
  readonly counter: number
  readonly codec: string
  readonly body: Uint8Array
}

/** Throws where the flood is not one of the room, or not signed by who it says it is from. */
export function openMinimalFlood(sealed: Uint8Array, topic: string, broadcastKey: Uint8Array): MinimalFlood {
  if (sealed[0] !== 1) throw new Error('another version')
  const aad = Buffer.from(`/hearsay/broadcast/1.0.0 ${topic}`)
  const envelope = new Message(decrypt(broadcastKey, sealed.slice(1, 25), sealed.slice(25), aad))
  const [key, type, payload, signature] = [1, 2, 3, 5].map((field) => envelope.bytes(field))
  const publicKey = new Message(key).bytes(2)
  const domain = Buffer.from(`hearsay-broadcast ${topic}`)
  const signed = Buffer.concat([domain, type, payload].flatMap((part) => [varint(part.length), part]))
  if (!verify(null, signed, keyObject(publicKey), signature)) throw new Error('the signature is not good')
  const flood = new Message(payload)
  return {
    peerId: base58(peerIdBytesOf(publicKey)),
    instance: flood.bytes(1),
    counter: flood.number(2),
    codec: Buffer.from(flood.bytes(3)).toString(),
    body: flood.bytes(4)
  }
}

/** XChaCha20-Poly1305: HChaCha20 (draft-irtf-cfrg-xchacha-03, section 2.2) before what RFC 8439 describes. */
function decrypt(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array {
  const subkey = hChaCha20(key, nonce.slice(0, 16))
  const iv = Buffer.concat([new Uint8Array(4), nonce.slice(16)])
  const cipher = createDecipheriv('chacha20-poly1305', subkey, iv, { authTagLength: TAG_BYTES })
  const text = sealed.slice(0, -TAG_BYTES)
  cipher.setAAD(aad, { plaintextLength: text.length })
  cipher.setAuthTag(sealed.slice(-TAG_BYTES))
  return Buffer.concat([cipher.update(text), cipher.final()])
}

function hChaCha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const state = new Uint32Array(16)
  const input = Buffer.concat([Buffer.from('expand 32-byte k'), key, nonce])
  for (let word = 0; word < 16; word++) state[word] = input.readUInt32LE(4 * word)
  for (let round = 0; round < 10; round++) {
    for (let column = 0; column < 4; column++)
      quarter(
        state,
        [0, 4, 8, 12].map((row) => row + column)
      )
    for (let column = 0; column < 4; column++) {
      quarter(
        state,
        [0, 1, 2, 3].map((row) => 4 * row + ((column + row) % 4))
      )
    }
  }
  const output = Buffer.alloc(32)
  for (const [index, word] of [0, 1, 2, 3, 12, 13, 14, 15].entries()) {
    output.writeUInt32LE(state[word], 4 * index)
  }
  return output
}

/** RFC 8439, section 2.1. */
function quarter(state: Uint32Array, [a, b, c, d]: number[]): void {
  const step = (x: number, y: number, z: number, bits: number): void => {
    state[x] += state[y]
    const mixed = state[z] ^ state[x]
    state[z] = (mixed << bits) | (mixed >>> (32 - bits))
  }
  step(a, b, d, 16)
  step(c, d, b, 12)
  step(a, b, d, 8)
  step(c, d, b, 7)
}

function varint(value: number): Uint8Array {
  return value < 0x80 ? Uint8Array.of(value) : Uint8Array.of((value & 0x7f) | 0x80, value >>> 7)
}

/** SubjectPublicKeyInfo of RFC 8410. */
function keyObject(publicKey: Uint8Array): ReturnType<typeof createPublicKey> {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

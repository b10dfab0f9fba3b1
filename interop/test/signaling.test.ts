import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSignaler, deriveRoom, type SignalerService, type SignalingPath } from '@hearsay/signaling'
import {
  ed25519PublicKey,
  montgomery,
  x25519Public,
  x25519Secret
} from '../support/minimal-signaling/curve25519.ts'
import { encodeFields } from '../support/minimal-signaling/encoding.ts'
import { openMinimalFlood } from '../support/minimal-signaling/floods.ts'
import {
  identityOf,
  MinimalInitiator,
  MinimalResponder,
  peerIdBytesOf,
  prologueOf,
  type SessionSecrets
} from '../support/minimal-signaling/handshake.ts'
import {
  decodeMinimalEnvelope,
  decodeMinimalPacket,
  encodeMinimalEnvelope,
  encodeMinimalPacket,
  KIND,
  openPacket,
  sealPacket,
  type MinimalEnvelope,
  type MinimalPacket
} from '../support/minimal-signaling/packets.ts'
import { deriveMinimalRoom, inviteText, proof, roomKeyText } from '../support/minimal-signaling/rooms.ts'

const VECTORS = join(import.meta.dirname, '../../docs/specs/vectors')

interface BroadcastVector {
  readonly room: Record<'name' | 'key' | 'topic' | 'broadcastKey', string>
  readonly origin: { readonly peerId: string }
  readonly flood: Record<'instance' | 'codec' | 'body', string> & { readonly counter: number }
  readonly sealed: string
}

interface SignalingVectors {
  readonly identities: readonly Record<
    'name' | 'seed' | 'publicKey' | 'peerId' | 'peerIdBytes' | 'x25519Secret' | 'x25519Public',
    string
  >[]
  readonly refusedKeys: readonly { publicKey: string; why: string }[]
  readonly rooms: readonly {
    name: string
    password?: string
    key?: string
    keyText?: string
    topic: string
    presenceKey: string
    proofKey: string
  }[]
  readonly handshake: {
    initiatorEphemeralSecret: string
    responderEphemeralSecret: string
    rooms: readonly string[]
    prologue: string
    session: string
    message1: Record<'initiatorInstance' | 'responderInstance' | 'offer' | 'body' | 'envelope', string> & {
      dialSerial: number
    }
    message2: Record<'responderInstance' | 'answer' | 'body' | 'envelope', string> & {
      outcome: number
      voidSerial: number
    }
    initiatorKey: string
    responderKey: string
    hash: string
    helloKey: string
  }
  readonly packets: readonly {
    from: string
    number: number
    received: number
    missing: string
    firstMessage: number
    messages: readonly string[]
    close: boolean
    proofs: readonly string[]
    plaintext: string
    body: string
    envelope: string
  }[]
  readonly retry: readonly { cookie?: string; versions: readonly number[]; body: string }[]
}

interface InviteVector {
  readonly room: string
  readonly key?: string
  /** In binary form: they are libp2p's own matter. */
  readonly multiaddrs: readonly string[]
  readonly invite: string
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
const text = (value: Uint8Array): string => Buffer.from(value).toString()
const utf8 = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))

function vectorsOf(name: string): unknown {
  return JSON.parse(readFileSync(join(VECTORS, `${name}.json`), 'utf8'))
}

describe('signaling, written anew from its specification', () => {
  const vectors = vectorsOf('signaling') as SignalingVectors
  const [alice, bob] = vectors.identities.map(({ seed }) => identityOf(bytes(seed)))
  const { handshake } = vectors
  const rooms = vectors.rooms.map(({ name, key, password }) =>
    deriveMinimalRoom({
      name,
      ...(key !== undefined && { key: bytes(key) }),
      ...(password !== undefined && { password })
    })
  )
  const shared = rooms.slice(0, 2)

  describe('reproduces the test vectors', () => {
    it('of identities', () => {
      for (const vector of vectors.identities) {
        const seed = bytes(vector.seed)
        const publicKey = ed25519PublicKey(seed)
        const secret = x25519Secret(seed)
        const { peerId } = identityOf(seed)
        assert.deepEqual([publicKey, peerIdBytesOf(publicKey), secret, x25519Public(secret)].map(hex), [
          vector.publicKey,
          vector.peerIdBytes,
          vector.x25519Secret,
          vector.x25519Public
        ])
        assert.equal(peerId, vector.peerId)
        assert.equal(hex(montgomery(publicKey)!), vector.x25519Public, 'from the public key alone')
      }
    })

    for (const { publicKey, why } of vectors.refusedKeys) {
      it(`of keys that are refused: ${why}`, () => assert.equal(montgomery(bytes(publicKey)), undefined))
    }

    it('of rooms', () => {
      for (const [index, { topic, presenceKey, proofKey, key, keyText }] of vectors.rooms.entries()) {
        const room = rooms[index]
        assert.deepEqual(
          [room.topic, hex(room.presenceKey), hex(room.proofKey)],
          [topic, presenceKey, proofKey]
        )
        if (key !== undefined) assert.equal(roomKeyText(bytes(key)), keyText)
      }
    })

    it('of invites', () => {
      for (const { room, key, multiaddrs, invite } of vectorsOf('invite') as InviteVector[]) {
        assert.equal(
          inviteText(room, key === undefined ? undefined : bytes(key), multiaddrs.map(bytes)),
          invite
        )
      }
    })

    it('of a broadcast', () => {
      const { room, origin, flood, sealed } = vectorsOf('broadcast') as BroadcastVector
      const { topic, broadcastKey } = deriveMinimalRoom({ name: room.name, key: bytes(room.key) })
      assert.deepEqual([`${topic}/broadcast`, hex(broadcastKey)], [room.topic, room.broadcastKey])
      const { peerId, instance, counter, codec, body } = openMinimalFlood(
        bytes(sealed),
        room.topic,
        broadcastKey
      )
      assert.deepEqual(
        { peerId, instance: hex(instance), counter, codec, body: hex(body) },
        { peerId: origin.peerId, ...flood }
      )
    })

    it('of the handshake, as initiator and as responder', () => {
      const { message1, message2 } = handshake
      const initiator = new MinimalInitiator(
        alice,
        bob.publicKey,
        bytes(handshake.initiatorEphemeralSecret),
        shared,
        {
          initiatorInstance: bytes(message1.initiatorInstance),
          responderInstance: bytes(message1.responderInstance),
          dialSerial: message1.dialSerial,
          offer: bytes(message1.offer)
        }
      )
      assert.equal(hex(prologueOf(bob.peerIdBytes)), handshake.prologue)
      assert.equal(hex(initiator.session), handshake.session)
      assert.equal(hex(initiator.body), message1.body)
      const envelope = { session: initiator.session, number: 0 }
      assert.equal(
        hex(
          encodeMinimalEnvelope({
            ...envelope,
            recipient: bob.peerIdBytes,
            kind: KIND.message1,
            body: initiator.body
          })
        ),
        message1.envelope
      )
      const received = decodeMinimalEnvelope(bytes(message1.envelope))
      const responder = new MinimalResponder(bob, received.session, received.body, rooms)
      assert.equal(responder.rooms.length, 2)
      assert.equal(hex(responder.content.offer), message1.offer)
      const { body, secrets } = responder.answer(bytes(handshake.responderEphemeralSecret), {
        outcome: message2.outcome,
        responderInstance: bytes(message2.responderInstance),
        voidSerial: message2.voidSerial,
        answer: bytes(message2.answer)
      })
      assert.equal(hex(body), message2.body)
      const answered = initiator.read(decodeMinimalEnvelope(bytes(message2.envelope)).body)
      assert.equal(hex(answered.content.answer), message2.answer)
      for (const side of [secrets, answered.secrets]) {
        assert.deepEqual([side.initiatorKey, side.responderKey, side.hash, side.helloKey].map(hex), [
          handshake.initiatorKey,
          handshake.responderKey,
          handshake.hash,
          handshake.helloKey
        ])
      }
    })

    it('of packets, sealing and opening them', () => {
      const secrets: SessionSecrets = {
        session: bytes(handshake.session),
        initiatorKey: bytes(handshake.initiatorKey),
        responderKey: bytes(handshake.responderKey),
        helloKey: bytes(handshake.helloKey),
        hash: bytes(handshake.hash)
      }
      for (const vector of vectors.packets) {
        const packet: MinimalPacket = {
          ...vector,
          missing: bytes(vector.missing),
          messages: vector.messages.map(bytes),
          proofs: vector.proofs.map(bytes)
        }
        const from = vector.from === 'alice' ? 'initiator' : 'responder'
        const plaintext = encodeMinimalPacket(packet)
        assert.equal(hex(plaintext), vector.plaintext)
        const body = sealPacket(secrets, from, vector.number, plaintext)
        assert.equal(hex(body), vector.body)
        const envelope = decodeMinimalEnvelope(bytes(vector.envelope))
        assert.deepEqual(openPacket(secrets, from, envelope.number, envelope.body), plaintext)
        const { messages, proofs } = decodeMinimalPacket(plaintext)
        assert.deepEqual([messages.map(hex), proofs.map(hex)], [vector.messages, vector.proofs])
        for (const each of proofs) {
          assert.deepEqual(each, proof(rooms[2], from, secrets.hash, alice.peerIdBytes, bob.peerIdBytes))
        }
      }
    })

    it('of retries', () => {
      for (const { cookie, versions, body } of vectors.retry) {
        const fields = [[1, bytes(cookie ?? '')], ...versions.map((each) => [2, each] as const)] as const
        assert.equal(hex(encodeFields(fields)), body)
      }
    })
  })

  describe('talks to ours', () => {
    const seed = Uint8Array.from(randomBytes(32))
    const us = identityOf(Uint8Array.from(randomBytes(32)))
    const instance = Uint8Array.from(randomBytes(16))
    let ours: SignalerService
    let received: MinimalEnvelope[]
    /** Packet numbers: what is not acked comes again. */
    let seen: Set<number>
    let deliver: (envelope: Omit<MinimalEnvelope, 'recipient'>) => void

    /** The next envelope that ours sends to us. */
    async function next(): Promise<MinimalEnvelope> {
      for (;;) {
        const envelope = received.shift()
        if (envelope !== undefined) return envelope
        await new Promise((resolve) => {
          setTimeout(resolve, 5)
        })
      }
    }

    beforeEach(async () => {
      received = []
      seen = new Set()
      const theirs = identityOf(seed)
      const path: SignalingPath = {
        name: 'wire',
        cost: 10,
        kind: 'direct',
        reaches: (peer) => peer === us.peerId,
        send: async (_peer, envelope) => {
          received.push(decodeMinimalEnvelope(envelope))
        },
        start: async (receive) => {
          deliver = (envelope) => {
            const arrival = { path: 'wire', origin: us.peerId, neighbour: us.peerId }
            receive(encodeMinimalEnvelope({ ...envelope, recipient: theirs.peerIdBytes }), arrival)
          }
        },
        stop: async () => {}
      }
      ours = createSignaler({
        privateKey: seed,
        rooms: [await deriveRoom({ name: 'kitchen' }), await deriveRoom({ name: 'cellar' })],
        paths: [path]
      })
      await ours.start()
    })

    afterEach(() => ours.stop())

    it('when it dials: learns the instance, is answered, and is heard', async () => {
      const messages: string[] = []
      ours.setOfferHandler((offer) => {
        assert.equal(offer.remotePeer, us.peerId)
        const session = offer.answer(utf8(`you said: ${text(offer.offer)}`))
        session.addEventListener('message', ({ detail }) => {
          messages.push(text(detail))
          session.send(utf8('welcome'))
        })
      })
      const { publicKey } = identityOf(seed)
      const dial = (dialSerial: number, responderInstance: Uint8Array): MinimalInitiator => {
        const content = { initiatorInstance: instance, responderInstance, dialSerial, offer: utf8('hello') }
        const initiator = new MinimalInitiator(
          us,
          publicKey,
          Uint8Array.from(randomBytes(32)),
          [rooms[0]],
          content
        )
        deliver({ session: initiator.session, kind: KIND.message1, number: 0, body: initiator.body })
        return initiator
      }
      const unknowing = dial(1, new Uint8Array(0))
      const correction = unknowing.read((await next()).body).content
      assert.equal(correction.outcome, 6)
      const initiator = dial(2, correction.responderInstance)
      const { content, secrets } = initiator.read((await next()).body)
      assert.deepEqual([content.outcome, text(content.answer)], [1, 'you said: hello'])
      say(secrets, 0, { messages: [utf8('over the transport')] })
      const reply = await heard(secrets, 'responder')
      assert.deepEqual(messages, ['over the transport'])
      assert.equal(reply.received, 1, 'it is acked')
      assert.deepEqual(reply.messages.map(text), ['welcome'])
      // A room more, over the same session: ours proves it back.
      const { hash } = secrets
      const theirPeer = peerIdBytesOf(publicKey)
      say(secrets, 1, { proofs: [proof(rooms[2], 'initiator', hash, us.peerIdBytes, theirPeer)] })
      const proven = await heard(secrets, 'responder')
      assert.deepEqual(proven.proofs, [proof(rooms[2], 'responder', hash, us.peerIdBytes, theirPeer)])
      assert.deepEqual(
        ours.roomsWith(us.peerId).map(({ name }) => name),
        ['kitchen', 'cellar']
      )
    })

    it('when it is dialed: proves the room, answers, and hears', async () => {
      ours.observeInstance(us.peerId, instance)
      const dialing = ours.dial(us.peerId, utf8('hello'))
      const { session, body } = await next()
      const responder = new MinimalResponder(us, session, body, rooms)
      assert.equal(text(responder.content.offer), 'hello')
      assert.deepEqual(responder.content.responderInstance, instance)
      const { body: message2, secrets } = responder.answer(Uint8Array.from(randomBytes(32)), {
        outcome: 1,
        responderInstance: instance,
        voidSerial: 0,
        answer: utf8('welcome')
      })
      deliver({ session, kind: KIND.message2, number: 0, body: message2 })
      const outcome = await dialing
      assert.ok(outcome.outcome === 'answered')
      assert.equal(text(outcome.answer), 'welcome')
      assert.deepEqual(outcome.session.helloKey, secrets.helloKey)
      outcome.session.send(utf8('one'))
      assert.deepEqual((await heard(secrets, 'initiator')).messages.map(text), ['one'])
    })

    function say(secrets: SessionSecrets, number: number, content: Partial<MinimalPacket>): void {
      const nothing = {
        received: 0,
        missing: new Uint8Array(0),
        firstMessage: 0,
        messages: [],
        close: false,
        proofs: []
      }
      const plaintext = encodeMinimalPacket({ ...nothing, ...content })
      const body = sealPacket(secrets, 'initiator', number, plaintext)
      deliver({ session: secrets.session, kind: KIND.transport, number, body })
    }

    /** The next packet that says something. */
    async function heard(secrets: SessionSecrets, from: 'initiator' | 'responder'): Promise<MinimalPacket> {
      for (;;) {
        const { number, body, kind } = await next()
        if (kind !== KIND.transport || seen.has(number)) continue
        seen.add(number)
        const packet = decodeMinimalPacket(openPacket(secrets, from, number, body))
        if (packet.messages.length + packet.proofs.length > 0) return packet
      }
    }
  })
})

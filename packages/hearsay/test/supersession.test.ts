import assert from 'node:assert/strict'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { createSignaler, deriveRoom, DirectStreamPath, type DirectStreamComponents } from '@hearsay/signaling'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { LOOPBACK, Meshes, nextEvent } from './support/meshes.ts'
import { sealPresence } from '../src/presence/presence-seal.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** Started long after every process of today. */
const NEWER_INSTANCE = new Uint8Array(16).with(0, 1)

describe('an older process of an identity', function () {
  this.timeout(30_000)
  const meshes = new Meshes()
  const ends: (() => Promise<void>)[] = []

  afterEach(async () => {
    await meshes.closeAll()
    for (const end of ends.splice(0)) await end()
  })

  /** A member that takes no part in presence, and knows a newer instance of `peerId`: as `signer` has signed it. */
  async function memberWhoKnows(peerId: string, signer: Ed25519PrivateKey) {
    const privateKey = await generateKeyPair('Ed25519')
    const room = await deriveRoom({ name: 'kitchen' })
    const record = {
      instance: NEWER_INSTANCE,
      sequence: 1,
      ttlMs: 120_000,
      addresses: [],
      introducers: [],
      services: [],
      gone: false,
      settled: 0
    }
    const presenceRoom = { topic: `${room.topic}/presence`, presenceKey: room.presenceKey }
    const evidence = await sealPresence(record, signer, presenceRoom, new Uint8Array(24))
    const node = await createLibp2p({
      privateKey,
      addresses: { listen: LOOPBACK },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: {
        identify: identify(),
        signaling: (components: DirectStreamComponents) => ({ direct: new DirectStreamPath(components) })
      }
    })
    const signaler = createSignaler({
      privateKey: privateKey.raw,
      rooms: [room],
      paths: [node.services.signaling.direct],
      evidenceOf: () => evidence
    })
    signaler.observeInstance(peerId, NEWER_INSTANCE)
    await signaler.start()
    ends.push(async () => {
      await signaler.stop()
      await node.stop()
    })
    return { peerId: signaler.localPeer, address: node.getMultiaddrs().map(String)[0] }
  }

  it('learns from whom it dials that it is one, and closes', async () => {
    const identity = await generateKeyPair('Ed25519')
    const member = await memberWhoKnows(peerIdFromPrivateKey(identity).toString(), identity)
    const older = await meshes.create({ identity, bootstrap: member.address })
    const superseded = nextEvent(older, 'superseded')
    await assert.rejects(older.dial(member.peerId))
    await superseded
  })

  it('does not close because somebody says so: the newer one must have signed it', async () => {
    const [identity, liar] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    const member = await memberWhoKnows(peerIdFromPrivateKey(identity).toString(), liar)
    const older = await meshes.create({ identity, bootstrap: member.address })
    await assert.rejects(older.dial(member.peerId), { code: 'ERR_PEER_REFUSED', refusal: 'superseded' })
    await assert.rejects(older.dial(member.peerId), { code: 'ERR_PEER_REFUSED' }, 'it lives on')
  })
})

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { deriveRoom } from '@hearsay/signaling'
import { toString } from 'uint8arrays/to-string'
import { sealFlood } from '../../src/broadcast/flood-seal.ts'

const counting = (first: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => first + index)

const hex = (bytes: Uint8Array): string => toString(bytes, 'hex')

/** Everything in docs/specs/vectors/broadcast.json. */
export async function broadcastVectors(): Promise<object> {
  const [key, seed, nonce] = [counting(32, 32), counting(0, 32), counting(100, 24)]
  const { topic, broadcastKey } = await deriveRoom({ name: 'attic', key })
  const room = { topic: `${topic}/broadcast`, broadcastKey }
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed)
  const flood = {
    instance: counting(1, 16),
    counter: 300,
    codec: 'json',
    body: new TextEncoder().encode('{"text":"hello"}')
  }
  return {
    room: { name: 'attic', key: hex(key), topic: room.topic, broadcastKey: hex(broadcastKey) },
    origin: { seed: hex(seed), peerId: peerIdFromPrivateKey(privateKey).toString() },
    flood: {
      instance: hex(flood.instance),
      counter: flood.counter,
      codec: flood.codec,
      body: hex(flood.body)
    },
    nonce: hex(nonce),
    sealed: hex(await sealFlood(flood, privateKey, room, nonce))
  }
}

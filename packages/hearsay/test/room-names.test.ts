import assert from 'node:assert/strict'
import { deriveRoom } from '@hearsay/signaling'
import { CID } from 'multiformats/cid'
import { providerKeyOf, serviceTypeOf } from '../src/discovery/room-names.ts'

describe('names of a room outside of it', () => {
  it('are the same for everybody who knows the room', async () => {
    const [one, other] = await Promise.all([deriveRoom({ name: 'kitchen' }), deriveRoom({ name: 'kitchen' })])
    assert.ok(providerKeyOf(one).equals(providerKeyOf(other)))
    assert.equal(serviceTypeOf(one), serviceTypeOf(other))
  })

  it('are others with another name or key, and tell neither', async () => {
    const rooms = await Promise.all([
      deriveRoom({ name: 'kitchen' }),
      deriveRoom({ name: 'cellar' }),
      deriveRoom({ name: 'kitchen', key: new Uint8Array(32) }),
      deriveRoom({ name: 'kitchen', password: 'salt' })
    ])
    const names = rooms.flatMap((room) => [providerKeyOf(room).toString(), serviceTypeOf(room)])
    assert.equal(new Set(names).size, names.length)
    for (const name of names) assert.doesNotMatch(name, /kitchen|cellar/)
  })

  it('are what a DHT node reads back from the bytes that it is sent', async () => {
    const key = providerKeyOf(await deriveRoom({ name: 'kitchen' }))
    assert.deepEqual(CID.decode(key.multihash.bytes).multihash.bytes, key.multihash.bytes)
    assert.equal(key.multihash.digest.length, 32)
  })

  it('are a service type as RFC 6335 section 5.1 has it', async () => {
    assert.match(serviceTypeOf(await deriveRoom({ name: 'kitchen' })), /^_h[a-z2-7]{14}\._udp\.local$/)
  })
})

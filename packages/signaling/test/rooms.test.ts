import assert from 'node:assert/strict'
import { decodeRoomKey, deriveRoom, encodeRoomKey, generateRoomKey, type Room } from '../src/index.ts'

const secrets = ({ topic, presenceKey, broadcastKey, proofKey, dhtKey, mdnsKey }: Room) => [
  topic,
  presenceKey,
  broadcastKey,
  proofKey,
  dhtKey,
  mdnsKey
]

describe('rooms', () => {
  it('of a public name are the same for everybody', async () => {
    const [one, two] = await Promise.all([deriveRoom({ name: 'kitchen' }), deriveRoom({ name: 'kitchen' })])
    assert.deepEqual(one, two)
    assert.equal(one.open, true)
    assert.ok(!one.topic.includes('kitchen'))
  })

  it('of other names, keys or passwords share nothing', async () => {
    const rooms = await Promise.all([
      deriveRoom({ name: 'kitchen' }),
      deriveRoom({ name: 'cellar' }),
      deriveRoom({ name: 'kitchen', key: new Uint8Array(32) }),
      deriveRoom({ name: 'kitchen', key: new Uint8Array(32).fill(1) }),
      deriveRoom({ name: 'kitchen', password: 'salt' }),
      deriveRoom({ name: 'kitchen', password: 'pepper' }),
      deriveRoom({ name: 'cellar', password: 'pepper' })
    ])
    const all = rooms.flatMap((room) => secrets(room).map(String))
    assert.equal(new Set(all).size, all.length)
    assert.deepEqual(
      rooms.map(({ open }) => open),
      [true, true, false, false, false, false, false]
    )
  })

  it('of a password are the same however it was typed (Unicode NFC)', async () => {
    const composed = await deriveRoom({ name: 'caf\u00e9', password: '\u00e9' })
    const decomposed = await deriveRoom({ name: 'cafe\u0301', password: 'e\u0301' })
    assert.deepEqual(secrets(composed), secrets(decomposed))
  })

  it('have keys with a text form that notices mistakes', async () => {
    const text = generateRoomKey()
    assert.notEqual(text, generateRoomKey())
    assert.equal(encodeRoomKey(decodeRoomKey(text)), text)
    const byText = await deriveRoom({ name: 'x', key: text })
    assert.deepEqual(byText, await deriveRoom({ name: 'x', key: decodeRoomKey(text) }))
    const last = text.at(-1) === 'z' ? 'y' : 'z'
    for (const wrong of [
      '',
      'kitchen',
      text.slice(0, -1),
      text.slice(0, -1) + last,
      `${text}!`,
      text.slice(13)
    ]) {
      assert.throws(() => decodeRoomKey(wrong), { code: 'ERR_INVALID_ROOM' }, wrong)
    }
  })

  it('say what is wrong with a name, a key or a password', async () => {
    for (const init of [
      { name: '' },
      { name: 'x'.repeat(129) },
      { name: 'x', key: new Uint8Array(31) },
      { name: 'x', key: 'short' },
      { name: 'x', password: '' },
      { name: 'x', key: new Uint8Array(32), password: 'y' }
    ]) {
      await assert.rejects(deriveRoom(init), { name: 'InvalidRoomError', code: 'ERR_INVALID_ROOM' })
    }
  })
})

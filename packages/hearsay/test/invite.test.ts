import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { encodeRoomKey, generateRoomKey, parseInvite, renderInvite, type Invite } from '../src/index.ts'
import { resolveMeshOptions } from '../src/options.ts'
import { inviteVectors } from './support/invite-vectors.ts'

const ADDRESS = '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWK1QsL7rAoeLAEyMAWQH86Zej1iUruFgQpA5ALhY2mpAS'

const address = fc
  .tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('', '/ws'))
  .map(([host, port, rest]) => `/ip4/${host}/tcp/${port}${rest}`)

const invite: fc.Arbitrary<Invite> = fc
  .tuple(
    fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
      .map((name) => name.toWellFormed().normalize('NFC')),
    fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
    fc.array(address, { maxLength: 8 })
  )
  .filter(([room]) => Buffer.byteLength(room) <= 128)
  .map(([room, key, bootstrap]) => ({ room, ...(key !== undefined && { key }), bootstrap }))

const refused = { name: 'InvalidInviteError', code: 'ERR_INVALID_INVITE' }

describe('an invite', () => {
  it('says what was put into it', () => {
    fc.assert(fc.property(invite, (given) => assert.deepEqual(parseInvite(renderInvite(given)), given)))
  })

  it('is as the test vectors of the specification say', () => {
    const file = join(import.meta.dirname, '../../../docs/specs/vectors/invite.json')
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), inviteVectors())
  })

  it('takes a key as bytes or as text, and survives spaces around it', () => {
    const key = new Uint8Array(32).fill(7)
    const text = renderInvite({ room: 'kitchen', key, bootstrap: [ADDRESS] })
    assert.match(text, /^hearsay-invite-\w+$/)
    assert.equal(renderInvite({ room: 'kitchen', key: encodeRoomKey(key), bootstrap: [ADDRESS] }), text)
    assert.deepEqual(parseInvite(`  ${text}\n`), { room: 'kitchen', key, bootstrap: [ADDRESS] })
  })

  it('that was cut, mistyped or is something else is refused with what to do', () => {
    const text = renderInvite({ room: 'kitchen', key: generateRoomKey(), bootstrap: [ADDRESS] })
    for (let at = 0; at < text.length; at++) {
      assert.throws(() => parseInvite(text.slice(0, at)), refused)
      assert.throws(
        () => parseInvite(text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1)),
        refused
      )
    }
    assert.throws(() => parseInvite(generateRoomKey()), {
      ...refused,
      message: /starts with 'hearsay-invite-'/
    })
    assert.throws(() => parseInvite(`hearsay-invite-${'2'.repeat(1_000_000)}`), refused)
  })

  it('of whatever bytes neither throws anything else nor holds more than an invite does', () => {
    fc.assert(
      fc.property(fc.base64String({ maxLength: 300 }), (text) => {
        assert.throws(() => parseInvite(`hearsay-invite-${text}`), refused)
      })
    )
  })

  it('holds no name, key or address that cannot be meant', () => {
    const cannot: [Parameters<typeof renderInvite>[0], RegExp][] = [
      [{ room: '' }, /1 to 128 bytes/],
      [{ room: 'x'.repeat(129) }, /has 129/],
      [{ room: 'k', key: new Uint8Array(31) }, /32 bytes/],
      [{ room: 'k', bootstrap: new Array<string>(9).fill(ADDRESS) }, /8 addresses/]
    ]
    for (const [given, message] of cannot) {
      assert.throws(() => renderInvite(given), { ...refused, message })
    }
    assert.throws(() => renderInvite({ room: 'k', key: 'hearsay-room-x' }), { code: 'ERR_INVALID_ROOM' })
    assert.throws(() => renderInvite({ room: 'k', bootstrap: ['127.0.0.1:4001'] }), {
      code: 'ERR_INVALID_MULTIADDR',
      message: /"127.0.0.1:4001" is not a multiaddr .did you mean .ip4.127.0.0.1.tcp.4001/
    })
  })

  it('is an option of createMesh(), which adds addresses to its own', () => {
    const key = new Uint8Array(32).fill(7)
    const more = '/ip4/127.0.0.1/tcp/4002'
    const text = renderInvite({ room: 'kitchen', key, bootstrap: [ADDRESS] })
    const { room, bootstrap } = resolveMeshOptions({ invite: text, bootstrap: more })
    assert.deepEqual(room, { name: 'kitchen', key })
    assert.deepEqual(bootstrap.map(String), [ADDRESS, more])
    for (const twice of [{ room: 'k' }, { roomKey: key }, { password: 'x' }]) {
      assert.throws(() => resolveMeshOptions({ invite: text, ...twice }), { code: 'ERR_INVALID_OPTION' })
    }
    assert.throws(() => resolveMeshOptions({ invite: 'hearsay-invite-x' }), refused)
    assert.throws(() => resolveMeshOptions({ invite: text, bootstrap: 7 as never }), {
      code: 'ERR_INVALID_OPTION'
    })
  })
})

import assert from 'node:assert/strict'
import { NAMED_GROUPS, NamedGroup, generateKeyShare, namedGroup } from '../../src/dtls/key-exchange.ts'

describe('DTLS key agreement (RFC 8422)', () => {
  for (const group of NAMED_GROUPS) {
    it(`agrees on 32 bytes, group ${group}`, () => {
      const one = generateKeyShare(group)
      const other = generateKeyShare(group)
      const secret = one.agree(other.publicKey)
      assert.equal(secret?.length, 32)
      assert.deepEqual(secret, other.agree(one.publicKey))
    })

    it(`refuses keys of a wrong length, group ${group}`, () => {
      const share = generateKeyShare(group)
      const { publicKey } = share
      for (const bad of [new Uint8Array(0), publicKey.subarray(1), new Uint8Array([...publicKey, 0])]) {
        assert.equal(share.agree(bad), undefined)
      }
    })
  }

  it('refuses X25519 keys that give zeros (section 5.11)', () => {
    const share = generateKeyShare(NamedGroup.x25519)
    const one = new Uint8Array(32)
    one[0] = 1
    assert.equal(share.agree(new Uint8Array(32)), undefined)
    assert.equal(share.agree(one), undefined)
  })

  it('refuses points that are not on P-256, compressed, or at infinity', () => {
    const share = generateKeyShare(NamedGroup.secp256r1)
    const { publicKey } = generateKeyShare(NamedGroup.secp256r1)
    assert.equal(share.agree(publicKey.with(64, (publicKey[64] ?? 0) ^ 1)), undefined)
    assert.equal(
      share.agree(Uint8Array.of(2 + ((publicKey[64] ?? 0) & 1), ...publicKey.subarray(1, 33))),
      undefined
    )
    assert.equal(share.agree(Uint8Array.of(0)), undefined)
    assert.equal(share.agree(new Uint8Array(65).fill(0, 0, 1).with(0, 4)), undefined)
  })

  it('knows no other group', () => {
    assert.equal(namedGroup(24), undefined)
    assert.equal(namedGroup(NamedGroup.x25519), NamedGroup.x25519)
  })
})

import assert from 'node:assert/strict'
import { prf } from '../../src/dtls/prf.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ''), 'hex')

describe('DTLS PRF (RFC 5246, section 5)', () => {
  it('gives the published P_SHA256 vector', () => {
    const secret = hex('9bbe436ba940f017b17652849a71db35')
    const seed = hex('a0ba9f936cda311827a6f796ffd5198c')
    const expected = hex(`
      e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af
      0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
      87347b66`)
    assert.deepEqual(Buffer.from(prf(secret, 'test label', seed, 100)), expected)
  })

  it('is a prefix of itself at any length', () => {
    const secret = Uint8Array.of(1, 2, 3)
    const seed = Uint8Array.of(4)
    const longest = prf(secret, 'label', seed, 130)
    for (const length of [0, 1, 31, 32, 33, 64, 129]) {
      assert.deepEqual(prf(secret, 'label', seed, length), longest.slice(0, length))
    }
  })
})

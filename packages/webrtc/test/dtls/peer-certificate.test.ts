import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { isSignedBy, readPeerCertificate } from '../../src/dtls/peer-certificate.ts'
import { SignatureScheme } from '../../src/dtls/protocol.ts'
import { alice } from './support/pair.ts'
import { selfSigned } from './support/self-signed.ts'

const content = Uint8Array.of(1, 2, 3)

describe("The peer's certificate", () => {
  it('may have an ECDSA P-256 key', () => {
    const peer = readPeerCertificate(alice.der)
    assert.equal(peer?.scheme, SignatureScheme.ecdsaSecp256r1Sha256)
    const signed = { scheme: peer.scheme, signature: alice.sign(content) }
    assert.ok(isSignedBy(peer, content, signed))
    assert.ok(!isSignedBy(peer, content.with(0, 9), signed))
  })

  it('may have an RSA key of 2048 bits or more', () => {
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const peer = readPeerCertificate(selfSigned(keys))
    assert.equal(peer?.scheme, SignatureScheme.rsaPkcs1Sha256)
    const signature = sign('sha256', content, keys.privateKey)
    assert.ok(isSignedBy(peer, content, { scheme: SignatureScheme.rsaPkcs1Sha256, signature }))
    assert.ok(!isSignedBy(peer, content, { scheme: SignatureScheme.ecdsaSecp256r1Sha256, signature }))
    assert.ok(!isSignedBy(peer, content, { scheme: 0x0201, signature }))
  })

  it('may not have a shorter RSA key, another curve, or another kind of key', () => {
    for (const keys of [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'P-384' }),
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('ed25519')
    ]) {
      assert.equal(readPeerCertificate(selfSigned(keys)), undefined)
    }
  })

  it('may not be noise', () => {
    for (const der of [new Uint8Array(0), new Uint8Array(300).fill(0x30), alice.der.subarray(0, 200)]) {
      assert.equal(readPeerCertificate(der), undefined)
    }
  })
})

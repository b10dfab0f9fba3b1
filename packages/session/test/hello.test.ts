import assert from 'node:assert/strict'
import fc from 'fast-check'
import { helloMac, verifyHelloMac, type HelloBinding } from '../src/control/hello.ts'

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

const BINDING: HelloBinding = {
  helloKey: key(1),
  generation: 0,
  initiator: { peer: 'alice', instance: new Uint8Array(16).fill(2), fingerprint: key(3) },
  responder: { peer: 'bob', instance: new Uint8Array(16).fill(4), fingerprint: key(5) }
}

describe('hello', () => {
  it('has the MAC that docs/specs/session.md describes', async () => {
    const encode = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)]
    const party = (peer: string, instance: number, fingerprint: number): number[] => [
      ...encode(peer),
      16,
      ...new Array<number>(16).fill(instance),
      32,
      ...new Array<number>(32).fill(fingerprint)
    ]
    const transcript = [...encode('hearsay hello 1'), 1, 0, ...party('alice', 2, 3), ...party('bob', 4, 5)]
    const hmacKey = await crypto.subtle.importKey(
      'raw',
      BINDING.helloKey.slice(),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign']
    )
    const expected = await crypto.subtle.sign('HMAC', hmacKey, Uint8Array.from(transcript))
    assert.deepEqual(helloMac(BINDING, 'responder'), new Uint8Array(expected))
  })

  it('verifies for the role that said it, and not when echoed', () => {
    const mac = helloMac(BINDING, 'initiator')
    assert.equal(verifyHelloMac(BINDING, 'initiator', mac), true)
    assert.equal(verifyHelloMac(BINDING, 'responder', mac), false)
  })

  it('does not verify with any byte altered, missing or added', () => {
    const mac = helloMac(BINDING, 'initiator')
    fc.assert(
      fc.property(fc.nat(31), fc.integer({ min: 1, max: 255 }), (index, difference) => {
        const altered = mac.slice()
        altered[index] = (altered[index] ?? 0) ^ difference
        assert.equal(verifyHelloMac(BINDING, 'initiator', altered), false)
      })
    )
    assert.equal(verifyHelloMac(BINDING, 'initiator', mac.subarray(1)), false)
    assert.equal(verifyHelloMac(BINDING, 'initiator', Uint8Array.of(...mac, 0)), false)
  })

  const { initiator, responder } = BINDING
  const others: [what: string, binding: HelloBinding][] = [
    ['key', { ...BINDING, helloKey: key(9) }],
    ['generation', { ...BINDING, generation: 1 }],
    ['initiator', { ...BINDING, initiator: { ...initiator, peer: 'mallory' } }],
    ['responder', { ...BINDING, responder: { ...responder, peer: 'mallory' } }],
    ['instance', { ...BINDING, responder: { ...responder, instance: new Uint8Array(16) } }],
    ['initiator fingerprint', { ...BINDING, initiator: { ...initiator, fingerprint: key(9) } }],
    ['responder fingerprint', { ...BINDING, responder: { ...responder, fingerprint: key(9) } }],
    ['order of the parties', { ...BINDING, initiator: responder, responder: initiator }]
  ]
  for (const [what, binding] of others) {
    it(`binds the ${what}`, () => {
      assert.equal(verifyHelloMac(binding, 'initiator', helloMac(BINDING, 'initiator')), false)
    })
  }
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  IceGuard,
  MAX_EARLY_CHECKS,
  MAX_PEER_REFLEXIVE_CANDIDATES,
  type IceVerdict,
  type OutstandingRequest
} from '../../src/node/ice/guard.ts'
import { authenticatedPart, readStun } from '../../src/node/ice/stun-reader.ts'
import { BINDING_ERROR, BINDING_SUCCESS, USE_CANDIDATE, stunMessage, type StunParts } from './support/stun.ts'

const LOCAL = { ufrag: 'ourU', password: 'our-password-of-some-length' }
const REMOTE = { ufrag: 'theirU', password: 'their-password-of-some-length' }
const PEER = ['192.0.2.1', 5000] as const
const DTLS_RECORD = Buffer.from([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

class Harness {
  readonly base = {}
  readonly outstanding = new Map<string, OutstandingRequest>()
  readonly known = new Set<string>([PEER.join()])
  peerReflexive = 0
  readonly guard = new IceGuard<object>(
    {
      outstandingRequest: (_base, transactionId) => this.outstanding.get(transactionId),
      isKnownRemote: (address, port) => this.known.has([address, port].join()),
      peerReflexiveCount: () => this.peerReflexive
    },
    LOCAL.ufrag,
    LOCAL.password
  )

  constructor(remoteKnown = true) {
    if (remoteKnown) this.guard.setRemoteUfrag(REMOTE.ufrag)
  }

  inspect(data: Buffer, [address, port]: readonly [string, number] = PEER): string {
    const verdict: IceVerdict = this.guard.inspect(this.base, data, address, port)
    return verdict.type === 'drop' ? verdict.reason : verdict.type
  }
}

const PRIORITY = [0x0024, Buffer.from([0x6e, 0, 0, 0])] as const

const check = (parts: StunParts = {}): Buffer =>
  stunMessage({
    username: `${LOCAL.ufrag}:${REMOTE.ufrag}`,
    attributes: [PRIORITY],
    password: LOCAL.password,
    ...parts
  })

describe('IceGuard', () => {
  describe('requests', () => {
    it('pass with our and their user name fragment and integrity under our password', () => {
      assert.equal(new Harness().inspect(check()), 'stun')
      assert.equal(new Harness().inspect(check({ fingerprint: 'none' })), 'stun')
    })

    it('are dropped otherwise', () => {
      const { ufrag, password } = LOCAL
      const cases: [StunParts, string][] = [
        [{ username: `${ufrag}:other` }, 'bad-username'],
        [{ username: `other:${REMOTE.ufrag}` }, 'bad-username'],
        [{ username: `${REMOTE.ufrag}:${ufrag}` }, 'bad-username'],
        [{ username: `${ufrag}:${REMOTE.ufrag}:` }, 'bad-username'],
        [{ username: ufrag }, 'bad-username'],
        [{ password: REMOTE.password }, 'bad-integrity'],
        [{ password: `${password}x` }, 'bad-integrity'],
        [{ fingerprint: 'wrong' }, 'bad-fingerprint'],
        [{ type: 0x0003 }, 'malformed'],
        [{ type: 0x0011 }, 'malformed']
      ]
      for (const [parts, reason] of cases) {
        assert.equal(new Harness().inspect(check(parts)), reason, JSON.stringify(parts))
      }
      const unsigned = stunMessage({ username: `${ufrag}:${REMOTE.ufrag}` })
      assert.equal(new Harness().inspect(unsigned), 'bad-integrity')
      assert.equal(new Harness().inspect(stunMessage({ password })), 'bad-username')
    })

    it('lose what was appended behind MESSAGE-INTEGRITY', () => {
      const { guard, base } = new Harness()
      const signed = check({ fingerprint: 'none' })
      const forged = check({
        transactionId: signed.subarray(8, 20),
        appended: [[USE_CANDIDATE, Buffer.alloc(0)]]
      })
      const verdict = guard.inspect(base, forged, ...PEER)
      assert.deepEqual(verdict, { type: 'stun', message: signed })
    })

    it('from unknown addresses have a priority, before the remote description too', () => {
      const cases: StunParts[] = [
        { attributes: [] },
        { attributes: [[0x0024, Buffer.alloc(8)]] },
        { attributes: [PRIORITY, [0x0024, Buffer.alloc(3)]] },
        { attributes: [], appended: [PRIORITY] }
      ]
      for (const parts of cases) {
        assert.equal(new Harness().inspect(check(parts), ['198.51.100.1', 1]), 'malformed')
        assert.equal(new Harness(false).inspect(check(parts)), 'malformed')
      }
      assert.equal(new Harness().inspect(check({ attributes: [] })), 'stun')
    })

    it('from unknown addresses are bounded', () => {
      const harness = new Harness()
      const stranger = ['198.51.100.1', 1] as const
      assert.equal(harness.inspect(check(), stranger), 'stun')
      harness.peerReflexive = MAX_PEER_REFLEXIVE_CANDIDATES
      assert.equal(harness.inspect(check(), stranger), 'too-many-candidates')
      assert.equal(harness.inspect(check()), 'stun')
    })

    it('before the remote description are bounded, and their second half is not known yet', () => {
      const harness = new Harness(false)
      assert.equal(harness.inspect(check({ username: `${LOCAL.ufrag}:anybody` })), 'stun')
      assert.equal(harness.inspect(check({ password: 'wrong' })), 'bad-integrity')
      for (let count = 1; count < MAX_EARLY_CHECKS; count++) assert.equal(harness.inspect(check()), 'stun')
      assert.equal(harness.inspect(check()), 'too-many-early-checks')
      harness.guard.setRemoteUfrag(REMOTE.ufrag)
      assert.equal(harness.inspect(check()), 'stun')
    })
  })

  it('takes early checks from as many addresses as may become candidates', () => {
    const harness = new Harness(false)
    for (let port = 1; port <= MAX_PEER_REFLEXIVE_CANDIDATES; port++) {
      assert.equal(harness.inspect(check(), ['192.0.2.1', port]), 'stun')
    }
    assert.equal(harness.inspect(check(), ['192.0.2.2', 1]), 'too-many-candidates')
    assert.equal(harness.inspect(check(), ['192.0.2.1', 1]), 'stun')
  })

  describe('responses', () => {
    const transactionId = Buffer.from('0123456789ab')
    const request: OutstandingRequest = { address: PEER[0], port: PEER[1], password: REMOTE.password }
    const respond = (parts: StunParts = {}): Buffer =>
      stunMessage({ type: BINDING_SUCCESS, transactionId, password: REMOTE.password, ...parts })

    it('pass where they answer a request, from where it went, authenticated', () => {
      const harness = new Harness()
      harness.outstanding.set(transactionId.toString('hex'), request)
      assert.equal(harness.inspect(respond()), 'stun')
    })

    it('are dropped otherwise', () => {
      const harness = new Harness()
      harness.outstanding.set(transactionId.toString('hex'), request)
      assert.equal(harness.inspect(respond({ transactionId: Buffer.alloc(12) })), 'unexpected-response')
      assert.equal(harness.inspect(respond(), [PEER[0], 5001]), 'unexpected-response')
      assert.equal(harness.inspect(respond(), ['192.0.2.2', 5000]), 'unexpected-response')
      assert.equal(harness.inspect(respond({ password: LOCAL.password })), 'bad-integrity')
      assert.equal(harness.inspect(stunMessage({ type: BINDING_SUCCESS, transactionId })), 'bad-integrity')
    })

    it('that are errors pass for a role conflict only', () => {
      const harness = new Harness()
      harness.outstanding.set(transactionId.toString('hex'), request)
      const error = (code: number): Buffer =>
        respond({
          type: BINDING_ERROR,
          attributes: [[0x0009, Buffer.from([0, 0, Math.floor(code / 100), code % 100])]]
        })
      assert.equal(harness.inspect(error(487)), 'stun')
      assert.equal(harness.inspect(error(401)), 'unexpected-response')
      assert.equal(harness.inspect(error(500)), 'unexpected-response')
    })

    it('of STUN servers need no integrity, but the right source', () => {
      const harness = new Harness()
      harness.outstanding.set(transactionId.toString('hex'), { address: PEER[0], port: PEER[1] })
      const response = stunMessage({ type: BINDING_SUCCESS, transactionId })
      assert.equal(harness.inspect(response), 'stun')
      assert.equal(harness.inspect(response, ['198.51.100.1', 5000]), 'unexpected-response')
    })
  })

  describe('DTLS', () => {
    it('counts from validated 5-tuples only', () => {
      const harness = new Harness()
      assert.equal(harness.inspect(DTLS_RECORD), 'unvalidated-source')
      harness.guard.validate(harness.base, ...PEER)
      assert.equal(harness.inspect(DTLS_RECORD), 'data')
      assert.equal(harness.inspect(DTLS_RECORD, [PEER[0], 5001]), 'unvalidated-source')
      assert.equal(harness.guard.inspect({}, DTLS_RECORD, ...PEER).type, 'drop')
    })

    it('is kept where an authenticated check came from there', () => {
      const harness = new Harness()
      harness.inspect(check({ password: 'wrong' }))
      assert.equal(harness.inspect(DTLS_RECORD), 'unvalidated-source')
      harness.inspect(check())
      assert.equal(harness.inspect(DTLS_RECORD), 'hold')
    })
  })

  it('drops what belongs to no protocol that runs here (RFC 7983)', () => {
    const harness = new Harness()
    harness.guard.validate(harness.base, ...PEER)
    for (const first of [4, 19, 64, 79, 80, 127, 128, 191, 255]) {
      assert.equal(harness.inspect(Buffer.from([first, 0, 0, 0])), 'unknown-protocol')
    }
    assert.equal(harness.inspect(Buffer.alloc(0)), 'unknown-protocol')
  })

  it('takes any bytes without throwing, and never lets forged STUN pass', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, asStun) => {
        const harness = new Harness()
        const data = asStun ? Buffer.concat([check().subarray(0, 20), bytes]) : Buffer.from(bytes)
        if (asStun) data.writeUInt16BE(bytes.length, 2)
        const verdict = harness.inspect(data)
        assert.ok(!['stun', 'data', 'hold'].includes(verdict))
      })
    )
  })

  it('lets nothing pass of a request that was changed in one byte, but what was signed', () => {
    const signed = check({ attributes: [[0x0024, Buffer.from([1, 2, 3, 4])]], fingerprint: 'none' })
    const whole = check({
      attributes: [[0x0024, Buffer.from([1, 2, 3, 4])]],
      transactionId: signed.subarray(8, 20)
    })
    for (let offset = 0; offset < whole.length; offset++) {
      const changed = Buffer.from(whole)
      changed[offset] ^= 0x40
      const harness = new Harness()
      const verdict = harness.guard.inspect(harness.base, changed, ...PEER)
      if (verdict.type !== 'drop')
        assert.deepEqual(verdict, { type: 'stun', message: signed }, `byte ${offset}`)
      else assert.ok(verdict.reason)
    }
  })
})

describe('readStun()', () => {
  it('reads class, method and transaction', () => {
    const transactionId = Buffer.from('abcdefghijkl')
    const read = readStun(stunMessage({ type: 0x0113, transactionId }))!
    assert.deepEqual([read.class, read.method], ['error', 3])
    assert.equal(read.transactionId, transactionId.toString('hex'))
    assert.equal(read.fingerprint, 'right')
  })

  it('refuses what is not whole', () => {
    const whole = check()
    for (let length = 0; length < whole.length; length++) {
      assert.equal(readStun(whole.subarray(0, length)), undefined, `${length} bytes`)
    }
    assert.equal(readStun(Buffer.concat([whole, Buffer.alloc(4)])), undefined)
  })

  it('gives the authenticated part as a message of its own', () => {
    const message = check({ appended: [[0x8022, Buffer.from('soft')]] })
    const part = authenticatedPart(message, readStun(message)!, LOCAL.password)!
    assert.ok(readStun(part))
    assert.ok(part.length < message.length)
  })
})

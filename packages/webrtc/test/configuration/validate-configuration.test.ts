import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  checkConfigurationChange,
  CONFIGURATION_LIMITS,
  validateConfiguration,
  type PeerConfiguration
} from '../../src/configuration/index.ts'

class Certificate {
  readonly expires: number

  constructor(expires: number) {
    this.expires = expires
  }
}

const isCertificate = (value: unknown): value is Certificate => value instanceof Certificate
const validate = (configuration?: unknown): PeerConfiguration<Certificate> =>
  validateConfiguration(configuration, { isCertificate, now: 1000 })

function rejects(configuration: unknown, name: string, where: string): void {
  assert.throws(
    () => validate(configuration),
    (error) => {
      assert.ok(error instanceof Error)
      assert.deepEqual(
        [error.name, error.message.slice(0, where.length + 1)],
        [name, `${where}:`],
        error.message
      )
      return true
    }
  )
}

const credentials = { username: 'alice', credential: 'secret' }

describe('validateConfiguration (webrtc-pc §4.4.1.6)', () => {
  it('fills in the defaults of the specification', () => {
    const defaults = {
      bundlePolicy: 'balanced',
      certificates: [],
      iceCandidatePoolSize: 0,
      iceServers: [],
      iceTransportPolicy: 'all',
      rtcpMuxPolicy: 'require'
    }
    for (const configuration of [undefined, null, {}, { iceServers: undefined }, () => {}]) {
      assert.deepEqual(validate(configuration), defaults)
    }
  })

  it('gives a normalized value, frozen all the way down', () => {
    const certificate = new Certificate(2000)
    const configuration = validate({
      bundlePolicy: 'max-bundle',
      certificates: [certificate],
      iceCandidatePoolSize: '2.9',
      iceServers: new Set([
        { urls: 'stun:127.0.0.1:3478', credentialType: 'password' },
        { urls: ['turn:127.0.0.1', 'turns:turn.example.org?transport=tcp'], ...credentials }
      ]),
      iceTransportPolicy: 'relay',
      peerIdentity: 'ignored'
    })
    assert.deepEqual(configuration, {
      bundlePolicy: 'max-bundle',
      certificates: [certificate],
      iceCandidatePoolSize: 2,
      iceServers: [
        {
          urls: [
            { url: 'stun:127.0.0.1:3478', scheme: 'stun', host: '127.0.0.1', port: 3478, transport: 'udp' }
          ]
        },
        {
          urls: [
            { url: 'turn:127.0.0.1', scheme: 'turn', host: '127.0.0.1', port: 3478, transport: 'udp' },
            {
              url: 'turns:turn.example.org?transport=tcp',
              scheme: 'turns',
              host: 'turn.example.org',
              port: 5349,
              transport: 'tcp'
            }
          ],
          ...credentials
        }
      ],
      iceTransportPolicy: 'relay',
      rtcpMuxPolicy: 'require'
    })
    const { iceServers, certificates } = configuration
    for (const part of [
      configuration,
      iceServers,
      iceServers[0],
      iceServers[0].urls,
      iceServers[0].urls[0],
      certificates
    ]) {
      assert.ok(Object.isFrozen(part))
    }
    assert.equal(Object.isFrozen(certificate), false)
  })

  it('throws TypeError where Web IDL does, naming the member', () => {
    rejects('all', 'TypeError', 'configuration')
    rejects({ iceServers: null }, 'TypeError', 'iceServers')
    rejects({ iceServers: 'stun:127.0.0.1' }, 'TypeError', 'iceServers')
    rejects({ iceServers: [{}] }, 'TypeError', 'iceServers[0].urls')
    rejects({ iceServers: [null] }, 'TypeError', 'iceServers[0].urls')
    rejects({ iceServers: [{ urls: 'stun:a' }, 'stun:b'] }, 'TypeError', 'iceServers[1]')
    rejects({ iceServers: [{ urls: Symbol('x') }] }, 'TypeError', 'iceServers[0].urls')
    rejects({ iceServers: [{ urls: ['stun:a', Symbol('x')] }] }, 'TypeError', 'iceServers[0].urls[1]')
    rejects({ iceTransportPolicy: 'public' }, 'TypeError', 'iceTransportPolicy')
    rejects({ iceTransportPolicy: null }, 'TypeError', 'iceTransportPolicy')
    rejects({ bundlePolicy: 'min-bundle' }, 'TypeError', 'bundlePolicy')
    rejects({ rtcpMuxPolicy: 'negotiate' }, 'TypeError', 'rtcpMuxPolicy')
    for (const size of [-1, 256, NaN, Infinity, 'x', 1n]) {
      rejects({ iceCandidatePoolSize: size }, 'TypeError', 'iceCandidatePoolSize')
    }
    rejects({ certificates: null }, 'TypeError', 'certificates')
    rejects({ certificates: [new Certificate(2000), {}] }, 'TypeError', 'certificates[1]')
  })

  it('throws SyntaxError for URLs, naming the one at fault', () => {
    rejects({ iceServers: [{ urls: [] }] }, 'SyntaxError', 'iceServers[0].urls')
    rejects({ iceServers: [{ urls: 'http://a' }] }, 'SyntaxError', 'iceServers[0].urls[0]')
    rejects(
      { iceServers: [{ urls: ['stun:a'] }, { urls: ['stun:a', ''] }] },
      'SyntaxError',
      'iceServers[1].urls[1]'
    )
    rejects({ iceServers: [{ urls: null }] }, 'SyntaxError', 'iceServers[0].urls[0]')
    rejects(
      { iceServers: [{ urls: 'turn:a?transport=sctp', ...credentials }] },
      'NotSupportedError',
      'iceServers[0].urls[0]'
    )
  })

  it('throws InvalidAccessError for TURN without credentials, and only for TURN', () => {
    const name = 'InvalidAccessError'
    rejects({ iceServers: [{ urls: 'turn:a' }] }, name, 'iceServers[0].username')
    rejects(
      { iceServers: [{ urls: ['stun:a', 'turns:a'], username: 'u' }] },
      name,
      'iceServers[0].credential'
    )
    rejects({ iceServers: [{ urls: 'turn:a', credential: 'c' }] }, name, 'iceServers[0].username')
    const long = { urls: 'turn:a', username: 'ä'.repeat(255), credential: 'c' }
    rejects({ iceServers: [long] }, name, 'iceServers[0].username')
    assert.equal(validate({ iceServers: [{ ...long, username: 'a'.repeat(509) }] }).iceServers.length, 1)
    assert.equal(
      validate({ iceServers: [{ urls: 'turn:a', username: '', credential: '' }] }).iceServers.length,
      1
    )
    assert.equal(validate({ iceServers: [{ urls: 'stun:a' }] }).iceServers.length, 1)
  })

  it('throws InvalidAccessError for a certificate that has expired', () => {
    rejects(
      { certificates: [new Certificate(1001), new Certificate(1000)] },
      'InvalidAccessError',
      'certificates[1]'
    )
  })

  it('bounds every list', () => {
    const server = { urls: 'stun:a' }
    const many = (length: number): unknown[] => Array.from({ length }, () => server)
    assert.equal(validate({ iceServers: many(CONFIGURATION_LIMITS.iceServers) }).iceServers.length, 16)
    rejects({ iceServers: many(17) }, 'RangeError', 'iceServers')
    rejects(
      { iceServers: [server, { urls: Array.from({ length: 17 }, () => 'stun:a') }] },
      'RangeError',
      'iceServers[1].urls'
    )
    rejects(
      { certificates: Array.from({ length: 5 }, () => new Certificate(2000)) },
      'RangeError',
      'certificates'
    )
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield server
      }
    }
    rejects({ iceServers: endless }, 'TypeError', 'iceServers')
  })

  it('throws only errors that name a member, for any value', () => {
    const url = fc.oneof(fc.string(), fc.constantFrom('stun:a', 'turn:a', 'turns:[::1]:1?transport=udp'))
    const server = fc.record(
      { urls: fc.oneof(url, fc.array(url), fc.anything()), username: fc.string(), credential: fc.anything() },
      { requiredKeys: [] }
    )
    const configuration = fc.record(
      {
        iceServers: fc.oneof(fc.array(fc.oneof(server, fc.anything())), fc.anything()),
        iceTransportPolicy: fc.oneof(fc.constantFrom('all', 'relay'), fc.anything()),
        iceCandidatePoolSize: fc.oneof(fc.nat(300), fc.anything()),
        certificates: fc.oneof(fc.constant([new Certificate(2000)]), fc.anything())
      },
      { requiredKeys: [] }
    )
    const names = ['TypeError', 'RangeError', 'SyntaxError', 'InvalidAccessError', 'NotSupportedError']
    fc.assert(
      fc.property(fc.oneof(configuration, fc.anything()), (given) => {
        try {
          assert.ok(Object.isFrozen(validate(given)))
        } catch (error) {
          assert.ok(error instanceof Error && names.includes(error.name), String(error))
          assert.match(error.message, /^(configuration|iceServers|ice[TC]|certificates)[\w.[\]]*: /)
        }
      }),
      { numRuns: 1000 }
    )
  })
})

describe('checkConfigurationChange (webrtc-pc §4.4.1.6)', () => {
  const certificate = new Certificate(2000)
  const current = validate({ certificates: [certificate] })
  const change = (next: object, hasLocalDescription = false): void =>
    checkConfigurationChange(current, validate({ certificates: [certificate], ...next }), hasLocalDescription)

  it('lets servers and transport policy change', () => {
    change({ iceServers: [{ urls: 'stun:127.0.0.1' }], iceTransportPolicy: 'relay', iceCandidatePoolSize: 1 })
    change({ certificates: undefined }, true)
  })

  it('refuses what must stay', () => {
    const refused: [object, boolean][] = [
      [{ bundlePolicy: 'max-bundle' }, false],
      [{ certificates: [new Certificate(2000)] }, false],
      [{ certificates: [certificate, certificate] }, false],
      [{ iceCandidatePoolSize: 1 }, true]
    ]
    for (const [next, hasLocalDescription] of refused) {
      assert.throws(() => change(next, hasLocalDescription), { name: 'InvalidModificationError' })
    }
  })
})

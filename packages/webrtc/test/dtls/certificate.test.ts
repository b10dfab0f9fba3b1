import assert from 'node:assert/strict'
import { X509Certificate, createHash, verify } from 'node:crypto'
import { Certificate } from '../../src/dtls/certificate.ts'
import { CertificatePool } from '../../src/dtls/certificate-pool.ts'
import { derObjectIdentifier, derTime } from '../../src/dtls/der.ts'

const DAY_MS = 24 * 60 * 60 * 1000

describe('Certificate', () => {
  const now = Date.UTC(2027, 0, 15, 10, 20, 30)
  const certificate = Certificate.generate({ now })
  const parsed = new X509Certificate(certificate.der)

  it('is a self-signed X.509 certificate with an ECDSA P-256 key', () => {
    assert.equal(parsed.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    assert.ok(parsed.verify(parsed.publicKey))
    assert.ok(parsed.checkIssued(parsed))
    assert.equal(parsed.subject, 'CN=WebRTC')
  })

  it('is valid from a day ago for 30 days, or as long as asked for', () => {
    assert.equal(certificate.expires, now + 30 * DAY_MS)
    assert.equal(new Date(parsed.validTo).getTime(), certificate.expires)
    assert.equal(new Date(parsed.validFrom).getTime(), now - DAY_MS)
    const long = Certificate.generate({ now, lifetimeMs: 365 * 30 * DAY_MS })
    assert.equal(new Date(new X509Certificate(long.der).validTo).getTime(), long.expires)
  })

  it('has one sha-256 fingerprint, in lower case', () => {
    const [fingerprint, ...others] = certificate.getFingerprints()
    assert.equal(fingerprint?.algorithm, 'sha-256')
    assert.equal(fingerprint.value.toUpperCase(), parsed.fingerprint256)
    assert.equal(
      fingerprint.value.replaceAll(':', ''),
      createHash('sha256').update(certificate.der).digest('hex')
    )
    assert.deepEqual(others, [])
  })

  it('signs with its key', () => {
    const data = Uint8Array.of(1, 2, 3)
    assert.ok(verify('sha256', data, parsed.publicKey, certificate.sign(data)))
    assert.ok(!verify('sha256', Uint8Array.of(1, 2), parsed.publicKey, certificate.sign(data)))
  })

  it('is another each time, always readable', () => {
    const serials = new Set<string>()
    for (let count = 0; count < 50; count++)
      serials.add(new X509Certificate(Certificate.generate().der).serialNumber)
    assert.equal(serials.size, 50)
  })

  it('writes times and object identifiers as DER has them', () => {
    const ascii = (der: Uint8Array): string => String.fromCharCode(...der.subarray(2))
    const inUtcTime = derTime(new Date(Date.UTC(2049, 11, 31, 23, 59, 59, 999)))
    const inGeneralizedTime = derTime(new Date(Date.UTC(2050, 0, 1)))
    assert.deepEqual([inUtcTime[0], ascii(inUtcTime)], [0x17, '491231235959Z'])
    assert.deepEqual([inGeneralizedTime[0], ascii(inGeneralizedTime)], [0x18, '20500101000000Z'])
    const expected = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
    assert.deepEqual([...derObjectIdentifier('1.2.840.10045.4.3.2')], expected)
  })
})

describe('CertificatePool', () => {
  it('makes certificates when there is time, hands each out once, and never runs dry', () => {
    const tasks: (() => void)[] = []
    const pool = new CertificatePool({ size: 2, defer: (task) => tasks.push(task) })
    let made = 0
    const runAll = (): void => {
      for (let task = tasks.shift(); task; task = tasks.shift()) {
        made++
        task()
      }
    }
    runAll()
    assert.equal(made, 2)
    const taken = Array.from({ length: 5 }, () => pool.take())
    assert.equal(new Set(taken.map(({ der }) => String(der))).size, 5)
    runAll()
    assert.equal(made, 4)
  })

  it('hands out none that is about to expire', () => {
    const tasks: (() => void)[] = []
    const pool = new CertificatePool({ size: 1, defer: (task) => tasks.push(task) })
    tasks.shift()?.()
    const later = Date.now() + 29.5 * DAY_MS
    assert.ok(pool.take(later).expires > later + DAY_MS)
  })
})

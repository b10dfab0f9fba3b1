import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DtlsConnection } from '../../src/dtls/connection.ts'
import type { DtlsRole } from '../../src/dtls/connection-init.ts'
import { requirement } from '../../../../test/support/requirements.ts'
import { alice, mallory } from './support/pair.ts'
import { UdpDriver } from './support/udp-driver.ts'

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
const RSA_KEY = ['-newkey', 'rsa:2048']
const LOOPBACK = '127.0.0.1'

describe('DTLS with OpenSSL', () => {
  let folder: string
  let running: ChildProcessWithoutNullStreams | undefined
  let driver: UdpDriver | undefined

  before(function () {
    requirement(this, 'openssl')
    folder = mkdtempSync(join(tmpdir(), 'dtls-'))
    for (const [name, key] of [
      ['ec', EC_KEY],
      ['rsa', RSA_KEY]
    ] as const) {
      const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)]
      const made = spawnSync('openssl', ['req', '-x509', '-nodes', '-subj', '/CN=peer', ...key, ...files])
      assert.equal(made.status, 0, String(made.stderr))
    }
  })

  afterEach(async () => {
    await driver?.close()
    driver = undefined
    const child = running
    running = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  after(() => {
    if (folder) rmSync(folder, { recursive: true })
  })

  function openssl(command: string, name: 'ec' | 'rsa', options: string[]): ChildProcessWithoutNullStreams {
    const credentials = ['-cert', join(folder, `${name}.pem`), '-key', join(folder, `${name}.key`)]
    running = spawn('openssl', [command, '-dtls1_2', ...credentials, ...options])
    running.stderr.resume()
    return running
  }

  function connection(role: DtlsRole, name: 'ec' | 'rsa'): DtlsConnection {
    const value = new X509Certificate(readFileSync(join(folder, `${name}.pem`))).fingerprint256
    return new DtlsConnection({
      role,
      certificate: alice,
      remoteFingerprint: { algorithm: 'sha-256', value }
    })
  }

  /** What the child prints, up to and with what matches. */
  async function printed(child: ChildProcessWithoutNullStreams, pattern: RegExp): Promise<RegExpExecArray> {
    let output = ''
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk)
      const match = pattern.exec(output)
      if (match !== null) return match
    }
    throw new Error(`openssl ended without ${pattern}: ${output}`)
  }

  async function exchange(child: ChildProcessWithoutNullStreams): Promise<void> {
    assert.ok(driver)
    driver.send(Buffer.from('to openssl\n'))
    await printed(child, /to openssl/)
    child.stdin.write('from openssl\n')
    const event = await driver.next()
    assert.ok(event.type === 'data')
    assert.equal(Buffer.from(event.data).toString(), 'from openssl\n')
  }

  for (const { title, certificate, options, suite, group } of [
    {
      title: 'AES-128-GCM, X25519',
      certificate: 'ec',
      options: [],
      suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      group: 'X25519'
    },
    {
      title: 'ChaCha20-Poly1305, P-256, fragments',
      certificate: 'ec',
      options: ['-cipher', 'ECDHE-ECDSA-CHACHA20-POLY1305', '-groups', 'P-256', '-mtu', '300'],
      suite: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
      group: 'P-256'
    },
    {
      title: 'an RSA certificate, HelloVerifyRequest',
      certificate: 'rsa',
      options: ['-listen'],
      suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      group: 'X25519'
    },
    {
      title: 'an RSA certificate, ChaCha20-Poly1305',
      certificate: 'rsa',
      options: ['-cipher', 'ECDHE-RSA-CHACHA20-POLY1305'],
      suite: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      group: 'X25519'
    }
  ] as const) {
    it(`is client of s_server: ${title}`, async () => {
      const listen = ['-accept', `${LOOPBACK}:0`, '-Verify', '1', ...options]
      const child = openssl('s_server', certificate, listen)
      const [, port] = await printed(child, /ACCEPT 127\.0\.0\.1:(\d+)/)
      driver = await UdpDriver.bind(connection('client', certificate))
      driver.start(Number(port))
      const event = await driver.next()
      assert.ok(event.type === 'connected', JSON.stringify(event))
      assert.equal(event.cipherSuite, suite)
      assert.equal(event.group, group)
      await exchange(child)
    })
  }

  for (const { title, certificate, options, suite, group } of [
    {
      title: 'AES-128-GCM, X25519',
      certificate: 'ec',
      options: ['-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
      suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      group: 'X25519'
    },
    {
      title: 'ChaCha20-Poly1305, P-256, fragments',
      certificate: 'ec',
      options: ['-cipher', 'ECDHE-ECDSA-CHACHA20-POLY1305', '-groups', 'P-256', '-mtu', '300'],
      suite: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
      group: 'P-256'
    },
    {
      title: "OpenSSL's own choice of suites, an RSA certificate",
      certificate: 'rsa',
      options: [],
      suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      group: 'X25519'
    }
  ] as const) {
    it(`is server of s_client: ${title}`, async () => {
      driver = await UdpDriver.bind(connection('server', certificate))
      driver.start()
      const child = openssl('s_client', certificate, ['-connect', `${LOOPBACK}:${driver.port}`, ...options])
      const event = await driver.next()
      assert.ok(event.type === 'connected', JSON.stringify(event))
      assert.equal(event.cipherSuite, suite)
      assert.equal(event.group, group)
      await exchange(child)
      child.stdin.end()
      assert.deepEqual(await driver.next(), { type: 'closed' })
    })
  }

  it('does not accept s_server under another fingerprint', async () => {
    const child = openssl('s_server', 'ec', ['-accept', `${LOOPBACK}:0`, '-Verify', '1'])
    const [, port] = await printed(child, /ACCEPT 127\.0\.0\.1:(\d+)/)
    const [remoteFingerprint] = mallory.getFingerprints()
    assert.ok(remoteFingerprint)
    driver = await UdpDriver.bind(
      new DtlsConnection({ role: 'client', certificate: alice, remoteFingerprint })
    )
    driver.start(Number(port))
    const event = await driver.next()
    assert.ok(event.type === 'failed')
    assert.equal(event.reason, 'fingerprint-mismatch')
  })
})

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { CipherContext, DtlsClient, DtlsServer, NamedCurveAlgorithm } from 'werift'
import type { DtlsSocket, Transport } from 'werift'
import { DtlsConnection } from '../../src/dtls/connection.ts'
import type { DtlsRole } from '../../src/dtls/connection-init.ts'
import type { DtlsEvent } from '../../src/dtls/events.ts'
import { alice } from './support/pair.ts'

const ADDRESS = { address: '127.0.0.1', family: 'IPv4', port: 1 }

/** One of ours and one of werift's, joined in memory. */
class MixedPair {
  readonly ours: DtlsConnection
  readonly theirs: DtlsSocket
  readonly #transport: Transport
  readonly #events: DtlsEvent[] = []
  #wake: (() => void) | undefined

  private constructor(role: DtlsRole, credentials: Awaited<ReturnType<typeof makeCredentials>>) {
    const value = new X509Certificate(credentials.certPem).fingerprint256
    const remoteFingerprint = { algorithm: 'sha-256', value }
    this.ours = new DtlsConnection({ role, certificate: alice, remoteFingerprint })
    this.#transport = {
      type: 'udp',
      address: ADDRESS,
      closed: false,
      onData: () => undefined,
      send: async (datagram) => {
        await Promise.resolve()
        this.ours.handleDatagram(datagram, 0)
        this.drain()
      },
      close: () => Promise.resolve()
    }
    const options = {
      transport: this.#transport,
      cert: credentials.certPem,
      key: credentials.keyPem,
      signatureHash: credentials.signatureHash,
      extendedMasterSecret: true,
      certificateRequest: true
    }
    this.theirs = role === 'client' ? new DtlsServer(options) : new DtlsClient(options)
  }

  static async make(role: DtlsRole): Promise<MixedPair> {
    const pair = new MixedPair(role, await makeCredentials())
    pair.ours.start(0)
    pair.drain()
    return pair
  }

  drain(): void {
    for (let datagram = this.ours.pollDatagram(); datagram; datagram = this.ours.pollDatagram()) {
      this.#transport.onData(Buffer.from(datagram), ['127.0.0.1', 1])
    }
    for (let event = this.ours.pollEvent(); event; event = this.ours.pollEvent()) this.#events.push(event)
    if (this.#events.length > 0) this.#wake?.()
  }

  async next(): Promise<DtlsEvent> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) return event
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async exchange(): Promise<void> {
    const event = await this.next()
    assert.ok(event.type === 'connected', JSON.stringify(event))
    const atWerift = this.theirs.onData.asPromise()
    this.ours.send(Buffer.from('to werift'))
    this.drain()
    assert.equal(String((await atWerift)[0]), 'to werift')
    await this.theirs.send(Buffer.from('from werift'))
    const received = await this.next()
    assert.ok(received.type === 'data')
    assert.equal(Buffer.from(received.data).toString(), 'from werift')
  }
}

function makeCredentials(): ReturnType<typeof CipherContext.createSelfSignedCertificateWithKey> {
  return CipherContext.createSelfSignedCertificateWithKey(
    { hash: 4, signature: 3 },
    NamedCurveAlgorithm.secp256r1_23
  )
}

describe('DTLS with werift', () => {
  it('is client, through its HelloVerifyRequest', async () => {
    const pair = await MixedPair.make('client')
    await pair.exchange()
  })

  it('is server', async () => {
    const pair = await MixedPair.make('server')
    const connected = pair.theirs.onConnect.asPromise()
    assert.ok(pair.theirs instanceof DtlsClient)
    await pair.theirs.connect()
    await connected
    await pair.exchange()
  })
})

import assert from 'node:assert/strict'
import { createAeadRecordProtection } from '../../src/dtls/aead-record-protection.ts'
import type { RecordProtectionFactory } from '../../src/dtls/record-protection.ts'
import { alice, bob, connectedPair, makePair } from './support/pair.ts'
import { lossyPath, perfectPath } from './support/virtual-network.ts'
import type { Path } from './support/virtual-network.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

describe('DTLS handshake', () => {
  it('connects in two round trips of one datagram a flight', () => {
    const { client, server, network } = connectedPair()
    assert.equal(client.state, 'connected')
    assert.equal(server.state, 'connected')
    assert.deepEqual(
      network.sent.map(({ from }) => from),
      ['client', 'server', 'client', 'server']
    )
    assert.equal(network.now, 4)
  })

  it('tells each end the certificate, cipher suite and group of the peer', () => {
    const { network } = connectedPair()
    const expected = { cipherSuite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', group: 'X25519' }
    const [atClient] = network.events.client
    const [atServer] = network.events.server
    assert.ok(atClient?.type === 'connected' && atServer?.type === 'connected')
    assert.deepEqual(Buffer.from(atClient.remoteCertificate), Buffer.from(bob.der))
    assert.deepEqual(Buffer.from(atServer.remoteCertificate), Buffer.from(alice.der))
    assert.equal(atClient.cipherSuite, expected.cipherSuite)
    assert.equal(atServer.group, expected.group)
  })

  it('carries data both ways, down to empty and up to 2^14 bytes', () => {
    const { client, server, network } = connectedPair()
    const longest = new Uint8Array(2 ** 14).fill(7)
    client.send(bytes('from client'))
    client.send(new Uint8Array(0))
    server.send(longest)
    network.drain()
    network.run()
    assert.deepEqual(network.received('server').map(text), ['from client', ''])
    assert.deepEqual(
      network.received('client').map((data) => Buffer.compare(data, longest)),
      [0]
    )
  })

  it('fills the MTU exactly with maxDataLength bytes', () => {
    const { client, network } = connectedPair({ mtu: 700 })
    client.send(new Uint8Array(client.maxDataLength))
    network.drain()
    assert.equal(network.sent.at(-1)?.datagram.length, 700)
  })

  it('has nothing left to time once connected', () => {
    const { client, server } = connectedPair()
    assert.equal(client.pollTimeout(), undefined)
    assert.equal(server.pollTimeout(), undefined)
  })

  it('closes both ends by an authenticated close_notify', () => {
    const { client, server, network } = connectedPair()
    client.close()
    client.close()
    network.drain()
    network.run()
    assert.equal(client.state, 'closed')
    assert.equal(server.state, 'closed')
    // One close_notify each: the answer is sent even to one that is gone (RFC 5246, section 7.2.1).
    assert.deepEqual(
      network.sent.slice(4).map(({ from }) => from),
      ['client', 'server']
    )
    assert.deepEqual(network.events.server.at(-1), { type: 'closed' })
    assert.ok(!network.events.client.some(({ type }) => type === 'closed'))
  })

  it('ends in time when nobody answers, and names the reason', () => {
    const { client, server, network } = makePair(() => [], { handshakeTimeoutMs: 5_000 })
    network.handshake()
    assert.equal(client.state, 'failed')
    assert.equal(server.state, 'failed')
    assert.equal(network.now, 5_000)
    assert.deepEqual([network.failure('client'), network.failure('server')], ['timeout', 'timeout'])
  })

  it('doubles the retransmission timeout up to its bound (RFC 6347, section 4.2.4)', () => {
    const times: number[] = []
    const { network } = makePair((_, from) => {
      if (from === 'client') times.push(network.now)
      return []
    })
    network.handshake()
    assert.deepEqual(times.slice(0, 8), [0, 100, 300, 700, 1500, 3100, 6100, 9100])
  })

  for (const mtu of [128, 200, 300, 1200]) {
    it(`connects through loss, repetition and reordering with an MTU of ${mtu}`, () => {
      for (let seed = 1; seed <= 12; seed++) {
        const path = lossyPath(seed, { loss: 0.25, repeat: 0.2, maxDelayMs: 150 })
        const { client, server, network } = makePair(path, { mtu })
        network.handshake()
        assert.equal(client.state, 'connected', `client, seed ${seed}`)
        assert.equal(server.state, 'connected', `server, seed ${seed}`)
        for (const { datagram } of network.sent) assert.ok(datagram.length <= mtu, `MTU kept, seed ${seed}`)
      }
    })
  }

  it('is brought to its end by repeated Finished when the last flight is lost', () => {
    let lost = 0
    const losing: Path = (datagram, from) => {
      const isLastFlight =
        from === 'server' && network.events.server.length + Number(server.state === 'connected') > 0
      return isLastFlight && lost++ < 3 ? [] : perfectPath(datagram, from)
    }
    const { client, server, network } = makePair(losing)
    network.handshake()
    assert.equal(lost, 4)
    assert.equal(client.state, 'connected')
    assert.equal(server.retransmissions, 3)
  })

  it('takes a flight in any order without a retransmission, also Finished before the keys', () => {
    const { client, server, network } = makePair(
      (datagram, from) => [{ datagram, delayMs: from === 'client' ? 50 - 10 * (sentByClient++ % 4) : 1 }],
      { mtu: 200, initialRetransmissionTimeoutMs: 1_000 }
    )
    let sentByClient = 0
    network.handshake()
    assert.equal(sentByClient, 4)
    assert.deepEqual([client.state, server.state], ['connected', 'connected'])
    assert.equal(client.retransmissions + server.retransmissions, 0)
  })

  it('sends smaller datagrams once three timeouts have passed (RFC 6347, section 4.1.1.1)', () => {
    const { client, server, network } = makePair((datagram) =>
      datagram.length > 508 ? [] : [{ datagram, delayMs: 1 }]
    )
    network.handshake()
    assert.deepEqual([client.state, server.state], ['connected', 'connected'])
  })

  it('delivers data that overtook the Finished, after connected', () => {
    const { client, server, network } = makePair((datagram, from) => {
      const isFinished =
        from === 'server' && server.state === 'connected' && datagram.length < 100 && !overtaken
      if (!isFinished) return perfectPath(datagram, from)
      overtaken = true
      return [{ datagram, delayMs: 20 }]
    })
    let overtaken = false
    network.start().run(() => server.state === 'connected')
    server.send(bytes('early'))
    network.drain()
    network.run(() => client.state === 'connected')
    assert.deepEqual(
      network.events.client.map(({ type }) => type),
      ['connected', 'data']
    )
  })

  it('never seals two records under one number, retransmissions included', () => {
    const seen = new Set<string>()
    const watching: RecordProtectionFactory = (keys) => {
      const protection = createAeadRecordProtection(keys)
      return {
        ...protection,
        seal(type, sequenceNumber, plaintext) {
          const nonce = `${Buffer.from(keys.write.key).toString('hex')}/${sequenceNumber}`
          assert.ok(!seen.has(nonce), nonce)
          seen.add(nonce)
          return protection.seal(type, sequenceNumber, plaintext)
        }
      }
    }
    for (let seed = 1; seed <= 10; seed++) {
      const path = lossyPath(seed, { loss: 0.4, repeat: 0.2, maxDelayMs: 100 })
      const { client, server, network } = makePair(path, { createRecordProtection: watching })
      network.handshake()
      for (let count = 0; count < 5; count++) {
        client.send(bytes('a'))
        server.send(bytes('b'))
      }
      client.close()
      network.drain()
      network.run()
    }
    assert.ok(seen.size >= 10 * 13)
  })

  it('refuses data before it is connected and beyond a record', () => {
    const { client } = makePair()
    assert.throws(() => client.send(bytes('x')), { code: 'ERR_DTLS_STATE' })
    const connected = connectedPair().client
    assert.throws(() => connected.send(new Uint8Array(2 ** 14 + 1)), { code: 'ERR_DTLS_DATA_TOO_LONG' })
  })

  it('refuses fingerprints that are not sha-256 and numbers that make no sense', () => {
    const { value } = alice.getFingerprints()[0] ?? { value: '' }
    for (const remoteFingerprint of [
      { algorithm: 'sha-1', value },
      { algorithm: 'sha-256', value: value.slice(3) },
      { algorithm: 'sha-256', value: value.replace(':', '-') }
    ]) {
      assert.throws(() => makePair(undefined, { remoteFingerprint }), { code: 'ERR_DTLS_FINGERPRINT' })
    }
    for (const init of [{ mtu: 10 }, { handshakeTimeoutMs: NaN }, { initialRetransmissionTimeoutMs: 0 }]) {
      assert.throws(() => makePair(undefined, init), { code: 'ERR_DTLS_OPTION' })
    }
  })
})

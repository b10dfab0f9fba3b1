import assert from 'node:assert/strict'
import type { Flight } from '../../src/dtls/flight.ts'
import { concatBytes, uintBytes, vectorBytes } from '../../src/dtls/byte-writer.ts'
import { ExtensionType, encodeCodePoints } from '../../src/dtls/extensions.ts'
import type { LocalCertificate } from '../../src/dtls/handshake.ts'
import { encodeMessage } from '../../src/dtls/handshake-message.ts'
import { encodeCertificateRequest } from '../../src/dtls/messages/certificate-request.ts'
import { decodeClientHello, encodeClientHello } from '../../src/dtls/messages/client-hello.ts'
import type { ClientHello } from '../../src/dtls/messages/client-hello.ts'
import { decodeServerHello, encodeServerHello } from '../../src/dtls/messages/server-hello.ts'
import { DTLS_1_0, HandshakeType } from '../../src/dtls/protocol.ts'
import { encodeRecord } from '../../src/dtls/record.ts'
import { Impostor } from './support/impostor.ts'
import type { Tamper } from './support/impostor.ts'
import { alice, bob, fingerprint, makeClient, makeServer, mallory } from './support/pair.ts'
import { plaintextMessages } from './support/rewrite.ts'
import { VirtualNetwork } from './support/virtual-network.ts'
import type { Side } from './support/virtual-network.ts'

/** The public half of one, the key of another. */
function copied(der: Uint8Array, signer: LocalCertificate): LocalCertificate {
  return { der, sign: (data) => signer.sign(data) }
}

/** Sends `body` as the message of that type. */
function altering(type: HandshakeType, alter: (body: Uint8Array) => Uint8Array): Tamper {
  return (honest) => [honest.type === type ? { type, body: alter(honest.body) } : honest]
}

const omitting =
  (type: HandshakeType): Tamper =>
  (honest) =>
    honest.type === type ? [] : [honest]

const repeating =
  (type: HandshakeType): Tamper =>
  (honest) =>
    honest.type === type ? [honest, honest] : [honest]

function flipLast(body: Uint8Array): Uint8Array {
  return body.with(-1, (body.at(-1) ?? 0) ^ 1)
}

/** Changes the extensions of its hello. */
function extending(change: (extensions: Map<number, Uint8Array>) => void): Tamper {
  return ({ type, body }) => {
    const clientHello = type === HandshakeType.clientHello ? decodeClientHello(body) : undefined
    if (clientHello !== undefined) {
      const extensions = new Map(clientHello.extensions)
      change(extensions)
      return [{ type, body: encodeClientHello({ ...clientHello, extensions }) }]
    }
    const serverHello = type === HandshakeType.serverHello ? decodeServerHello(body) : undefined
    if (serverHello !== undefined) {
      const extensions = new Map(serverHello.extensions)
      change(extensions)
      return [{ type, body: encodeServerHello({ ...serverHello, extensions }) }]
    }
    return [{ type, body }]
  }
}

interface Attack {
  title: string
  /** What the impostor presents, given who it wants to be. @default the true certificate and key */
  present?: (victimsPeer: LocalCertificate) => LocalCertificate
  tamper?: (side: Side) => Tamper
  reshape?: (flight: Flight) => Flight
  earlyData?: Uint8Array
  /** How the victim ends, by the side of the impostor. */
  reason: string | Record<Side, string>
}

/** CertificateVerify of a client, ServerKeyExchange of a server. */
function signedMessage(side: Side): HandshakeType {
  return side === 'client' ? HandshakeType.certificateVerify : HandshakeType.serverKeyExchange
}

/** A signature of the true peer, but made in another handshake. */
function signatureOfAnotherHandshake(peer: LocalCertificate): LocalCertificate {
  let recorded: Uint8Array | undefined
  const recording: LocalCertificate = { der: peer.der, sign: (data) => (recorded = peer.sign(data)) }
  const client = makeClient(peer.der === alice.der ? { certificate: recording } : {})
  const server = makeServer(peer.der === bob.der ? { certificate: recording } : {})
  new VirtualNetwork(client, server).handshake()
  assert.equal(client.state, 'connected')
  return {
    der: peer.der,
    sign: () => {
      assert.ok(recorded)
      return recorded
    }
  }
}

const ATTACKS: readonly Attack[] = [
  {
    title: 'a copied certificate and another key',
    present: (peer) => copied(peer.der, mallory),
    reason: 'bad-signature'
  },
  { title: 'a certificate of its own', present: () => mallory, reason: 'fingerprint-mismatch' },
  {
    title: 'the copied certificate in front of its own, and its own key',
    present: (peer) => copied(peer.der, mallory),
    tamper: () =>
      altering(HandshakeType.certificate, (body) =>
        vectorBytes(3, body.subarray(3), vectorBytes(3, mallory.der))
      ),
    reason: 'bad-signature'
  },
  {
    title: 'its own certificate in front of the copied one',
    present: (peer) => copied(peer.der, mallory),
    tamper: () =>
      altering(HandshakeType.certificate, (body) =>
        vectorBytes(3, vectorBytes(3, mallory.der), body.subarray(3))
      ),
    reason: 'fingerprint-mismatch'
  },
  {
    title: 'no certificate',
    tamper: () => altering(HandshakeType.certificate, () => vectorBytes(3)),
    reason: 'malformed-message'
  },
  {
    title: 'no Certificate message',
    tamper: () => omitting(HandshakeType.certificate),
    reason: 'unexpected-message'
  },
  {
    title: 'two Certificate messages',
    tamper: () => repeating(HandshakeType.certificate),
    reason: 'unexpected-message'
  },
  {
    title: 'an altered signature',
    tamper: (side) => altering(signedMessage(side), flipLast),
    reason: 'bad-signature'
  },
  {
    title: 'an empty signature',
    tamper: (side) =>
      altering(signedMessage(side), (body) => {
        const paramsLength = side === 'client' ? 0 : 4 + (body[3] ?? 0)
        return new Uint8Array([...body.subarray(0, paramsLength + 2), 0, 0])
      }),
    reason: 'bad-signature'
  },
  {
    title: 'a signature of the true peer from another handshake',
    present: signatureOfAnotherHandshake,
    reason: 'bad-signature'
  },
  {
    title: 'a signature that calls itself RSA',
    tamper: (side) =>
      altering(signedMessage(side), (body) => {
        const at = (side === 'client' ? 0 : 4 + (body[3] ?? 0)) + 1
        return body.with(at, 1)
      }),
    reason: 'bad-signature'
  },
  {
    title: 'no signed message',
    tamper: (side) => omitting(signedMessage(side)),
    // A server that goes without CertificateVerify looks for it where only the protected Finished stands.
    reason: { client: 'timeout', server: 'unexpected-message' }
  },
  {
    title: 'the signed message twice',
    tamper: (side) => repeating(signedMessage(side)),
    reason: { client: 'timeout', server: 'unexpected-message' }
  },
  {
    title: 'an altered Finished',
    tamper: () => altering(HandshakeType.finished, flipLast),
    reason: 'bad-finished'
  },
  {
    title: 'a shortened Finished',
    tamper: () => altering(HandshakeType.finished, (body) => body.subarray(0, 11)),
    reason: 'bad-finished'
  },
  {
    title: 'an empty Finished',
    tamper: () => altering(HandshakeType.finished, () => new Uint8Array(0)),
    reason: 'bad-finished'
  },
  { title: 'no Finished', tamper: () => omitting(HandshakeType.finished), reason: 'timeout' },
  {
    title: 'no Finished, but data',
    tamper: () => omitting(HandshakeType.finished),
    earlyData: Uint8Array.of(1, 2, 3),
    reason: 'timeout'
  },
  {
    title: 'a copied certificate, another key, and data as soon as there are keys',
    present: (peer) => copied(peer.der, mallory),
    earlyData: Uint8Array.of(1, 2, 3),
    reason: 'bad-signature'
  },
  {
    title: 'a good Finished, but in plaintext',
    reshape: (flight) =>
      flight.map((item) => (item.kind === 'handshake' ? { ...item, isProtected: false } : item)),
    reason: 'timeout'
  },
  {
    title: 'no extended master secret',
    tamper: () => extending((all) => all.delete(ExtensionType.extendedMasterSecret)),
    reason: 'no-extended-master-secret'
  },
  {
    title: 'an extended master secret that says something',
    tamper: () => extending((all) => all.set(ExtensionType.extendedMasterSecret, Uint8Array.of(1))),
    reason: 'no-extended-master-secret'
  },
  {
    title: 'a hello that renegotiates',
    tamper: () =>
      extending((all) => all.set(ExtensionType.renegotiationInfo, vectorBytes(1, new Uint8Array(12)))),
    reason: 'no-common-parameters'
  },
  {
    title: 'no uncompressed points',
    tamper: () => extending((all) => all.set(ExtensionType.ecPointFormats, Uint8Array.of(1, 1))),
    reason: 'no-common-parameters'
  }
]

describe('DTLS impostor', () => {
  for (const side of ['client', 'server'] as const) {
    const victimSide = side === 'client' ? 'server' : 'client'
    for (const { title, present, tamper, reshape, earlyData, reason } of ATTACKS) {
      it(`as ${side}: ${title}`, () => {
        const trueSelf = side === 'client' ? alice : bob
        const impostor = new Impostor({
          role: side,
          certificate: present === undefined ? trueSelf : present(trueSelf),
          remoteFingerprint: fingerprint(side === 'client' ? bob : alice),
          ...(tamper && { tamper: tamper(side) }),
          ...(reshape && { reshape }),
          ...(earlyData && { earlyData })
        })
        const victim = side === 'client' ? makeServer() : makeClient()
        const network =
          side === 'client' ? new VirtualNetwork(impostor, victim) : new VirtualNetwork(victim, impostor)
        network.start().run(() => victim.state === 'failed')
        assert.equal(network.failure(victimSide), typeof reason === 'string' ? reason : reason[side])
        assert.deepEqual(
          network.events[victimSide].map(({ type }) => type),
          ['failed']
        )
      })
    }

    it(`as ${side}: an impostor that does not lie is no impostor`, () => {
      const honest = new Impostor({
        role: side,
        certificate: side === 'client' ? alice : bob,
        remoteFingerprint: fingerprint(side === 'client' ? bob : alice)
      })
      const peer = side === 'client' ? makeServer() : makeClient()
      const network = side === 'client' ? new VirtualNetwork(honest, peer) : new VirtualNetwork(peer, honest)
      network.start().run()
      assert.equal(peer.state, 'connected')
      assert.equal(honest.state, 'connected')
    })
  }

  it('as client: a public key that is not one', () => {
    for (const key of [new Uint8Array(32), new Uint8Array(0), new Uint8Array(65).fill(4)]) {
      const impostor = new Impostor({
        role: 'client',
        certificate: alice,
        remoteFingerprint: fingerprint(bob),
        tamper: altering(HandshakeType.clientKeyExchange, () => vectorBytes(1, key))
      })
      const victim = makeServer()
      const network = new VirtualNetwork(impostor, victim).start().run(() => victim.state === 'failed')
      assert.equal(network.failure('server'), 'bad-key-share')
    }
  })

  it('as client: no group, signature or suite in common', () => {
    const suites = (hello: ClientHello): ClientHello => ({ ...hello, cipherSuites: [0xc02f, 0x009c] })
    for (const tamper of [
      extending((all) => all.set(ExtensionType.supportedGroups, encodeCodePoints([24]))),
      extending((all) => all.set(ExtensionType.signatureAlgorithms, encodeCodePoints([0x0401]))),
      extending((all) => all.delete(ExtensionType.signatureAlgorithms)),
      altering(HandshakeType.clientHello, (body) => {
        const hello = decodeClientHello(body)
        assert.ok(hello)
        return encodeClientHello(suites(hello))
      })
    ]) {
      const impostor = new Impostor({
        role: 'client',
        certificate: alice,
        remoteFingerprint: fingerprint(bob),
        tamper
      })
      const victim = makeServer()
      const network = new VirtualNetwork(impostor, victim).start().run(() => victim.state === 'failed')
      assert.equal(network.failure('server'), 'no-common-parameters')
    }
  })

  it('as server: an ECDSA certificate under a suite for RSA', () => {
    const impostor = new Impostor({
      role: 'server',
      certificate: bob,
      remoteFingerprint: fingerprint(alice),
      tamper: altering(HandshakeType.serverHello, (body) => {
        const hello = decodeServerHello(body)
        assert.ok(hello)
        return encodeServerHello({ ...hello, cipherSuite: 0xc02f })
      })
    })
    const victim = makeClient()
    const network = new VirtualNetwork(victim, impostor).start().run(() => victim.state === 'failed')
    assert.equal(network.failure('client'), 'bad-certificate')
  })

  it('as server: takes no ECDSA certificate', () => {
    for (const request of [
      { certificateTypes: [1], signatureSchemes: [0x0403] },
      { certificateTypes: [64], signatureSchemes: [0x0401] }
    ]) {
      const impostor = new Impostor({
        role: 'server',
        certificate: bob,
        remoteFingerprint: fingerprint(alice),
        tamper: altering(HandshakeType.certificateRequest, () => encodeCertificateRequest(request))
      })
      const victim = makeClient()
      const network = new VirtualNetwork(victim, impostor).start().run(() => victim.state === 'failed')
      assert.equal(network.failure('client'), 'no-common-parameters')
    }
  })

  it('as server: asks for a cookie twice', () => {
    const victim = makeClient()
    victim.start(0)
    const cookies = [0, 1].map((sequence) => {
      const body = concatBytes(uintBytes(DTLS_1_0, 2), vectorBytes(1, new Uint8Array(20).fill(sequence)))
      const fragment = encodeMessage({ type: HandshakeType.helloVerifyRequest, sequence, body })
      return encodeRecord({ type: 22, version: DTLS_1_0, epoch: 0, sequenceNumber: sequence, fragment })
    })
    const [first, second] = cookies
    assert.ok(first && second)
    victim.pollDatagram()
    victim.handleDatagram(first, 1)
    const [hello] = plaintextMessages(victim.pollDatagram() ?? new Uint8Array(0))
    assert.deepEqual(decodeClientHello(hello?.body ?? new Uint8Array(0))?.cookie, new Uint8Array(20))
    assert.equal(hello?.sequence, 1)
    victim.handleDatagram(second, 2)
    assert.equal(victim.state, 'failed')
  })

  it('as server: no CertificateRequest, so that the victim would not have to prove who it is', () => {
    const impostor = new Impostor({
      role: 'server',
      certificate: bob,
      remoteFingerprint: fingerprint(alice),
      tamper: omitting(HandshakeType.certificateRequest)
    })
    const victim = makeClient()
    const network = new VirtualNetwork(victim, impostor).start().run(() => victim.state === 'failed')
    assert.equal(network.failure('client'), 'unexpected-message')
  })
})

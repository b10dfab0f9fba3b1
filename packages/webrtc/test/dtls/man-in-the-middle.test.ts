import assert from 'node:assert/strict'
import { encodeAlert } from '../../src/dtls/alert.ts'
import { ExtensionType, encodeCodePoints } from '../../src/dtls/extensions.ts'
import type { Extensions } from '../../src/dtls/extensions.ts'
import { encodeFragment, encodeMessage } from '../../src/dtls/handshake-message.ts'
import { encodeCertificate } from '../../src/dtls/messages/certificate.ts'
import { decodeClientHello, encodeClientHello } from '../../src/dtls/messages/client-hello.ts'
import type { ClientHello } from '../../src/dtls/messages/client-hello.ts'
import { decodeServerHello, encodeServerHello } from '../../src/dtls/messages/server-hello.ts'
import {
  AlertDescription,
  AlertLevel,
  ContentType,
  DTLS_1_0,
  HandshakeType
} from '../../src/dtls/protocol.ts'
import { assertNoMixUp, forged } from './support/man-in-the-middle.ts'
import { connectedPair, makePair, mallory } from './support/pair.ts'
import type { Pair } from './support/pair.ts'
import { rewriteMessages, rewriteRecords } from './support/rewrite.ts'
import { alteredPath, perfectPath } from './support/virtual-network.ts'
import type { Side } from './support/virtual-network.ts'

describe('DTLS man in the middle, during the handshake', () => {
  function meddled(rewrite: (datagram: Uint8Array, from: Side) => Uint8Array | undefined): Pair {
    const pair = makePair(alteredPath(rewrite), { handshakeTimeoutMs: 5_000 })
    pair.network.handshake()
    return pair
  }

  const withoutMessage = (dropped: number) => (datagram: Uint8Array) => {
    let shift = 0
    return rewriteMessages(datagram, (message) => {
      if (message.type === dropped) {
        shift = 1
        return undefined
      }
      return { ...message, sequence: message.sequence - shift }
    })
  }

  for (const [name, type] of Object.entries(HandshakeType)) {
    if (type === HandshakeType.helloRequest || type === HandshakeType.helloVerifyRequest) continue
    it(`takes out ${name} and renumbers the rest: nobody connects`, () => {
      const { client, server } =
        type === HandshakeType.finished
          ? meddled((datagram) =>
              rewriteRecords(datagram, (record) => (record.epoch === 0 ? record : undefined))
            )
          : meddled(withoutMessage(type))
      assert.equal(client.state, 'failed')
      assert.equal(server.state, 'failed')
    })
  }

  function withExtensions(
    extensions: Extensions,
    change: (extensions: Map<number, Uint8Array>) => void
  ): Extensions {
    const changed = new Map(extensions)
    change(changed)
    return changed
  }

  const alteringClientHello = (alter: (hello: ClientHello) => ClientHello) => (datagram: Uint8Array) =>
    rewriteMessages(datagram, (message) => {
      const hello = message.type === HandshakeType.clientHello ? decodeClientHello(message.body) : undefined
      return hello === undefined ? message : { ...message, body: encodeClientHello(alter(hello)) }
    })

  it('strips the extended master secret from the ClientHello', () => {
    const { network } = meddled(
      alteringClientHello((hello) => ({
        ...hello,
        extensions: withExtensions(hello.extensions, (all) => all.delete(ExtensionType.extendedMasterSecret))
      }))
    )
    assert.equal(network.failure('server'), 'no-extended-master-secret')
    assert.equal(network.failure('client'), 'timeout')
  })

  it('strips the extended master secret from the ServerHello', () => {
    const { network } = meddled((datagram) =>
      rewriteMessages(datagram, (message) => {
        const hello = message.type === HandshakeType.serverHello ? decodeServerHello(message.body) : undefined
        if (hello === undefined) return message
        const extensions = withExtensions(hello.extensions, (all) =>
          all.delete(ExtensionType.extendedMasterSecret)
        )
        return { ...message, body: encodeServerHello({ ...hello, extensions }) }
      })
    )
    assert.equal(network.failure('client'), 'no-extended-master-secret')
    assert.equal(network.failure('server'), 'timeout')
  })

  it('takes choices out of the ClientHello: the server notices from the transcript', () => {
    for (const alter of [
      (hello: ClientHello): ClientHello => ({ ...hello, cipherSuites: [0xcca9] }),
      (hello: ClientHello): ClientHello => ({
        ...hello,
        extensions: withExtensions(hello.extensions, (all) =>
          all.set(ExtensionType.supportedGroups, encodeCodePoints([23]))
        )
      })
    ]) {
      const { network } = meddled(alteringClientHello(alter))
      // The client signs what it sent, and the server checks what it got.
      assert.equal(network.failure('server'), 'bad-signature')
      assert.equal(network.failure('client'), 'timeout')
    }
  })

  it('offers the server an older version: refused', () => {
    const { network } = meddled(alteringClientHello((hello) => ({ ...hello, version: DTLS_1_0 })))
    assert.equal(network.failure('server'), 'no-common-parameters')
  })

  it('answers the client with an older version, or with what was not offered: refused', () => {
    for (const change of [
      { version: DTLS_1_0 },
      { cipherSuite: 0xc00a },
      { compressionMethod: 1 },
      { extensions: new Map([[14, new Uint8Array(5)]]) }
    ]) {
      const { network } = meddled((datagram) =>
        rewriteMessages(datagram, (message) => {
          const hello =
            message.type === HandshakeType.serverHello ? decodeServerHello(message.body) : undefined
          return hello === undefined
            ? message
            : { ...message, body: encodeServerHello({ ...hello, ...change }) }
        })
      )
      assert.equal(network.failure('client'), 'no-common-parameters', JSON.stringify(change))
    }
  })

  it('puts its own certificate in the place of both: refused', () => {
    const { network } = meddled((datagram) =>
      rewriteMessages(datagram, (message) =>
        message.type === HandshakeType.certificate
          ? { ...message, body: encodeCertificate(mallory.der) }
          : message
      )
    )
    assert.equal(network.failure('client'), 'fingerprint-mismatch')
  })

  const NUISANCES: readonly (readonly [string, Uint8Array])[] = [
    [
      'a fatal alert',
      forged(ContentType.alert, encodeAlert(AlertLevel.fatal, AlertDescription.handshakeFailure))
    ],
    [
      'a close_notify',
      forged(ContentType.alert, encodeAlert(AlertLevel.warning, AlertDescription.closeNotify))
    ],
    ['an alert of epoch 1', forged(ContentType.alert, encodeAlert(AlertLevel.fatal, 40), { epoch: 1 })],
    ['a protected alert that is none', forged(ContentType.alert, new Uint8Array(40), { epoch: 1 })],
    [
      'a HelloRequest',
      forged(ContentType.handshake, encodeMessage({ type: 0, sequence: 0, body: new Uint8Array(0) }))
    ],
    [
      'a plaintext Finished',
      forged(ContentType.handshake, encodeMessage({ type: 20, sequence: 4, body: new Uint8Array(12) }))
    ],
    ['ChangeCipherSpec', forged(ContentType.changeCipherSpec, Uint8Array.of(1))],
    ['plaintext data', forged(ContentType.applicationData, Uint8Array.of(1, 2, 3))],
    [
      'a record of a high number',
      forged(ContentType.alert, Uint8Array.of(2, 40), { sequenceNumber: 2 ** 48 - 1 })
    ],
    ['a record of another epoch', forged(ContentType.handshake, new Uint8Array(30), { epoch: 2 })],
    ['a record of another version', forged(ContentType.handshake, new Uint8Array(30), { version: 0x0303 })],
    ['a record cut off', forged(ContentType.handshake, new Uint8Array(30)).subarray(0, 25)],
    ['an unknown content type', forged(77, new Uint8Array(30))],
    [
      'a message far ahead',
      forged(ContentType.handshake, encodeMessage({ type: 11, sequence: 900, body: new Uint8Array(9) }))
    ],
    [
      'a message beyond all bounds',
      forged(
        ContentType.handshake,
        encodeFragment({ type: 11, sequence: 1, body: new Uint8Array(2 ** 20) }, 0, 9)
      )
    ],
    ['noise', new Uint8Array(200).fill(0x5a)],
    ['nothing', new Uint8Array(0)]
  ]

  for (const [title, nuisance] of NUISANCES) {
    it(`sends ${title} before and behind every datagram: both connect`, () => {
      const pair = makePair((datagram) => [
        { datagram: nuisance, delayMs: 0.5 },
        { datagram, delayMs: 1 },
        { datagram: nuisance, delayMs: 1.5 }
      ])
      pair.network.handshake()
      assert.deepEqual([pair.client.state, pair.server.state], ['connected', 'connected'])
      assertNoMixUp(pair)
    })
  }

  it('repeats every datagram ten times: both connect, and no flight is multiplied', () => {
    const pair = makePair((datagram, from) =>
      Array.from({ length: 10 }, () => perfectPath(datagram, from)).flat()
    )
    pair.network.handshake()
    assertNoMixUp(pair)
    assert.equal(pair.client.retransmissions + pair.server.retransmissions, 0)
  })

  it('tells what an unauthenticated alert said when the handshake times out', () => {
    const alert = forged(ContentType.alert, encodeAlert(AlertLevel.fatal, AlertDescription.badCertificate))
    const { network } = meddled((_, from) => (from === 'client' ? undefined : alert))
    const { client } = makePair()
    client.start(0)
    client.handleDatagram(alert, 1)
    client.handleTimeout(60_000)
    const event = client.pollEvent()
    assert.ok(event?.type === 'failed')
    assert.match(event.message, /badCertificate/)
    assert.equal(network.failure('client'), 'timeout')
  })

  const HONEST = connectedPair().network.sent.map(({ datagram }) => datagram.length)

  for (const [index, flight] of [
    'ClientHello',
    "server's flight",
    "client's flight",
    'last flight'
  ].entries()) {
    const length = HONEST[index] ?? 0

    it(`flips a bit at each place of the ${flight}: no mix-up`, () => {
      assert.ok(length > 50)
      // Signatures vary in length: a place may lie behind the end, where nothing is flipped.
      for (let at = 0; at < length; at++) {
        let count = 0
        const pair = makePair(
          alteredPath((datagram) => {
            if (count++ !== index) return datagram
            return at < datagram.length ? datagram.with(at, (datagram[at] ?? 0) ^ (1 << (at % 8))) : datagram
          }),
          { handshakeTimeoutMs: 2_000 }
        )
        pair.network.handshake()
        assertNoMixUp(pair)
      }
    })

    it(`cuts off the ${flight} at each place: both connect in the end`, () => {
      for (let at = 0; at < length; at++) {
        let count = 0
        const pair = makePair(
          alteredPath((datagram) => (count++ === index ? datagram.subarray(0, at) : datagram))
        )
        pair.network.handshake()
        assert.deepEqual([pair.client.state, pair.server.state], ['connected', 'connected'], `at ${at}`)
      }
    })
  }
})

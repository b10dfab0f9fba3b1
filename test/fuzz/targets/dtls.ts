import assert from 'node:assert/strict'
import { concatBytes } from '../../../packages/webrtc/src/dtls/byte-writer.ts'
import type { DtlsConnection } from '../../../packages/webrtc/src/dtls/index.ts'
import {
  decodeFragments,
  encodeFragment,
  type HandshakeFragment
} from '../../../packages/webrtc/src/dtls/handshake-message.ts'
import {
  decodeCertificateRequest,
  encodeCertificateRequest,
  type CertificateRequest
} from '../../../packages/webrtc/src/dtls/messages/certificate-request.ts'
import { decodeCertificate } from '../../../packages/webrtc/src/dtls/messages/certificate.ts'
import { decodeClientHello } from '../../../packages/webrtc/src/dtls/messages/client-hello.ts'
import { decodeClientKeyExchange } from '../../../packages/webrtc/src/dtls/messages/client-key-exchange.ts'
import { decodeHelloVerifyRequest } from '../../../packages/webrtc/src/dtls/messages/hello-verify-request.ts'
import { decodeServerHello } from '../../../packages/webrtc/src/dtls/messages/server-hello.ts'
import {
  decodeDigitallySigned,
  decodeServerKeyExchange
} from '../../../packages/webrtc/src/dtls/messages/server-key-exchange.ts'
import { Reassembler } from '../../../packages/webrtc/src/dtls/reassembler.ts'
import { decodeAlert, encodeAlert, type Alert } from '../../../packages/webrtc/src/dtls/alert.ts'
import { Certificate } from '../../../packages/webrtc/src/dtls/certificate.ts'
import { readPeerCertificate } from '../../../packages/webrtc/src/dtls/peer-certificate.ts'
import { decodeRecords, encodeRecord, type DtlsRecord } from '../../../packages/webrtc/src/dtls/record.ts'
import { makeClient, makePair, makeServer } from '../../../packages/webrtc/test/dtls/support/pair.ts'
import { assertModest, decoderTarget, type FuzzTarget } from '../fuzz-target.ts'

const HANDSHAKE = 22

/** Every datagram of an honest handshake. */
const { network } = makePair()
network.handshake()
const DATAGRAMS = network.sent.map(({ datagram }) => datagram)
/** Every message of it that goes in clear. */
const FRAGMENTS = DATAGRAMS.flatMap((datagram) =>
  decodeRecords(datagram)
    .records.filter(({ type, epoch }) => type === HANDSHAKE && epoch === 0)
    .flatMap(({ fragment }) => decodeFragments(fragment) ?? [])
)

const BODY_DECODERS = [
  decodeClientHello,
  decodeHelloVerifyRequest,
  decodeServerHello,
  decodeCertificate,
  decodeServerKeyExchange,
  decodeCertificateRequest,
  decodeClientKeyExchange,
  decodeDigitallySigned
]

function written({ type, sequence, length, offset, bytes }: HandshakeFragment): Uint8Array {
  const body = new Uint8Array(length)
  body.set(bytes, offset)
  return encodeFragment({ type, sequence, body }, offset, bytes.length)
}

/** What became of an end that took a datagram: never connected, and never more talkative than it should be. */
function outcome(end: DtlsConnection, input: Uint8Array): unknown {
  end.handleDatagram(input, 10)
  let sent = 0
  while (end.pollDatagram() !== undefined) sent++
  assert.ok(sent <= 6, `${sent} datagrams`)
  const events: { type: string }[] = []
  for (let event; (event = end.pollEvent()) !== undefined;) events.push({ type: event.type })
  assert.notEqual(end.state, 'connected')
  return { state: end.state, sent, events }
}

export const dtlsTargets: readonly FuzzTarget[] = [
  decoderTarget<DtlsRecord[]>({
    name: 'webrtc/dtls-records',
    decode: (bytes) => {
      const { records, malformed } = decodeRecords(bytes)
      return malformed ? undefined : records
    },
    encode: (records) => concatBytes(...records.map(encodeRecord)),
    values: DATAGRAMS.map((datagram) => decodeRecords(datagram).records)
  }),
  decoderTarget<HandshakeFragment[]>({
    name: 'webrtc/dtls-fragments',
    decode: decodeFragments,
    encode: (fragments) => concatBytes(...fragments.map(written)),
    values: [FRAGMENTS]
  }),
  decoderTarget<CertificateRequest>({
    name: 'webrtc/dtls-certificate-request',
    decode: decodeCertificateRequest,
    encode: encodeCertificateRequest,
    values: [{ certificateTypes: [64], signatureSchemes: [0x0403, 0x0804] }]
  }),
  decoderTarget<Alert>({
    name: 'webrtc/dtls-alert',
    decode: decodeAlert,
    encode: ({ level, description }) => encodeAlert(level, description),
    values: [{ level: 2, description: 40 }]
  }),
  {
    name: 'webrtc/dtls-peer-certificate',
    corpus: [Certificate.generate().der],
    run: (input) => readPeerCertificate(input)?.scheme
  },
  {
    name: 'webrtc/dtls-bodies',
    corpus: FRAGMENTS.filter(({ bytes }) => bytes.length > 0).map(({ bytes }) => bytes),
    run: (input) => {
      const read = BODY_DECODERS.map((decode) => decode(input))
      for (const value of read) assertModest(value, input.length)
      return read.some((value) => value !== undefined) ? read : undefined
    }
  },
  {
    name: 'webrtc/dtls-reassembly',
    corpus: [concatBytes(...FRAGMENTS.map(written)), concatBytes(...FRAGMENTS.toReversed().map(written))],
    run: (input) => {
      const reassembler = new Reassembler()
      const kept = (decodeFragments(input) ?? []).map((fragment) => reassembler.add(fragment, 0))
      const whole = Array.from({ length: 8 }, (_, sequence) => reassembler.take(sequence)?.body.length)
      return kept.length === 0 ? undefined : { kept, whole }
    }
  },
  {
    name: 'webrtc/dtls-client',
    corpus: DATAGRAMS,
    run: (input) => {
      const client = makeClient()
      client.start(0)
      while (client.pollDatagram() !== undefined);
      return outcome(client, input)
    }
  },
  {
    name: 'webrtc/dtls-server',
    corpus: DATAGRAMS,
    run: (input) => {
      const server = makeServer()
      server.start(0)
      return outcome(server, input)
    }
  }
]

import { concatBytes } from './byte-writer.ts'
import { CIPHER_SUITES } from './cipher-suites.ts'
import {
  EC_POINT_FORMATS,
  EXTENDED_MASTER_SECRET,
  ExtensionType,
  NO_RENEGOTIATION,
  allowsUncompressedPoints,
  encodeCodePoints,
  isInitialHandshake
} from './extensions.ts'
import type { HandshakeMessage } from './handshake-message.ts'
import {
  badKeyShare,
  badSignature,
  checkFinished,
  fail,
  malformed,
  noExtendedMasterSecret,
  nothingInCommon,
  outOfTurn,
  receiveCertificate
} from './handshake.ts'
import type { HandshakeContext, HandshakeStep } from './handshake.ts'
import { NAMED_GROUPS, generateKeyShare, namedGroup } from './key-exchange.ts'
import { deriveExtendedMasterSecret, deriveTrafficKeys, deriveVerifyData } from './key-schedule.ts'
import { encodeCertificate } from './messages/certificate.ts'
import { decodeCertificateRequest } from './messages/certificate-request.ts'
import { encodeClientHello } from './messages/client-hello.ts'
import type { ClientHello } from './messages/client-hello.ts'
import { encodeClientKeyExchange } from './messages/client-key-exchange.ts'
import { decodeHelloVerifyRequest } from './messages/hello-verify-request.ts'
import { decodeServerHello } from './messages/server-hello.ts'
import {
  decodeServerKeyExchange,
  encodeDigitallySigned,
  encodeEcdhParams
} from './messages/server-key-exchange.ts'
import { isSignedBy } from './peer-certificate.ts'
import {
  AlertDescription,
  ClientCertificateType,
  DTLS_1_2,
  HandshakeType,
  RANDOM_LENGTH,
  SIGNATURE_SCHEMES,
  SignatureScheme
} from './protocol.ts'
import type { ClientState } from './state.ts'

type In<Name extends ClientState['name']> = Extract<ClientState, { name: Name }>

const NO_BYTES = new Uint8Array(0)

/** Sends the first ClientHello. */
export function beginClientHandshake(context: HandshakeContext): HandshakeStep {
  return sendClientHello(context, {
    version: DTLS_1_2,
    random: context.randomBytes(RANDOM_LENGTH),
    sessionId: NO_BYTES,
    cookie: NO_BYTES,
    cipherSuites: CIPHER_SUITES.map(({ id }) => id),
    compressionMethods: [0],
    extensions: new Map([
      [ExtensionType.supportedGroups, encodeCodePoints(NAMED_GROUPS)],
      [ExtensionType.ecPointFormats, EC_POINT_FORMATS],
      [ExtensionType.signatureAlgorithms, encodeCodePoints(SIGNATURE_SCHEMES)],
      [ExtensionType.extendedMasterSecret, EXTENDED_MASTER_SECRET],
      [ExtensionType.renegotiationInfo, NO_RENEGOTIATION]
    ])
  })
}

/** Takes the next message in order, which the transcript already holds. */
export function advanceClient(
  state: ClientState,
  message: HandshakeMessage,
  context: HandshakeContext
): HandshakeStep {
  const { type, body } = message
  switch (state.name) {
    case 'await-server-hello':
      if (type === HandshakeType.helloVerifyRequest) return onHelloVerifyRequest(state, body, context)
      if (type !== HandshakeType.serverHello) return outOfTurn(type, 'ServerHello')
      return onServerHello(state, body)
    case 'await-server-certificate':
      if (type !== HandshakeType.certificate) return outOfTurn(type, 'Certificate')
      return onCertificate(state, body, context)
    case 'await-server-key-exchange':
      if (type !== HandshakeType.serverKeyExchange) return outOfTurn(type, 'ServerKeyExchange')
      return onServerKeyExchange(state, body)
    case 'await-certificate-request':
      if (type !== HandshakeType.certificateRequest) return outOfTurn(type, 'CertificateRequest')
      return onCertificateRequest(state, body)
    case 'await-server-hello-done':
      if (type !== HandshakeType.serverHelloDone) return outOfTurn(type, 'ServerHelloDone')
      return onServerHelloDone(state, body, context)
    case 'await-server-finished':
      if (type !== HandshakeType.finished) return outOfTurn(type, 'Finished')
      return onFinished(state, body, context)
  }
}

function sendClientHello(context: HandshakeContext, hello: ClientHello): HandshakeStep {
  const message = context.compose(HandshakeType.clientHello, encodeClientHello(hello))
  return {
    kind: 'next',
    state: { name: 'await-server-hello', hello },
    flight: [{ kind: 'handshake', message, isProtected: false }]
  }
}

function onHelloVerifyRequest(
  { hello }: In<'await-server-hello'>,
  body: Uint8Array,
  context: HandshakeContext
): HandshakeStep {
  const cookie = decodeHelloVerifyRequest(body)
  if (cookie === undefined || cookie.length === 0) return malformed('HelloVerifyRequest')
  if (hello.cookie.length > 0) return outOfTurn(HandshakeType.helloVerifyRequest, 'ServerHello')
  context.transcript.clear()
  return sendClientHello(context, { ...hello, cookie })
}

function onServerHello({ hello }: In<'await-server-hello'>, body: Uint8Array): HandshakeStep {
  const answer = decodeServerHello(body)
  if (answer === undefined) return malformed('ServerHello')
  if (answer.version !== DTLS_1_2) {
    return fail('no-common-parameters', AlertDescription.protocolVersion, 'The peer does not speak DTLS 1.2.')
  }
  const suite = CIPHER_SUITES.find(({ id }) => id === answer.cipherSuite)
  if (suite === undefined || answer.compressionMethod !== 0) {
    return fail(
      'no-common-parameters',
      AlertDescription.illegalParameter,
      'The peer chose a cipher suite or a compression that was not offered.'
    )
  }
  for (const type of answer.extensions.keys()) {
    if (!hello.extensions.has(type)) {
      return fail(
        'no-common-parameters',
        AlertDescription.unsupportedExtension,
        `The peer answered extension ${type}, which was not offered.`
      )
    }
  }
  if (answer.extensions.get(ExtensionType.extendedMasterSecret)?.length !== 0) return noExtendedMasterSecret()
  const renegotiation = answer.extensions.get(ExtensionType.renegotiationInfo)
  if (renegotiation !== undefined && !isInitialHandshake(renegotiation)) {
    return nothingInCommon('The peer takes this first handshake for a renegotiation (RFC 5746).')
  }
  if (!allowsUncompressedPoints(answer.extensions)) {
    return fail(
      'no-common-parameters',
      AlertDescription.illegalParameter,
      'The peer does not take uncompressed points, which all must (RFC 8422).'
    )
  }
  return {
    kind: 'next',
    state: {
      name: 'await-server-certificate',
      negotiated: { suite, clientRandom: hello.random, serverRandom: answer.random.slice() }
    }
  }
}

function onCertificate(
  { negotiated }: In<'await-server-certificate'>,
  body: Uint8Array,
  context: HandshakeContext
): HandshakeStep {
  const received = receiveCertificate(body, context.remoteFingerprint)
  if (received.kind === 'failed') return received
  const { peer } = received
  const isRsa = peer.scheme === SignatureScheme.rsaPkcs1Sha256
  if (isRsa !== (negotiated.suite.authentication === 'rsa')) {
    return fail(
      'bad-certificate',
      AlertDescription.illegalParameter,
      "The peer's certificate has another type of key than its cipher suite."
    )
  }
  return { kind: 'next', state: { name: 'await-server-key-exchange', negotiated, peer } }
}

function onServerKeyExchange(
  { negotiated, peer }: In<'await-server-key-exchange'>,
  body: Uint8Array
): HandshakeStep {
  const exchange = decodeServerKeyExchange(body)
  if (exchange === undefined) return malformed('ServerKeyExchange')
  const content = concatBytes(
    negotiated.clientRandom,
    negotiated.serverRandom,
    encodeEcdhParams(exchange.group, exchange.publicKey)
  )
  if (!isSignedBy(peer, content, exchange)) return badSignature('ServerKeyExchange')
  const group = namedGroup(exchange.group)
  if (group === undefined) return badKeyShare()
  const keyShare = generateKeyShare(group)
  const preMasterSecret = keyShare.agree(exchange.publicKey)
  if (preMasterSecret === undefined) return badKeyShare()
  const agreed = { suite: negotiated.suite, group, peer }
  return {
    kind: 'next',
    state: { name: 'await-certificate-request', negotiated, agreed, keyShare, preMasterSecret }
  }
}

function onCertificateRequest(state: In<'await-certificate-request'>, body: Uint8Array): HandshakeStep {
  const request = decodeCertificateRequest(body)
  if (request === undefined) return malformed('CertificateRequest')
  if (
    !request.certificateTypes.includes(ClientCertificateType.ecdsaSign) ||
    !request.signatureSchemes.includes(SignatureScheme.ecdsaSecp256r1Sha256)
  ) {
    return nothingInCommon('The peer does not take an ECDSA P-256 certificate.')
  }
  return { kind: 'next', state: { ...state, name: 'await-server-hello-done' } }
}

function onServerHelloDone(
  { negotiated, agreed, keyShare, preMasterSecret }: In<'await-server-hello-done'>,
  body: Uint8Array,
  context: HandshakeContext
): HandshakeStep {
  if (body.length > 0) return malformed('ServerHelloDone')
  const { transcript, certificate } = context
  const { suite, clientRandom, serverRandom } = negotiated
  const chain = context.compose(HandshakeType.certificate, encodeCertificate(certificate.der))
  const exchange = context.compose(
    HandshakeType.clientKeyExchange,
    encodeClientKeyExchange(keyShare.publicKey)
  )
  const masterSecret = deriveExtendedMasterSecret(preMasterSecret, transcript.hash())
  const proof = context.compose(
    HandshakeType.certificateVerify,
    encodeDigitallySigned({
      scheme: SignatureScheme.ecdsaSecp256r1Sha256,
      signature: certificate.sign(transcript.bytes())
    })
  )
  const finished = context.compose(
    HandshakeType.finished,
    deriveVerifyData('client', masterSecret, transcript.hash())
  )
  const keys = deriveTrafficKeys(suite, masterSecret, clientRandom, serverRandom)
  return {
    kind: 'next',
    state: { name: 'await-server-finished', agreed, masterSecret },
    keys: { suite, write: keys.client, read: keys.server },
    flight: [
      { kind: 'handshake', message: chain, isProtected: false },
      { kind: 'handshake', message: exchange, isProtected: false },
      { kind: 'handshake', message: proof, isProtected: false },
      { kind: 'change-cipher-spec' },
      { kind: 'handshake', message: finished, isProtected: true }
    ]
  }
}

function onFinished(
  { agreed, masterSecret }: In<'await-server-finished'>,
  body: Uint8Array,
  { transcript }: HandshakeContext
): HandshakeStep {
  const expected = deriveVerifyData('server', masterSecret, transcript.hashBeforeLast())
  return checkFinished(body, expected) ?? { kind: 'next', state: { name: 'connected', agreed } }
}

import { concatBytes } from './byte-writer.ts'
import { CIPHER_SUITES, EMPTY_RENEGOTIATION_INFO_SCSV } from './cipher-suites.ts'
import {
  EC_POINT_FORMATS,
  EXTENDED_MASTER_SECRET,
  ExtensionType,
  NO_RENEGOTIATION,
  allowsUncompressedPoints,
  decodeCodePoints,
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
import type { HandshakeContext, HandshakeFailure, HandshakeStep } from './handshake.ts'
import { NAMED_GROUPS, NamedGroup, generateKeyShare } from './key-exchange.ts'
import { deriveExtendedMasterSecret, deriveTrafficKeys, deriveVerifyData } from './key-schedule.ts'
import { encodeCertificate } from './messages/certificate.ts'
import { encodeCertificateRequest } from './messages/certificate-request.ts'
import { decodeClientHello } from './messages/client-hello.ts'
import type { ClientHello } from './messages/client-hello.ts'
import { decodeClientKeyExchange } from './messages/client-key-exchange.ts'
import { encodeServerHello } from './messages/server-hello.ts'
import {
  decodeDigitallySigned,
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
import type { Negotiated, ServerState } from './state.ts'

type In<Name extends ServerState['name']> = Extract<ServerState, { name: Name }>

const NO_BYTES = new Uint8Array(0)

/** Takes the next message in order, which the transcript already holds. */
export function advanceServer(
  state: ServerState,
  message: HandshakeMessage,
  context: HandshakeContext
): HandshakeStep {
  const { type, body } = message
  switch (state.name) {
    case 'await-client-hello':
      if (type !== HandshakeType.clientHello) return outOfTurn(type, 'ClientHello')
      return onClientHello(body, context)
    case 'await-client-certificate':
      if (type !== HandshakeType.certificate) return outOfTurn(type, 'Certificate')
      return onCertificate(state, body, context)
    case 'await-client-key-exchange':
      if (type !== HandshakeType.clientKeyExchange) return outOfTurn(type, 'ClientKeyExchange')
      return onClientKeyExchange(state, body, context)
    case 'await-certificate-verify':
      if (type !== HandshakeType.certificateVerify) return outOfTurn(type, 'CertificateVerify')
      return onCertificateVerify(state, body, context)
    case 'await-client-finished':
      if (type !== HandshakeType.finished) return outOfTurn(type, 'Finished')
      return onFinished(state, body, context)
  }
}

/**
 * Answers at once, with no HelloVerifyRequest: a cookie proves that the sender receives at its address, and
 * ICE has proved that already, with a message integrity that a cookie does not have.
 */
function onClientHello(body: Uint8Array, context: HandshakeContext): HandshakeStep {
  const hello = decodeClientHello(body)
  if (hello === undefined) return malformed('ClientHello')
  const failure = checkClientHello(hello)
  if (failure !== undefined) return failure

  // Our certificate is ECDSA, so the suites for RSA are only for servers to choose.
  const suite = CIPHER_SUITES.find(({ id, authentication }) => {
    return authentication === 'ecdsa' && hello.cipherSuites.includes(id)
  })
  if (suite === undefined) return nothingInCommon('The peer offers none of the cipher suites spoken here.')
  const group = chooseGroup(hello)
  if (group === undefined) return nothingInCommon('The peer offers neither X25519 nor P-256.')

  const negotiated = {
    suite,
    clientRandom: hello.random.slice(),
    serverRandom: context.randomBytes(RANDOM_LENGTH)
  }
  const keyShare = generateKeyShare(group)
  const params = encodeEcdhParams(group, keyShare.publicKey)
  const signature = context.certificate.sign(
    concatBytes(negotiated.clientRandom, negotiated.serverRandom, params)
  )
  const scheme = SignatureScheme.ecdsaSecp256r1Sha256
  const messages = [
    context.compose(HandshakeType.serverHello, composeServerHello(hello, negotiated)),
    context.compose(HandshakeType.certificate, encodeCertificate(context.certificate.der)),
    context.compose(
      HandshakeType.serverKeyExchange,
      concatBytes(params, encodeDigitallySigned({ scheme, signature }))
    ),
    context.compose(
      HandshakeType.certificateRequest,
      encodeCertificateRequest({
        certificateTypes: [ClientCertificateType.ecdsaSign, ClientCertificateType.rsaSign],
        signatureSchemes: SIGNATURE_SCHEMES
      })
    ),
    context.compose(HandshakeType.serverHelloDone, NO_BYTES)
  ]
  return {
    kind: 'next',
    state: { name: 'await-client-certificate', negotiated, keyShare },
    flight: messages.map((message) => ({ kind: 'handshake', message, isProtected: false }))
  }
}

function checkClientHello({
  version,
  compressionMethods,
  extensions
}: ClientHello): HandshakeFailure | undefined {
  // Versions are complements, so a newer client has a lower number; it settles for ours.
  if (version >>> 8 !== DTLS_1_2 >>> 8 || version > DTLS_1_2) {
    return fail('no-common-parameters', AlertDescription.protocolVersion, 'The peer does not speak DTLS 1.2.')
  }
  if (!compressionMethods.includes(0)) return nothingInCommon('The peer insists on compression.')
  if (extensions.get(ExtensionType.extendedMasterSecret)?.length !== 0) return noExtendedMasterSecret()
  const renegotiation = extensions.get(ExtensionType.renegotiationInfo)
  if (renegotiation !== undefined && !isInitialHandshake(renegotiation)) {
    return nothingInCommon('The peer takes this first handshake for a renegotiation (RFC 5746).')
  }
  const schemes = decodeCodePoints(extensions.get(ExtensionType.signatureAlgorithms) ?? NO_BYTES)
  if (!schemes.includes(SignatureScheme.ecdsaSecp256r1Sha256) || !allowsUncompressedPoints(extensions)) {
    return nothingInCommon('The peer does not take ECDSA P-256 signatures.')
  }
  return undefined
}

function chooseGroup({ extensions }: ClientHello): NamedGroup | undefined {
  const body = extensions.get(ExtensionType.supportedGroups)
  // Who says nothing about groups leaves the choice to us (RFC 8422, section 4), and P-256 is common to all.
  if (body === undefined) return NamedGroup.secp256r1
  const offered = decodeCodePoints(body)
  return NAMED_GROUPS.find((group) => offered.includes(group))
}

function composeServerHello(hello: ClientHello, { suite, serverRandom }: Negotiated): Uint8Array {
  const extensions = new Map<number, Uint8Array>([
    [ExtensionType.extendedMasterSecret, EXTENDED_MASTER_SECRET]
  ])
  if (
    hello.extensions.has(ExtensionType.renegotiationInfo) ||
    hello.cipherSuites.includes(EMPTY_RENEGOTIATION_INFO_SCSV)
  ) {
    extensions.set(ExtensionType.renegotiationInfo, NO_RENEGOTIATION)
  }
  if (hello.extensions.has(ExtensionType.ecPointFormats)) {
    extensions.set(ExtensionType.ecPointFormats, EC_POINT_FORMATS)
  }
  return encodeServerHello({
    version: DTLS_1_2,
    random: serverRandom,
    // No session can be resumed: each association has certificates of its own to check.
    sessionId: NO_BYTES,
    cipherSuite: suite.id,
    compressionMethod: 0,
    extensions
  })
}

function onCertificate(
  { negotiated, keyShare }: In<'await-client-certificate'>,
  body: Uint8Array,
  context: HandshakeContext
): HandshakeStep {
  const received = receiveCertificate(body, context.remoteFingerprint)
  if (received.kind === 'failed') return received
  return {
    kind: 'next',
    state: { name: 'await-client-key-exchange', negotiated, keyShare, peer: received.peer }
  }
}

function onClientKeyExchange(
  { negotiated, keyShare, peer }: In<'await-client-key-exchange'>,
  body: Uint8Array,
  { transcript }: HandshakeContext
): HandshakeStep {
  const publicKey = decodeClientKeyExchange(body)
  if (publicKey === undefined) return malformed('ClientKeyExchange')
  const preMasterSecret = keyShare.agree(publicKey)
  if (preMasterSecret === undefined) return badKeyShare()
  const { suite, clientRandom, serverRandom } = negotiated
  const masterSecret = deriveExtendedMasterSecret(preMasterSecret, transcript.hash())
  const keys = deriveTrafficKeys(suite, masterSecret, clientRandom, serverRandom)
  return {
    kind: 'next',
    state: { name: 'await-certificate-verify', agreed: { suite, group: keyShare.group, peer }, masterSecret },
    keys: { suite, write: keys.server, read: keys.client }
  }
}

function onCertificateVerify(
  state: In<'await-certificate-verify'>,
  body: Uint8Array,
  { transcript }: HandshakeContext
): HandshakeStep {
  const signed = decodeDigitallySigned(body)
  if (signed === undefined) return malformed('CertificateVerify')
  if (!isSignedBy(state.agreed.peer, transcript.bytesBeforeLast(), signed))
    return badSignature('CertificateVerify')
  return { kind: 'next', state: { ...state, name: 'await-client-finished' } }
}

function onFinished(
  { agreed, masterSecret }: In<'await-client-finished'>,
  body: Uint8Array,
  context: HandshakeContext
): HandshakeStep {
  const { transcript } = context
  const expected = deriveVerifyData('client', masterSecret, transcript.hashBeforeLast())
  const failure = checkFinished(body, expected)
  if (failure !== undefined) return failure
  const finished = context.compose(
    HandshakeType.finished,
    deriveVerifyData('server', masterSecret, transcript.hash())
  )
  return {
    kind: 'next',
    state: { name: 'connected', agreed },
    flight: [{ kind: 'change-cipher-spec' }, { kind: 'handshake', message: finished, isProtected: true }]
  }
}

/** DTLS 1.2 as it stands on the wire: 1's complement of 1.2 (RFC 6347, section 4.1). */
export const DTLS_1_2 = 0xfefd

/** Record version of a first ClientHello and of a HelloVerifyRequest (RFC 6347, section 4.2.1). */
export const DTLS_1_0 = 0xfeff

/** RFC 5246, section 6.2.1. */
export const ContentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23
} as const
export type ContentType = (typeof ContentType)[keyof typeof ContentType]

/** RFC 5246, section 7.4, and RFC 6347, section 4.3.2. */
export const HandshakeType = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20
} as const
export type HandshakeType = (typeof HandshakeType)[keyof typeof HandshakeType]

/** RFC 5246, section 7.2; only those that are sent or told apart. */
export const AlertDescription = {
  closeNotify: 0,
  unexpectedMessage: 10,
  handshakeFailure: 40,
  badCertificate: 42,
  illegalParameter: 47,
  decodeError: 50,
  decryptError: 51,
  protocolVersion: 70,
  internalError: 80,
  unsupportedExtension: 110
} as const
export type AlertDescription = (typeof AlertDescription)[keyof typeof AlertDescription]

/** RFC 5246, section 7.2. */
export const AlertLevel = { warning: 1, fatal: 2 } as const

/** RFC 8446, section 4.2.3; as (hash, signature) pairs in RFC 5246, section 7.4.1.4.1. */
export const SignatureScheme = {
  rsaPkcs1Sha256: 0x0401,
  ecdsaSecp256r1Sha256: 0x0403
} as const
export type SignatureScheme = (typeof SignatureScheme)[keyof typeof SignatureScheme]

/** What is accepted from the peer, best first. The own signatures are always ECDSA. */
export const SIGNATURE_SCHEMES: readonly SignatureScheme[] = [
  SignatureScheme.ecdsaSecp256r1Sha256,
  SignatureScheme.rsaPkcs1Sha256
]

/** `ClientCertificateType` (RFC 5246, section 7.4.4; RFC 8422, section 5.5). */
export const ClientCertificateType = { rsaSign: 1, ecdsaSign: 64 } as const

/** RFC 5246, section 7.4.1.2: 32 bytes, the first four of which once were a clock. */
export const RANDOM_LENGTH = 32

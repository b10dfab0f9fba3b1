import { timingSafeEqual } from 'node:crypto'
import type { DtlsFailureReason } from './events.ts'
import { matchesFingerprint } from './fingerprint.ts'
import type { Flight } from './flight.ts'
import type { HandshakeMessage } from './handshake-message.ts'
import { decodeCertificate } from './messages/certificate.ts'
import { readPeerCertificate } from './peer-certificate.ts'
import type { PeerCertificate } from './peer-certificate.ts'
import { AlertDescription } from './protocol.ts'
import type { HandshakeType } from './protocol.ts'
import type { RecordProtectionKeys } from './record-protection.ts'
import type { ConnectedState, HandshakeState } from './state.ts'
import { Transcript } from './transcript.ts'

/** What the handshake needs of the own certificate; `Certificate` is one. */
export interface LocalCertificate {
  /** The X.509 certificate, DER; its key is ECDSA P-256. */
  readonly der: Uint8Array
  /** Signs with ECDSA P-256 and SHA-256; the signature is a DER SEQUENCE (RFC 8422, section 5.4). */
  sign(data: Uint8Array): Uint8Array
}

/** The handshake cannot go on. */
export interface HandshakeFailure {
  readonly kind: 'failed'
  readonly reason: DtlsFailureReason
  readonly alert: AlertDescription
  readonly message: string
}

/** What one message leads to. */
export type HandshakeStep =
  | {
      readonly kind: 'next'
      readonly state: HandshakeState | ConnectedState
      /** To be sent at once, under `keys` where it is protected. */
      readonly flight?: Flight
      /** Keys of epoch 1, from now on. */
      readonly keys?: RecordProtectionKeys
    }
  | HandshakeFailure

/** What both roles share while a handshake lasts. */
export class HandshakeContext {
  readonly certificate: LocalCertificate
  readonly remoteFingerprint: Uint8Array
  readonly randomBytes: (length: number) => Uint8Array
  readonly transcript = new Transcript()
  #nextSequence = 0

  constructor(
    certificate: LocalCertificate,
    remoteFingerprint: Uint8Array,
    randomBytes: (length: number) => Uint8Array
  ) {
    this.certificate = certificate
    this.remoteFingerprint = remoteFingerprint
    this.randomBytes = randomBytes
  }

  /** Numbers an own message and enters it into the transcript. */
  compose(type: HandshakeType, body: Uint8Array): HandshakeMessage {
    const message: HandshakeMessage = { type, sequence: this.#nextSequence++, body }
    this.transcript.append(message)
    return message
  }
}

export function fail(reason: DtlsFailureReason, alert: AlertDescription, message: string): HandshakeFailure {
  return { kind: 'failed', reason, alert, message }
}

/** A message that cannot be read. */
export function malformed(what: string): HandshakeFailure {
  return fail('malformed-message', AlertDescription.decodeError, `The peer's ${what} cannot be read.`)
}

/** Nothing that the peer offers is spoken here. */
export function nothingInCommon(message: string): HandshakeFailure {
  return fail('no-common-parameters', AlertDescription.handshakeFailure, message)
}

/** Both roles refuse to do without RFC 7627: its session hash binds the keys to the certificates. */
export function noExtendedMasterSecret(): HandshakeFailure {
  return fail(
    'no-extended-master-secret',
    AlertDescription.handshakeFailure,
    'The peer does not speak the extended master secret (RFC 7627).'
  )
}

/** A message out of turn (RFC 5246, section 7.4). */
export function outOfTurn(type: number, awaited: string): HandshakeFailure {
  return fail(
    'unexpected-message',
    AlertDescription.unexpectedMessage,
    `Handshake message ${type} came instead of ${awaited}.`
  )
}

/** Takes the peer's Certificate: only the one of the fingerprint passes, and before any of it is parsed. */
export function receiveCertificate(
  body: Uint8Array,
  remoteFingerprint: Uint8Array
): { kind: 'accepted'; peer: PeerCertificate } | HandshakeFailure {
  const der = decodeCertificate(body)
  if (der === undefined) return malformed('Certificate')
  if (!matchesFingerprint(der, remoteFingerprint)) {
    return fail(
      'fingerprint-mismatch',
      AlertDescription.badCertificate,
      "The peer's certificate is not the one whose fingerprint was signaled."
    )
  }
  const peer = readPeerCertificate(der)
  if (peer === undefined) {
    return fail(
      'bad-certificate',
      AlertDescription.badCertificate,
      "The key in the peer's certificate is neither ECDSA P-256 nor RSA of 2048 bits or more."
    )
  }
  return { kind: 'accepted', peer }
}

/** The peer's signature does not hold: it may have the certificate, but not its key. */
export function badSignature(message: string): HandshakeFailure {
  return fail(
    'bad-signature',
    AlertDescription.decryptError,
    `The signature in the peer's ${message} does not hold.`
  )
}

/** The peer's public key is of another group, or no good one. */
export function badKeyShare(): HandshakeFailure {
  return fail(
    'bad-key-share',
    AlertDescription.illegalParameter,
    "The peer's ephemeral public key cannot be used."
  )
}

/** Checks verify_data of the peer's Finished, in the same time whatever it is. */
export function checkFinished(body: Uint8Array, expected: Uint8Array): HandshakeFailure | undefined {
  if (body.length === expected.length && timingSafeEqual(body, expected)) return undefined
  return fail(
    'bad-finished',
    AlertDescription.decryptError,
    "The peer's Finished does not fit what was said."
  )
}

import { randomBytes } from 'node:crypto'
import { DtlsError } from './errors.ts'
import { parseFingerprint } from './fingerprint.ts'
import type { DtlsFingerprint } from './fingerprint.ts'
import { createRecordProtection } from './gcm-record-protection.ts'
import type { LocalCertificate } from './handshake.ts'
import type { RecordProtectionFactory } from './record-protection.ts'

/** `client` sends the ClientHello (`a=setup:active`), `server` waits for it (`a=setup:passive`). */
export type DtlsRole = 'client' | 'server'

export interface DtlsConnectionInit {
  role: DtlsRole
  certificate: LocalCertificate
  /** The one fingerprint of the remote description: no other certificate is accepted. */
  remoteFingerprint: DtlsFingerprint
  /** Largest datagram to send, in bytes: what all paths carry, as in other WebRTC stacks. @default 1200 */
  mtu?: number
  /**
   * First retransmission timeout. RFC 6347 has one second for networks unknown; here ICE has just measured
   * the round trip, so give 1.5 times that (RFC 9147, section 5.8.2), but not under 50. The default is
   * what most paths stay below; a flight too many costs less than a second of waiting. @default 100
   */
  initialRetransmissionTimeoutMs?: number
  /** From `start()` to `connected`; as long as ICE keeps trying in browsers. @default 30_000 */
  handshakeTimeoutMs?: number
  /** Makes the record layer of epoch 1. @default the fastest there is here */
  createRecordProtection?: RecordProtectionFactory
  /** Source of the hello randoms. @default `randomBytes` of `node:crypto` */
  randomBytes?: (length: number) => Uint8Array
}

const DEFAULT_MTU = 1200

/** A record header, a handshake header, nonce, tag and a few bytes to carry. */
const MIN_MTU = 128

const DEFAULT_INITIAL_RETRANSMISSION_TIMEOUT_MS = 100

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 30_000

/** The same with all defaults, checked. */
export type DtlsSettings = Readonly<Required<Omit<DtlsConnectionInit, 'remoteFingerprint'>>> & {
  readonly remoteFingerprint: Uint8Array
}

/** @throws {DtlsError} if the fingerprint or a number is not usable */
export function checkInit(init: DtlsConnectionInit): DtlsSettings {
  return {
    role: init.role,
    certificate: init.certificate,
    remoteFingerprint: parseFingerprint(init.remoteFingerprint),
    mtu: atLeast(MIN_MTU, 'mtu', init.mtu ?? DEFAULT_MTU),
    initialRetransmissionTimeoutMs: atLeast(
      1,
      'initialRetransmissionTimeoutMs',
      init.initialRetransmissionTimeoutMs ?? DEFAULT_INITIAL_RETRANSMISSION_TIMEOUT_MS
    ),
    handshakeTimeoutMs: atLeast(
      1,
      'handshakeTimeoutMs',
      init.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS
    ),
    createRecordProtection: init.createRecordProtection ?? createRecordProtection,
    randomBytes: init.randomBytes ?? randomBytes
  }
}

function atLeast(least: number, name: string, value: number): number {
  if (Number.isFinite(value) && value >= least) return value
  throw new DtlsError('ERR_DTLS_OPTION', `${name} must be a number of at least ${least}; it is ${value}.`)
}

import { sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { derBitString, derInteger, derObjectIdentifier, derSequence, derTime } from '../../../src/dtls/der.ts'

/** A certificate for any kind of key, DER; nobody checks its own signature. */
export function selfSigned({
  publicKey,
  privateKey
}: {
  publicKey: KeyObject
  privateKey: KeyObject
}): Uint8Array {
  const algorithm = derSequence(derObjectIdentifier('1.2.840.113549.1.1.11'))
  const now = new Date()
  const toBeSigned = derSequence(
    derInteger(Uint8Array.of(1)),
    algorithm,
    derSequence(),
    derSequence(derTime(now), derTime(now)),
    derSequence(),
    publicKey.export({ format: 'der', type: 'spki' })
  )
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return derSequence(toBeSigned, algorithm, derBitString(sign(hash, toBeSigned, privateKey)))
}

import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { concatBytes } from './byte-writer.ts'

/** `NamedCurve` numbers (RFC 8422, section 5.1.1). */
export const NamedGroup = { secp256r1: 23, x25519: 29 } as const
export type NamedGroup = (typeof NamedGroup)[keyof typeof NamedGroup]

/** In order of preference. */
export const NAMED_GROUPS: readonly NamedGroup[] = [NamedGroup.x25519, NamedGroup.secp256r1]

/** Names as `RTCTransportStats.tlsGroup` wants them. */
export const NAMED_GROUP_NAMES: Readonly<Record<NamedGroup, string>> = {
  [NamedGroup.secp256r1]: 'P-256',
  [NamedGroup.x25519]: 'X25519'
}

/** An ephemeral key pair; used once. */
export interface KeyShare {
  readonly group: NamedGroup
  readonly publicKey: Uint8Array
  /** The pre-master secret (RFC 8422, section 5.10), or undefined if the peer's key is not a good one. */
  agree(peerPublicKey: Uint8Array): Uint8Array | undefined
}

/** The group of this number, if it is spoken here. */
export function namedGroup(id: number): NamedGroup | undefined {
  return NAMED_GROUPS.find((group) => group === id)
}

export function generateKeyShare(group: NamedGroup): KeyShare {
  switch (group) {
    case NamedGroup.x25519:
      return generateX25519()
    case NamedGroup.secp256r1:
      return generateP256()
  }
}

const X25519_KEY_LENGTH = 32

/** SubjectPublicKeyInfo of an X25519 key up to the key itself (RFC 8410). */
const X25519_SPKI_PREFIX = Uint8Array.of(
  0x30,
  0x2a,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x6e,
  0x03,
  0x21,
  0x00
)

function generateX25519(): KeyShare {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return {
    group: NamedGroup.x25519,
    publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-X25519_KEY_LENGTH)),
    agree(peerPublicKey) {
      if (peerPublicKey.length !== X25519_KEY_LENGTH) return undefined
      const spki = Buffer.from(concatBytes(X25519_SPKI_PREFIX, peerPublicKey))
      return unlessThrown(() => {
        const peer = createPublicKey({ key: spki, format: 'der', type: 'spki' })
        const secret = diffieHellman({ privateKey, publicKey: peer })
        // A small-order point gives zeros (RFC 8422, section 5.11); OpenSSL refuses it already.
        return secret.some((byte) => byte !== 0) ? secret : undefined
      })
    }
  }
}

const P256_POINT_LENGTH = 65
const UNCOMPRESSED = 4

function generateP256(): KeyShare {
  const ecdh = createECDH('prime256v1')
  const publicKey = new Uint8Array(ecdh.generateKeys())
  return {
    group: NamedGroup.secp256r1,
    publicKey,
    agree(peerPublicKey) {
      if (peerPublicKey.length !== P256_POINT_LENGTH || peerPublicKey[0] !== UNCOMPRESSED) return undefined
      // OpenSSL checks that the point is on the curve.
      return unlessThrown(() => ecdh.computeSecret(peerPublicKey))
    }
  }
}

function unlessThrown<T>(compute: () => T): T | undefined {
  try {
    return compute()
  } catch {
    return undefined
  }
}

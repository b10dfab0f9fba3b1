import { generateKeyPair, privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { IdentityCorruptError, IdentityKeyTypeError, InvalidOptionError } from '../errors.ts'
import type { Ed25519PrivateKey, PrivateKey } from '@libp2p/interface'

/** A private key, and what has to be given back when the mesh closes. */
export interface Identity {
  readonly privateKey: Ed25519PrivateKey
  /**
   * When this process started, in milliseconds: of a stored identity later than every process before it, also where the
   * clock was set back. Absent where nothing is stored.
   */
  readonly startTimeMs?: number
  /** Lets others use the stored identity again. Idempotent. */
  release(): Promise<void>
}

/** What the option `identity` may be: a place to keep the key (file path; in a page a name), or the key itself. */
export type IdentityOption = string | PrivateKey

const nothingToRelease = (): Promise<void> => Promise.resolve()

/**
 * Turns the option into a key. Without one the identity is new and ends with the process.
 *
 * @throws {InvalidOptionError} neither text nor a private key
 * @throws {IdentityKeyTypeError} a key that is not Ed25519
 */
export async function resolveIdentity(
  option: IdentityOption | undefined,
  open: (where: string) => Promise<Identity>
): Promise<Identity> {
  if (option === undefined) return { privateKey: await generateKeyPair('Ed25519'), release: nothingToRelease }
  if (typeof option === 'string') {
    if (option === '') throw new InvalidOptionError('identity', 'must not be empty text')
    return open(option)
  }
  return { privateKey: requireEd25519(option, 'given as option'), release: nothingToRelease }
}

/** Reads a stored key: the protobuf form of libp2p (peer-ids spec, "Keys"), as other libp2p programs keep it. */
export function decodeIdentity(bytes: Uint8Array, where: string): Ed25519PrivateKey {
  let key: PrivateKey
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (error) {
    throw new IdentityCorruptError(where, error)
  }
  return requireEd25519(key, where)
}

/** Noise needs the X25519 form of the identity key, which only Ed25519 has. */
export function requireEd25519(key: PrivateKey, where: string): Ed25519PrivateKey {
  if (key.type !== 'Ed25519') throw new IdentityKeyTypeError(where, key.type)
  return key
}

import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { platform } from '#platform'
import { InvalidOptionError } from '../errors.ts'

/**
 * The peer ID of a stored identity, as `createMesh({ identity })` would have it; also while a mesh uses it. Makes the
 * identity where there is none.
 *
 * @param identity the path of a key file; in a page a name in IndexedDB
 * @throws {InvalidOptionError} empty text
 * @throws {IdentityUnreadableError} {IdentityCorruptError} {IdentityKeyTypeError} {IdentityPermissionsError} the identity
 *   cannot be used
 */
export async function readPeerId(identity: string): Promise<string> {
  if (identity === '') throw new InvalidOptionError('identity', 'must not be empty text')
  return peerIdFromPrivateKey(await platform.readIdentity(identity)).toString()
}

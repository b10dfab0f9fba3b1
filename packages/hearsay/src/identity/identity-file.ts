import { link, open, readFile, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { IdentityPermissionsError, IdentityUnreadableError } from '../errors.ts'
import { decodeIdentity } from './identity.ts'
import { lockIdentity } from './identity-lock.ts'
import { nextStartTime } from './identity-start-file.ts'
import { errorCode } from './system-error.ts'
import type { Identity } from './identity.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const OWNER_ONLY = 0o600
const OTHERS = 0o077

/** The largest key file that is read: an Ed25519 key takes 68 bytes; a device or a log must not fill memory. */
const MAX_FILE_BYTES = 16 * 1024

/**
 * Opens the identity kept in a file, locks it, and notes that a process starts with it; makes a new one, readable by its owner only, where there is none.
 *
 * @throws {IdentityInUseError} a running process holds it
 * @throws {IdentityUnreadableError} no permission, a folder, a missing parent
 * @throws {IdentityPermissionsError} others may read or write it
 * @throws {IdentityCorruptError} no key inside
 * @throws {IdentityKeyTypeError} a key that is not Ed25519
 */
export async function openIdentityFile(path: string): Promise<Identity> {
  const file = resolve(path)
  const release = await lockIdentity(file)
  try {
    const privateKey = (await readIdentity(file)) ?? (await createIdentity(file))
    return { privateKey, startTimeMs: await nextStartTime(file, Date.now()), release }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * The key kept in a file, made where there is none; also while another process uses it.
 *
 * @throws {IdentityUnreadableError} {IdentityPermissionsError} {IdentityCorruptError} {IdentityKeyTypeError} as above
 */
export async function readIdentityFile(path: string): Promise<Ed25519PrivateKey> {
  const present = await readIdentity(resolve(path))
  if (present !== undefined) return present
  const identity = await openIdentityFile(path)
  await identity.release()
  return identity.privateKey
}

async function readIdentity(file: string): Promise<Ed25519PrivateKey | undefined> {
  const bytes = await readBounded(file)
  return bytes === undefined ? undefined : decodeIdentity(bytes, file)
}

async function readBounded(file: string): Promise<Uint8Array | undefined> {
  try {
    const found = await stat(file)
    if (!found.isFile()) throw new Error('it is not a file')
    const { mode, size } = found
    // Windows reports no such bits.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
      throw new IdentityPermissionsError(file, mode & 0o777)
    return size > MAX_FILE_BYTES ? new Uint8Array() : await readFile(file)
  } catch (error) {
    if (error instanceof IdentityPermissionsError) throw error
    if (errorCode(error) === 'ENOENT') return undefined
    throw new IdentityUnreadableError(file, error)
  }
}

async function createIdentity(file: string): Promise<Ed25519PrivateKey> {
  const privateKey = await generateKeyPair('Ed25519')
  // Written whole beside its place and then linked into it: a crash leaves no half key, a rival's key stays.
  const draft = `${file}.${process.pid}.new`
  try {
    const handle = await open(draft, 'wx', OWNER_ONLY)
    try {
      await handle.writeFile(privateKeyToProtobuf(privateKey))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, file)
  } catch (error) {
    throw new IdentityUnreadableError(file, error)
  } finally {
    await rm(draft, { force: true })
  }
  return privateKey
}

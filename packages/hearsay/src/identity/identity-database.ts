import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { IdentityInUseError, IdentityUnreadableError } from '../errors.ts'
import { decodeIdentity } from './identity.ts'
import { laterStart } from './start-time.ts'
import type { Identity } from './identity.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const DATABASE = 'hearsay'
const STORE = 'identities'

/** When the latest process of each started. */
const STARTS = 'starts'

/**
 * Opens the identity of that name in this origin's IndexedDB, made where there is none, and locks it against other
 * tabs by the Web Locks API.
 *
 * @throws {IdentityInUseError} another tab holds it
 * @throws {IdentityUnreadableError} the browser denies storage
 * @throws {IdentityCorruptError} no key inside
 * @throws {IdentityKeyTypeError} a key that is not Ed25519
 */
export async function openIdentityDatabase(name: string): Promise<Identity> {
  const where = `"${name}" in IndexedDB`
  const release = await lockName(name, where)
  try {
    const privateKey = decodeIdentity(await loadOrCreate(name, where), where)
    return { privateKey, startTimeMs: await nextStartTime(name, where), release }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * The key of that name in this origin's IndexedDB, made where there is none; also while a tab uses it.
 *
 * @throws {IdentityUnreadableError} {IdentityCorruptError} {IdentityKeyTypeError} as above
 */
export async function readIdentityDatabase(name: string): Promise<Ed25519PrivateKey> {
  const where = `"${name}" in IndexedDB`
  return decodeIdentity(await loadOrCreate(name, where), where)
}

async function loadOrCreate(name: string, where: string): Promise<Uint8Array> {
  const fresh = privateKeyToProtobuf(await generateKeyPair('Ed25519'))
  return inStore(STORE, where, async (store) => {
    const stored: unknown = await settled(store.get(name))
    if (stored !== undefined) return stored instanceof Uint8Array ? stored : new Uint8Array()
    await settled(store.add(fresh, name))
    return fresh
  })
}

function nextStartTime(name: string, where: string): Promise<number> {
  return inStore(STARTS, where, async (store) => {
    const kept: unknown = await settled(store.get(name))
    const start = laterStart(typeof kept === 'number' ? String(kept) : undefined, Date.now())
    await settled(store.put(start, name))
    return start
  })
}

async function inStore<Result>(
  name: string,
  where: string,
  use: (store: IDBObjectStore) => Promise<Result>
): Promise<Result> {
  try {
    const database = await openDatabase()
    try {
      return await use(database.transaction(name, 'readwrite').objectStore(name))
    } finally {
      database.close()
    }
  } catch (error) {
    throw new IdentityUnreadableError(where, error)
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 2)
  request.onupgradeneeded = () => {
    for (const store of [STORE, STARTS]) {
      if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store)
    }
  }
  return settled(request)
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB gave no reason'))
    }
  })
}

/** Holds the lock until released: a Web Lock lasts as long as the promise that its callback returns. */
async function lockName(name: string, where: string): Promise<() => Promise<void>> {
  const { promise: done, resolve: letGo } = Promise.withResolvers<undefined>()
  const { promise: granted, resolve: answer, reject } = Promise.withResolvers<boolean>()
  const request = navigator.locks.request(`hearsay identity ${name}`, { ifAvailable: true }, (lock) => {
    answer(lock !== null)
    return lock === null ? undefined : done
  })
  request.catch(reject)
  if (!(await granted)) throw new IdentityInUseError(where, 'another tab of this site')
  return async () => {
    letGo(undefined)
    await request
  }
}

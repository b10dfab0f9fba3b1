import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { IdentityInUseError, IdentityUnreadableError } from '../errors.ts'
import { errorCode } from './system-error.ts'

/** Locks of this process; a lock file with our own pid that is not among them was left by an earlier process. */
const held = new Set<string>()

/** How often a stale lock is cleared before we give up: each round means that others race for the same file. */
const MAX_ATTEMPTS = 5

/**
 * Locks `${file}.lock` for this process. The lock file names the process, so that a lock whose owner is gone (it was
 * killed, the machine lost power) does not stand in the way.
 *
 * @returns what releases it; idempotent
 * @throws {IdentityInUseError} a running process, or another mesh in this one, holds it
 * @throws {IdentityUnreadableError} the folder cannot be written
 */
export async function lockIdentity(file: string): Promise<() => Promise<void>> {
  const lock = `${file}.lock`
  if (held.has(lock)) throw new IdentityInUseError(file, 'another mesh in this process')
  held.add(lock)
  const content = `${process.pid} ${await processStart(process.pid)}\n`
  try {
    await acquire(file, lock, content)
  } catch (error) {
    held.delete(lock)
    throw error
  }
  return async () => {
    if (!held.delete(lock)) return
    if ((await readLock(lock)) === content) await rm(lock, { force: true })
  }
}

async function acquire(file: string, lock: string, content: string): Promise<void> {
  const draft = `${lock}.${randomUUID()}`
  try {
    await writeFile(draft, content, { mode: 0o600, flag: 'wx' })
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await linkIfFree(draft, lock)) return
      const present = await readLock(lock)
      if (present === undefined) continue
      const pid = await livingOwner(present)
      if (pid !== undefined) throw new IdentityInUseError(file, `process ${pid}`)
      await clearStale(lock, present)
    }
    throw new IdentityInUseError(file, 'other processes that are starting')
  } catch (error) {
    if (error instanceof IdentityInUseError) throw error
    throw new IdentityUnreadableError(file, error)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Linking a finished file is atomic, also against readers, who never see a lock without its content. */
async function linkIfFree(draft: string, lock: string): Promise<boolean> {
  try {
    await link(draft, lock)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function readLock(lock: string): Promise<string | undefined> {
  try {
    return await readFile(lock, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Moves a stale lock aside, and back again where a rival had replaced it in between. */
async function clearStale(lock: string, stale: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`
  try {
    await rename(lock, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  try {
    if ((await readLock(aside)) !== stale) await linkIfFree(aside, lock)
  } finally {
    await rm(aside, { force: true })
  }
}

async function livingOwner(content: string): Promise<number | undefined> {
  const [, pidText, start] = /^(\d{1,10}) (\d*)\n$/.exec(content) ?? []
  const pid = Number(pidText)
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  // In a container the next life often has the pid of the last one.
  if (pid === process.pid) return undefined
  if (!isAlive(pid)) return undefined
  const startNow = await processStart(pid)
  return start !== '' && startNow !== '' && start !== startNow ? undefined : pid
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** When a process started, in clock ticks since boot (proc(5), field 22): tells a reused pid. Empty where unknown. */
async function processStart(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

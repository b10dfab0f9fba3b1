import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { IdentityUnreadableError } from '../errors.ts'
import { laterStart } from './start-time.ts'
import { errorCode } from './system-error.ts'

/**
 * The start time of this process for the identity in `file`, kept in `${file}.started`: later than that of the process
 * before it, also where the clock was set back. The identity must be locked.
 *
 * @param now milliseconds since the Unix epoch
 * @throws {IdentityUnreadableError} the folder cannot be read or written
 */
export async function nextStartTime(file: string, now: number): Promise<number> {
  const place = `${file}.started`
  const draft = `${place}.${randomUUID()}`
  try {
    const start = laterStart(await readText(place), now)
    // Whole or not at all: a crash must not leave half a number.
    await writeFile(draft, `${start}\n`, { mode: 0o600, flag: 'wx' })
    await rename(draft, place)
    return start
  } catch (error) {
    throw new IdentityUnreadableError(file, error)
  } finally {
    await rm(draft, { force: true })
  }
}

async function readText(place: string): Promise<string | undefined> {
  try {
    return await readFile(place, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

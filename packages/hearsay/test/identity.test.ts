import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { openIdentityFile } from '../src/identity/identity-file.ts'
import { resolveIdentity } from '../src/identity/identity.ts'
import { laterStart } from '../src/identity/start-time.ts'

describe('identity', () => {
  let folder: string
  let file: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearsay-identity-'))
    file = join(folder, 'identity')
  })

  afterEach(() => rm(folder, { recursive: true }))

  const fails = (open: Promise<unknown>, name: string, code: string, message: RegExp) =>
    assert.rejects(open, (error) => {
      assert.ok(error instanceof Error)
      assert.equal(error.name, name)
      assert.equal(Reflect.get(error, 'code'), code)
      assert.match(error.message, message)
      return true
    })

  describe('in a file', () => {
    it('is made for its owner alone, and stays the same', async () => {
      const first = await openIdentityFile(file)
      await first.release()
      const second = await openIdentityFile(file)
      await second.release()
      assert.deepEqual(second.privateKey.raw, first.privateKey.raw)
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      assert.deepEqual((await readdir(folder)).sort(), ['identity', 'identity.started'])
    })

    it('starts later with every process, also where the clock was set back', async () => {
      const starts: number[] = []
      const start = async () => {
        const identity = await openIdentityFile(file)
        await identity.release()
        starts.push(identity.startTimeMs ?? 0)
      }
      await start()
      await start()
      await writeFile(`${file}.started`, `${Date.now() + 3_600_000}\n`)
      await start()
      await start()
      assert.ok(Math.abs(starts[0] - Date.now()) < 60_000)
      for (const [index, time] of starts.slice(1).entries()) assert.ok(time > starts[index], String(starts))
      assert.equal(starts[3], starts[2] + 1)
    })

    it('starts by the clock where what was noted is no time', () => {
      for (const kept of ['', 'soon', '-1', '1e30', '9'.repeat(16), '9'.repeat(40), undefined]) {
        assert.equal(laterStart(kept, 1_000.5), 1_000)
      }
      assert.equal(laterStart('2000\n', 1_000), 2_001)
      assert.equal(laterStart('999', 1_000), 1_000)
    })

    it('is in the form that other libp2p programs read', async () => {
      const identity = await openIdentityFile(file)
      await identity.release()
      assert.deepEqual(new Uint8Array(await readFile(file)), privateKeyToProtobuf(identity.privateKey))
    })

    it('that holds no key is corrupt, and is left as it is', async () => {
      for (const content of ['', 'not a key', 'x'.repeat(100_000)]) {
        await writeFile(file, content, { mode: 0o600 })
        await fails(openIdentityFile(file), 'IdentityCorruptError', 'ERR_IDENTITY_CORRUPT', /backup/)
        assert.equal(await readFile(file, 'utf8'), content)
      }
      assert.deepEqual(await readdir(folder), ['identity'])
    })

    it('that holds another type of key is refused', async () => {
      await writeFile(file, privateKeyToProtobuf(await generateKeyPair('secp256k1')), { mode: 0o600 })
      await fails(
        openIdentityFile(file),
        'IdentityKeyTypeError',
        'ERR_IDENTITY_KEY_TYPE',
        /secp256k1.*Ed25519/
      )
    })

    it('that others may read is refused', async () => {
      await (await openIdentityFile(file)).release()
      await chmod(file, 0o644)
      await fails(openIdentityFile(file), 'IdentityPermissionsError', 'ERR_IDENTITY_PERMISSIONS', /chmod 600/)
    })

    it('that is a folder, or lies in none, cannot be read', async () => {
      await mkdir(file)
      await fails(openIdentityFile(file), 'IdentityUnreadableError', 'ERR_IDENTITY_UNREADABLE', /not a file/)
      const nowhere = join(folder, 'missing', 'identity')
      await fails(openIdentityFile(nowhere), 'IdentityUnreadableError', 'ERR_IDENTITY_UNREADABLE', /ENOENT/)
    })
  })

  describe('lock', () => {
    it('keeps a second mesh of this process out until the first one closes', async () => {
      const first = await openIdentityFile(file)
      await fails(openIdentityFile(file), 'IdentityInUseError', 'ERR_IDENTITY_IN_USE', /this process/)
      await first.release()
      await first.release()
      await (await openIdentityFile(file)).release()
    })

    it('keeps another process out, and names it', async () => {
      const child = await holdIdentity(file)
      await fails(
        openIdentityFile(file),
        'IdentityInUseError',
        'ERR_IDENTITY_IN_USE',
        new RegExp(`${child.pid}`)
      )
      child.kill('SIGKILL')
      await once(child, 'exit')
      await (await openIdentityFile(file)).release()
      assert.deepEqual((await readdir(folder)).sort(), ['identity', 'identity.started'])
    })

    it('of a process that is gone does not stand in the way', async () => {
      for (const stale of ['999999999 1\n', `${process.pid} 1\n`, `${process.ppid} 1\n`, 'nonsense', '']) {
        await writeFile(`${file}.lock`, stale)
        const identity = await openIdentityFile(file)
        await identity.release()
        assert.deepEqual((await readdir(folder)).sort(), ['identity', 'identity.started'])
      }
    })

    it('that somebody else took in the meantime is not removed at the end', async () => {
      const identity = await openIdentityFile(file)
      await rm(`${file}.lock`)
      await writeFile(`${file}.lock`, 'someone else')
      await identity.release()
      assert.equal(await readFile(`${file}.lock`, 'utf8'), 'someone else')
    })

    it('is had by exactly one of several processes that start at once beside a stale lock', async () => {
      await (await openIdentityFile(file)).release()
      await writeFile(`${file}.stale`, '999999999 1\n')
      await link(`${file}.stale`, `${file}.lock`)
      const attempts = await Promise.all(Array.from({ length: 4 }, () => tryIdentity(file)))
      // None lets go before all have tried.
      await Promise.all(attempts.map(({ quit }) => quit()))
      const outcomes = attempts.map(({ outcome }) => outcome)
      assert.deepEqual(outcomes.sort(), [
        'IdentityInUseError',
        'IdentityInUseError',
        'IdentityInUseError',
        'held'
      ])
    })
  })

  describe('option', () => {
    const never = () => Promise.reject(new Error('not asked for'))

    it('makes a new identity in memory where it is absent', async () => {
      const [a, b] = [await resolveIdentity(undefined, never), await resolveIdentity(undefined, never)]
      assert.notDeepEqual(a.privateKey.raw, b.privateKey.raw)
    })

    it('takes an Ed25519 key and no other', async () => {
      const key = await generateKeyPair('Ed25519')
      assert.equal((await resolveIdentity(key, never)).privateKey, key)
      const other = await generateKeyPair('secp256k1')
      await fails(resolveIdentity(other, never), 'IdentityKeyTypeError', 'ERR_IDENTITY_KEY_TYPE', /Ed25519/)
    })

    it('takes no empty path', () =>
      fails(resolveIdentity('', never), 'InvalidOptionError', 'ERR_INVALID_OPTION', /identity/))
  })
})

const IDENTITY_MODULE = new URL('../src/identity/identity-file.ts', import.meta.url).href

function runWith(script: string): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['--conditions=@hearsay/source', '--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
}

async function holdIdentity(file: string): Promise<ReturnType<typeof spawn>> {
  const child = runWith(
    `const { openIdentityFile } = await import('${IDENTITY_MODULE}')
     await openIdentityFile(${JSON.stringify(file)})
     console.log('held')
     process.stdin.resume()`
  )
  await once(child.stdout!, 'data')
  return child
}

/** Tries in a process of its own, which keeps what it got until told to quit. */
async function tryIdentity(file: string): Promise<{ outcome: string; quit: () => Promise<unknown> }> {
  const child = runWith(
    `const { openIdentityFile } = await import('${IDENTITY_MODULE}')
     process.stdin.resume()
     try { await openIdentityFile(${JSON.stringify(file)}); console.log('held') } catch (error) { console.log(error.name) }`
  )
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  const quit = (): Promise<unknown> => {
    child.stdin!.end()
    return once(child, 'exit')
  }
  return { outcome: line.toString().trim(), quit }
}

import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { HearsayCommand, LOOPBACK } from '../support/hearsay-command.ts'

const up = (...args: readonly string[]): HearsayCommand =>
  new HearsayCommand(['up', '--room', 'kitchen', '--json', ...LOOPBACK, ...args])

const chat = (...args: readonly string[]): HearsayCommand =>
  new HearsayCommand(['chat', '--room', 'kitchen', ...LOOPBACK, ...args])

describe('hearsay in processes', function () {
  this.timeout(60_000)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearsay-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** Expects a command to fail by itself. */
  async function fails(args: readonly string[], code: number, message: RegExp): Promise<void> {
    await using command = new HearsayCommand(args, {}, folder)
    const ended = await command.end()
    assert.match(ended.stderr, message)
    assert.equal(ended.stdout, '')
    assert.equal(ended.code, code)
  }

  describe('up', () => {
    it('prints one event a line, and closes on SIGTERM with exit code 0', async () => {
      await using node = up()
      assert.match(await node.address(), /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/)
      await node.terminate()
      assert.equal((await node.event({ event: 'closed' })).event, 'closed')
      assert.equal(node.stderr, '')
    })

    it('closes on SIGINT with exit code 130', async () => {
      await using node = up()
      await node.address()
      node.kill('SIGINT')
      assert.equal((await node.end()).code, 130)
    })

    it('tells a person where it can be reached', async () => {
      await using node = new HearsayCommand(['up', '--room', 'kitchen', ...LOOPBACK])
      await node.line((text) => text.includes('/ip4/127.0.0.1/tcp/'))
      await node.terminate()
    })

    it('stops when nobody reads its output any more', async () => {
      await using node = up()
      const address = await node.address()
      node.closeOutput()
      await using other = up('-b', address)
      assert.equal((await node.end()).code, 0)
      await other.address()
      await other.terminate()
    })

    it('goes on when nobody reads its warnings', async () => {
      const args = ['up', '--room', 'kitchen', '--password', 'on the command line', '--json', ...LOOPBACK]
      await using node = new HearsayCommand(args)
      node.closeErrors()
      await node.address()
      await node.terminate()
    })

    it('keeps its identity in a file, locked while it is used', async () => {
      const file = join(folder, 'node.key')
      await using first = up('--identity', file)
      const { peer } = await first.event({ event: 'ready' })
      await fails(
        ['up', '--room', 'kitchen', '--identity', file, ...LOOPBACK],
        1,
        /in use by process \d+.*ERR_IDENTITY_IN_USE/
      )
      await first.terminate()
      await using again = up('--identity', file)
      assert.equal((await again.event({ event: 'ready' })).peer, peer)
      await again.terminate()
    })

    it('finds its way past the lock of a node that was killed', async () => {
      const file = join(folder, 'node.key')
      await using first = up('--identity', file)
      await first.address()
      first.kill('SIGKILL')
      await first.end()
      await using again = up('--identity', file)
      await again.address()
      await again.terminate()
    })

    it('gives way when a newer process uses the same identity', async () => {
      const [file, copy] = [join(folder, 'node.key'), join(folder, 'copy.key')]
      await using entry = up()
      const joining = ['--bootstrap', await entry.address()]
      await using first = up(...joining, '--identity', file)
      await first.event({ event: 'connected' })
      copyFileSync(file, copy)
      await using second = up(...joining, '--identity', copy)
      const { code, stderr } = await first.end()
      assert.match(stderr, /ERR_SUPERSEDED/)
      assert.equal(code, 1)
      await second.event({ event: 'connected' })
      await second.terminate()
      await entry.terminate()
    })

    it('names a corrupt identity file', async () => {
      const file = join(folder, 'node.key')
      writeFileSync(file, 'not a key', { mode: 0o600 })
      await fails(
        ['up', '--room', 'kitchen', '--identity', file, ...LOOPBACK],
        1,
        /does not hold a private key.*ERR_IDENTITY_CORRUPT/
      )
    })

    it('refuses an identity file that others can read', async () => {
      const file = join(folder, 'node.key')
      await using first = up('--identity', file)
      await first.address()
      await first.terminate()
      chmodSync(file, 0o644)
      await fails(
        ['up', '--room', 'kitchen', '--identity', file, ...LOOPBACK],
        1,
        /chmod 600.*ERR_IDENTITY_PERMISSIONS/
      )
    })

    it('names a port that is taken', async () => {
      const { server, port } = await occupyPort()
      try {
        await fails(
          ['up', '--room', 'kitchen', '--listen', `/ip4/127.0.0.1/tcp/${port}`],
          1,
          /port is already taken.*ERR_LISTEN_FAILED/
        )
      } finally {
        server.close()
      }
    })

    it('says so when nobody is at the bootstrap address', async () => {
      const { server, port } = await occupyPort()
      server.close()
      await once(server, 'close')
      await fails(
        ['up', '--room', 'kitchen', '--bootstrap', `/ip4/127.0.0.1/tcp/${port}`, ...LOOPBACK],
        1,
        /Nobody could be reached.*ERR_BOOTSTRAP_UNREACHABLE/
      )
    })

    it('warns of a password on the command line, not of one in the environment', async () => {
      await using open = up('--password', 'sesame')
      await open.address()
      assert.match(open.stderr, /warning: .*--password-file or HEARSAY_PASSWORD/)
      await open.terminate()
      await using discreet = new HearsayCommand(['up', '--room', 'k', '--json', ...LOOPBACK], {
        HEARSAY_PASSWORD: 'sesame'
      })
      await discreet.address()
      await discreet.terminate()
      assert.equal(discreet.stderr, '')
    })
  })

  describe('chat', () => {
    it('carries lines through pipes, and ends when its input has ended and arrived', async () => {
      await using listener = chat('--json')
      const address = await listener.address()
      await using speaker = chat('--bootstrap', address)
      speaker.write('hi\nthere\n')
      speaker.endInput()
      await listener.event({ event: 'message', text: 'hi' })
      await listener.event({ event: 'message', text: 'there' })
      const ended = await speaker.end()
      assert.equal(ended.code, 0, ended.stderr)
      await listener.terminate()
    })

    it('keeps the order of a thousand lines', async () => {
      await using listener = chat('--json')
      const address = await listener.address()
      await using speaker = chat('--bootstrap', address)
      const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`)
      speaker.write(lines.map((line) => `${line}\n`).join(''))
      speaker.endInput()
      assert.equal((await speaker.end()).code, 0, speaker.stderr)
      await listener.event({ event: 'message', text: 'line 999' })
      const heard = listener.lines
        .map((line) => JSON.parse(line) as { event: string; text: string })
        .filter(({ event }) => event === 'message')
      assert.deepEqual(
        heard.map(({ text }) => text),
        lines
      )
      await listener.terminate()
    })

    it('prints what others say as lines of text, without what could command a terminal', async () => {
      await using listener = chat()
      const address = await addressForPerson(listener)
      await using speaker = chat('--bootstrap', address)
      speaker.write('\u{1b}[2Jgone\n')
      speaker.endInput()
      assert.match(await listener.line(), /: \u{fffd}\[2Jgone$/u)
      await speaker.end()
      await listener.terminate()
    })

    it('fails when nobody came to hear it', async () => {
      await using speaker = chat('--wait', '1')
      speaker.write('anybody?\n')
      speaker.endInput()
      const { code, stderr } = await speaker.end()
      assert.match(stderr, /ERR_UNDELIVERED/)
      assert.equal(code, 1)
    })

    it('reaches members with the same password only', async () => {
      await using listener = new HearsayCommand(['chat', '--room', 'k', '--json', ...LOOPBACK], {
        HEARSAY_PASSWORD: 'sesame'
      })
      const address = await listener.address()
      const args = ['chat', '--room', 'k', '--bootstrap', address, ...LOOPBACK]
      await using stranger = new HearsayCommand([...args, '--wait', '3'], { HEARSAY_PASSWORD: 'wrong' })
      stranger.write('let me in\n')
      stranger.endInput()
      await using friend = new HearsayCommand(args, { HEARSAY_PASSWORD: 'sesame' })
      friend.write('it is me\n')
      friend.endInput()
      assert.equal((await friend.end()).code, 0, friend.stderr)
      assert.equal((await stranger.end()).code, 1)
      await listener.event({ event: 'message', text: 'it is me' })
      assert.ok(!listener.stdout.includes('let me in'))
      await listener.terminate()
    })
  })

  describe('id', () => {
    it('prints the peer ID that up has with the same file, also while up uses it', async () => {
      const file = join(folder, 'node.key')
      await using id = new HearsayCommand(['id', '--identity', file])
      const { code, stdout } = await id.end()
      assert.equal(code, 0)
      await using node = up('--identity', file)
      assert.equal(`${String((await node.event({ event: 'ready' })).peer)}\n`, stdout)
      await using again = new HearsayCommand(['id', '--identity', file])
      assert.equal((await again.end()).stdout, stdout)
      await node.terminate()
    })
  })
})

async function occupyPort(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** Without `--json` the address is news for a person, on standard error. */
async function addressForPerson(command: HearsayCommand): Promise<string> {
  const text = await command.errorText((stderr) => /\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+\s/.test(stderr))
  return /\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+/.exec(text)?.[0] ?? ''
}

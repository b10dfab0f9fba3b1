import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'mocha'
import { parseInvite } from 'hearsay'
import { HearsayCommand } from '../../../test/support/hearsay-command.ts'
import type { ProcessEnd } from '../../../test/support/processes.ts'

async function run(...args: readonly string[]): Promise<ProcessEnd> {
  await using command = new HearsayCommand(args)
  command.endInput()
  return await command.end()
}

/** Some file whose first line is no invite. */
const INVITE_FILE = import.meta.filename

const COMMANDS = ['up', 'chat', 'dht', 'id', 'room new', 'room invite', 'demo']

describe('the hearsay command line', () => {
  it('prints its version', async () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    const { code, stdout, stderr } = await run('--version')
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('tells every command in its overview', async () => {
    const { code, stdout } = await run('--help')
    assert.equal(code, 0)
    for (const name of COMMANDS) {
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
    }
  })

  for (const name of COMMANDS) {
    it(`has help for ${name}, by --help and by help`, async () => {
      const [flag, word] = await Promise.all([
        run(...name.split(' '), '--help'),
        run('help', ...name.split(' '))
      ])
      assert.equal(flag.code, 0)
      assert.match(flag.stdout, new RegExp(`^Usage: hearsay ${name} `))
      assert.equal(word.stdout, flag.stdout)
    })
  }

  const mistakes: [string, string[], RegExp][] = [
    ['no command', [], /^hearsay: no command given; .*ERR_USAGE/],
    ['a command that is none', ['upp'], /^hearsay: upp is no command; it is one of up, chat/],
    ['half a command', ['room'], /^hearsay: room is no command; .*room new/],
    ['an option that is none', ['up', '--rooom', 'x'], /unknown option --rooom; .*ERR_UNKNOWN_OPTION/],
    ['no room', ['up'], /no room given; name one with --room/],
    ['an argument too many', ['up', 'kitchen'], /unexpected argument kitchen/],
    [
      'an address that is none',
      ['up', '--room', 'k', '--bootstrap', '127.0.0.1:4001'],
      /\/ip4\/127.0.0.1\/tcp\/4001.*ERR_INVALID_MULTIADDR/
    ],
    [
      'an address in an invite that is none',
      ['room', 'new', '--bootstrap', '127.0.0.1:4001'],
      /did you mean \/ip4\/127.0.0.1\/tcp\/4001.*ERR_INVALID_MULTIADDR/
    ],
    [
      'an address of a DHT node that is none',
      ['up', '--room', 'k', '--dht', '127.0.0.1:4001'],
      /\/ip4\/127.0.0.1\/tcp\/4001.*ERR_INVALID_MULTIADDR/
    ],
    ['a room where there is none', ['dht', '--room', 'k'], /unknown option --room; .*ERR_UNKNOWN_OPTION/],
    [
      'an address of a DHT that is none',
      ['dht', '--dht', 'example.org:4001'],
      /\/dns4\/example.org\/tcp\/4001.*ERR_INVALID_MULTIADDR/
    ],
    [
      'an invite that is none',
      ['up', '--invite-file', INVITE_FILE],
      /copy the whole text.*ERR_INVALID_INVITE/
    ],
    [
      'two rooms at once',
      ['room', 'invite', '--invite-file', INVITE_FILE, '--room', 'k'],
      /leave out --room/
    ],
    ['an invite to no room', ['room', 'invite'], /no room given; name one with --room/],
    ['an identity that is not named', ['id'], /no identity file given; name one with --identity/],
    [
      'an empty name of an identity',
      ['id', '--identity='],
      /"identity" must not be empty.*ERR_INVALID_OPTION/
    ],
    [
      'a demo of two',
      ['demo', '--peers', '2'],
      /--peers must be a whole number from 4 to 20 .*ERR_INVALID_OPTION/
    ],
    [
      'a wait that is longer than timers go on',
      ['chat', '--room', 'k', '--wait', '3000000'],
      /--wait must be a whole number from 0 to 2000000 .*ERR_INVALID_OPTION/
    ],
    [
      'a room key that is none',
      ['up', '--room', 'k', '--room-key-file', INVITE_FILE],
      /room key.*ERR_INVALID_ROOM/
    ],
    [
      'a room key that is none in an invite to be',
      ['room', 'invite', '--room', 'k', '--room-key-file', INVITE_FILE],
      /room key.*ERR_INVALID_ROOM/
    ]
  ]
  for (const [what, args, message] of mistakes) {
    it(`answers ${what} with exit code 2 and one line that says what to do`, async () => {
      const { code, stdout, stderr } = await run(...args)
      assert.match(stderr, message)
      assert.equal(stderr.split('\n').length, 2, stderr)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
    })
  }

  it('makes a new room each time, and prints an invite to it or its key', async () => {
    const [one, other, key] = await Promise.all([
      run('room', 'new'),
      run('room', 'new'),
      run('room', 'new', '--key-only')
    ])
    assert.equal(one.code, 0)
    assert.match(one.stdout, /^hearsay-invite-\w{40,}\n$/)
    assert.notEqual(one.stdout, other.stdout)
    assert.match(key.stdout, /^hearsay-room-\w{40,}\n$/)
  })

  it('puts addresses into an invite to a room that there is', async () => {
    const bootstrap = ['/ip4/127.0.0.1/tcp/4001', '/ip4/127.0.0.1/tcp/4002/ws']
    const { stdout: first } = await run('room', 'new', '--room', 'kitchen', '--bootstrap', bootstrap[0])
    const earlier = parseInvite(first)
    assert.deepEqual([earlier.room, earlier.bootstrap], ['kitchen', bootstrap.slice(0, 1)])
    const again = await run('room', 'invite', '--invite', first.trim(), '--bootstrap', bootstrap[1])
    assert.match(again.stderr, /other users of this machine can read --invite/)
    assert.deepEqual(parseInvite(again.stdout), { ...earlier, bootstrap: bootstrap.slice(1) })
    const open = await run('room', 'invite', '--room', 'kitchen')
    assert.deepEqual(parseInvite(open.stdout), { room: 'kitchen', bootstrap: [] })
  })
})

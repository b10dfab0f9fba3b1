import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { OptionFileError, UsageError } from '../src/errors.ts'
import { MESH_OPTIONS } from '../src/options/mesh-options.ts'
import { resolveOptions } from '../src/options/resolve.ts'
import { readSecret } from '../src/options/secrets.ts'

describe('options of a command', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearsay-cli-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  function file(name: string, text: string): string {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  it('takes a flag before the environment before the config file', () => {
    const config = file(
      'c.json',
      JSON.stringify({ room: 'from-file', identity: 'file.key', maxConnections: 7 })
    )
    const env = { HEARSAY_ROOM: 'from-environment', HEARSAY_IDENTITY: 'environment.key' }
    const { values, flags } = resolveOptions(MESH_OPTIONS, ['--config', config, '--room', 'from-flag'], env)
    assert.equal(values.room, 'from-flag')
    assert.equal(values.identity, 'environment.key')
    assert.equal(values['max-connections'], 7)
    assert.deepEqual([...flags].sort(), ['config', 'room'])
  })

  it('finds the config file by HEARSAY_CONFIG too', () => {
    const HEARSAY_CONFIG = file('c.json', '{"room":"kitchen"}')
    assert.equal(resolveOptions(MESH_OPTIONS, [], { HEARSAY_CONFIG }).values.room, 'kitchen')
  })

  it('gives absent options their empty value', () => {
    const { values } = resolveOptions(MESH_OPTIONS, [], {})
    assert.equal(values.room, undefined)
    assert.deepEqual(values.bootstrap, [])
    assert.equal(values.json, false)
  })

  it('collects a list from repeated flags, or from the environment by commas and spaces', () => {
    const flags = resolveOptions(
      MESH_OPTIONS,
      ['-b', '/ip4/127.0.0.1/tcp/1', '-b', '/ip4/127.0.0.1/tcp/2'],
      {}
    )
    assert.deepEqual(flags.values.bootstrap, ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2'])
    const env = resolveOptions(MESH_OPTIONS, [], {
      HEARSAY_LISTEN: '/ip4/127.0.0.1/tcp/1, /ip4/127.0.0.1/tcp/2'
    })
    assert.deepEqual(env.values.listen, ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2'])
  })

  it('takes the ways of being found from flags, environment and config file', () => {
    const dht = ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2']
    const config = file('c.json', JSON.stringify({ dht, dhtServer: true, mdns: true }))
    const given = [
      resolveOptions(MESH_OPTIONS, ['--dht', dht[0], '--dht', dht[1], '--dht-server', '--mdns'], {}),
      resolveOptions(MESH_OPTIONS, [], {
        HEARSAY_DHT: dht.join(' '),
        HEARSAY_DHT_SERVER: 'true',
        HEARSAY_MDNS: '1'
      }),
      resolveOptions(MESH_OPTIONS, ['--config', config], {})
    ]
    for (const { values } of given)
      assert.deepEqual([values.dht, values['dht-server'], values.mdns], [dht, true, true])
    assert.throws(() => resolveOptions(MESH_OPTIONS, [], { HEARSAY_MDNS: 'perhaps' }), {
      name: 'UsageError',
      code: 'ERR_INVALID_OPTION'
    })
  })

  it('does not take flag-only options from the environment', () => {
    assert.equal(resolveOptions(MESH_OPTIONS, [], { HEARSAY_JSON: '1' }).values.json, false)
  })

  const refused: [string, readonly string[], string][] = [
    ['an unknown option', ['--rooom', 'x'], 'ERR_UNKNOWN_OPTION'],
    ['an argument without an option', ['kitchen'], 'ERR_USAGE'],
    ['an option without its value', ['--room'], 'ERR_USAGE'],
    ['a count that is none', ['--max-connections', 'many'], 'ERR_INVALID_OPTION'],
    ['a value for what is on or off', ['--mdns=yes'], 'ERR_USAGE'],
    ['an address of a DHT node that is missing', ['--dht'], 'ERR_USAGE'],
    ['a negative count', ['--max-connections=-1'], 'ERR_INVALID_OPTION'],
    ['a config file that is not there', ['--config', '/nonexistent/hearsay.json'], 'ERR_CONFIG_FILE']
  ]
  for (const [what, args, code] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => resolveOptions(MESH_OPTIONS, args, {}), { name: 'UsageError', code })
    })
  }

  it('names the option that was not understood, and those there are', () => {
    assert.throws(() => resolveOptions(MESH_OPTIONS, ['--rooom', 'x'], {}), /unknown option --rooom.*--room,/)
  })

  const badFiles: [string, string, string][] = [
    ['no JSON', '{', 'ERR_CONFIG_FILE'],
    ['a list', '[]', 'ERR_CONFIG_FILE'],
    ['a misspelt option', '{"rooom":"kitchen"}', 'ERR_UNKNOWN_OPTION'],
    ['what is a flag only', '{"json":true}', 'ERR_UNKNOWN_OPTION'],
    ['a number for text', '{"room":1}', 'ERR_INVALID_OPTION'],
    ['text for a list', '{"bootstrap":"x"}', 'ERR_INVALID_OPTION'],
    ['text for a count', '{"maxConnections":"7"}', 'ERR_INVALID_OPTION']
  ]
  for (const [what, text, code] of badFiles) {
    it(`refuses a config file with ${what}`, () => {
      const config = file('c.json', text)
      assert.throws(() => resolveOptions(MESH_OPTIONS, ['--config', config], {}), {
        name: 'UsageError',
        code
      })
    })
  }

  describe('secrets', () => {
    const never = (): void => {
      assert.fail('no warning was due')
    }

    it('come from the first line of a file', () => {
      const path = file('password', 'open sesame\nnot this\n')
      assert.equal(
        readSecret({ name: 'password', value: undefined, file: path, onCommandLine: false }, never),
        'open sesame'
      )
    })

    it('come from the environment without a warning', () => {
      assert.equal(
        readSecret({ name: 'password', value: 'x', file: undefined, onCommandLine: false }, never),
        'x'
      )
    })

    it('on the command line draw a warning that names the better ways', () => {
      const warnings: string[] = []
      const secret = { name: 'room-key', value: 'x', file: undefined, onCommandLine: true }
      assert.equal(
        readSecret(secret, (text) => warnings.push(text)),
        'x'
      )
      assert.match(warnings.join(), /--room-key-file or HEARSAY_ROOM_KEY/)
    })

    it('are not taken twice', () => {
      const path = file('password', 'x')
      assert.throws(
        () => readSecret({ name: 'password', value: 'x', file: path, onCommandLine: false }, never),
        UsageError
      )
    })

    for (const [what, text] of [
      ['an empty file', ''],
      ['a file with an empty first line', '\nx']
    ] as const) {
      it(`are not taken from ${what}`, () => {
        const path = file('password', text)
        assert.throws(
          () => readSecret({ name: 'password', value: undefined, file: path, onCommandLine: false }, never),
          OptionFileError
        )
      })
    }
  })
})

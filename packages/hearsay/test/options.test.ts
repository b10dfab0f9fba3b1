import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { InvalidMultiaddrError, InvalidOptionError, UnknownOptionError } from '../src/errors.ts'
import { resolveDhtNodeOptions, resolveHearsayOptions, resolveMeshOptions } from '../src/options.ts'
import { parseMultiaddr } from '../src/parse-multiaddr.ts'
import type { HearsayOptions } from '../src/options.ts'

const resolve = (options: object) => resolveMeshOptions(options)

describe('options', () => {
  it('need a room and nothing else', () => {
    const resolved = resolveMeshOptions({ room: 'kitchen' })
    assert.deepEqual(resolved.room, { name: 'kitchen' })
    assert.deepEqual(resolved.rtcConfiguration, { iceServers: [] })
    assert.equal(resolved.maxConnections, 64)
    assert.equal(resolved.autoConnect, true)
    assert.deepEqual(resolved.bootstrap, [])
  })

  it('that are unknown are named, with all that are known', () => {
    assert.throws(
      () => resolve({ room: 'kitchen', bootstraps: [] }),
      (error) => {
        assert.ok(error instanceof UnknownOptionError)
        assert.equal(error.name, 'UnknownOptionError')
        assert.equal(error.code, 'ERR_UNKNOWN_OPTION')
        assert.equal(error.option, 'bootstraps')
        assert.match(error.message, /"bootstraps".*admit, autoConnect, bootstrap, .*timeouts/)
        return true
      }
    )
  })

  it('of a libp2p service leave to the host what is the host’s', () => {
    assert.throws(
      () => resolveHearsayOptions({ room: 'kitchen', listen: [] } as HearsayOptions),
      UnknownOptionError
    )
  })

  it('with values that cannot be used are named, with what would do', () => {
    const faults: [object, string][] = [
      [{}, 'room'],
      [{ room: '' }, 'room'],
      [{ room: 7 }, 'room'],
      [{ room: 'k', password: 7 }, 'password'],
      [{ room: 'k', password: 'a', roomKey: new Uint8Array(32) }, 'password'],
      [{ room: 'k', roomKey: 7 }, 'roomKey'],
      [{ room: 'k', maxConnections: 0 }, 'maxConnections'],
      [{ room: 'k', maxConnections: 1.5 }, 'maxConnections'],
      [{ room: 'k', overlayDegree: 33 }, 'overlayDegree'],
      [{ room: 'k', autoConnect: 'yes' }, 'autoConnect'],
      [{ room: 'k', admit: true }, 'admit'],
      [{ room: 'k', channels: 'chat' }, 'channels'],
      [{ room: 'k', iceServers: 'stun:127.0.0.1' }, 'iceServers'],
      [{ room: 'k', iceServers: [], rtcConfiguration: { iceServers: [] } }, 'iceServers'],
      [{ room: 'k', bootstrap: [7] }, 'bootstrap'],
      [{ room: 'k', listen: '/ip4/127.0.0.1/tcp/0' }, 'listen'],
      [{ room: 'k', presenceTtlMs: 1 }, 'presenceTtlMs'],
      [{ room: 'k', identity: 7 }, 'identity'],
      [{ room: 'k', signal: {} }, 'signal'],
      [{ room: 'k', mdns: 'yes' }, 'mdns'],
      [{ room: 'k', dht: true }, 'dht'],
      [{ room: 'k', dht: {} }, 'dht'],
      [{ room: 'k', dht: { bootstrap: [] } }, 'dht'],
      [{ room: 'k', dht: { bootstrap: [7] } }, 'dht'],
      [{ room: 'k', dht: { server: false } }, 'dht'],
      [{ room: 'k', dht: { server: 'yes' } }, 'dht'],
      [{ room: 'k', dht: { bootstrap: '/ip4/127.0.0.1/tcp/4001', serve: true } }, 'dht']
    ]
    for (const [options, option] of faults) {
      assert.throws(
        () => resolve(options),
        (error) => {
          assert.ok(error instanceof InvalidOptionError, option)
          assert.equal(error.code, 'ERR_INVALID_OPTION')
          assert.equal(error.option, option)
          assert.match(error.message, new RegExp(`"${option}" (must|cannot|is)`))
          return true
        }
      )
    }
    assert.throws(() => resolve(undefined as unknown as object), InvalidOptionError)
  })

  it('of a libp2p service take the host’s content routing or leave it', () => {
    assert.equal(resolveHearsayOptions({ room: 'k' }).dht, true)
    assert.equal(resolveHearsayOptions({ room: 'k', dht: false }).dht, false)
    assert.throws(() => resolveHearsayOptions({ room: 'k', dht: { bootstrap: [] } } as never), {
      code: 'ERR_INVALID_OPTION',
      option: 'dht'
    })
  })

  it('of a mesh use no DHT that was not named', () => {
    const bootstrap = '/ip4/127.0.0.1/tcp/4001'
    assert.equal(resolveMeshOptions({ room: 'k' }).dht, false)
    const resolved = resolveMeshOptions({ room: 'k', dht: { bootstrap } })
    assert.equal(resolved.dht, true)
    assert.deepEqual(resolved.dhtBootstrap.map(String), [bootstrap])
    assert.equal(resolved.dhtServer, false)
    assert.equal(resolveMeshOptions({ room: 'k', dht: { server: true } }).dhtServer, true)
    assert.throws(() => resolveMeshOptions({ room: 'k', dht: { bootstrap: 'localhost:1' } }), {
      code: 'ERR_INVALID_MULTIADDR'
    })
  })

  it('of a DHT node have no room', () => {
    assert.deepEqual(resolveDhtNodeOptions({}).bootstrap, [])
    assert.throws(() => resolveDhtNodeOptions({ room: 'k' } as never), { code: 'ERR_UNKNOWN_OPTION' })
    assert.throws(() => resolveDhtNodeOptions({ listen: '/ip4/127.0.0.1/tcp/0' } as never), {
      code: 'ERR_INVALID_OPTION',
      option: 'listen'
    })
    assert.throws(() => resolveDhtNodeOptions({ bootstrap: 'localhost:1' }), {
      code: 'ERR_INVALID_MULTIADDR'
    })
  })

  it('take one bootstrap address or several', () => {
    const one = '/ip4/127.0.0.1/tcp/4001'
    assert.deepEqual(resolveMeshOptions({ room: 'k', bootstrap: one }).bootstrap.map(String), [one])
    assert.deepEqual(resolveMeshOptions({ room: 'k', bootstrap: [one, one] }).bootstrap.map(String), [
      one,
      one
    ])
  })

  it('take a private key of libp2p as identity', async () => {
    const identity = await generateKeyPair('Ed25519')
    assert.equal(resolveMeshOptions({ room: 'k', identity }).identity, identity)
  })

  it('that are undefined count as absent', () => {
    assert.equal(resolve({ room: 'k', maxConnections: undefined, signal: undefined }).maxConnections, 64)
  })

  it('hold multiaddrs: others are named, with what they probably were', () => {
    const hints: [string, RegExp][] = [
      ['127.0.0.1:4001', /did you mean \/ip4\/127\.0\.0\.1\/tcp\/4001\?/],
      ['example.org:443', /did you mean \/dns4\/example\.org\/tcp\/443\?/],
      ['http://127.0.0.1:80', /did you mean/],
      ['ip4/127.0.0.1', /does not start with a slash/],
      ['/ip4/999.0.0.1/tcp/1', /is not a multiaddr/],
      ['/ip4/127.0.0.1/tcp/123456', /is not a multiaddr/],
      ['/carrier/pigeon', /is not a multiaddr/],
      ['', /is not a multiaddr/],
      ['/', /is not a multiaddr/]
    ]
    for (const [text, hint] of hints) {
      assert.throws(
        () => parseMultiaddr(text),
        (error) => {
          assert.ok(error instanceof InvalidMultiaddrError)
          assert.equal(error.code, 'ERR_INVALID_MULTIADDR')
          assert.equal(error.address, text)
          assert.match(error.message, hint)
          return true
        },
        text
      )
    }
    assert.throws(() => resolveMeshOptions({ room: 'k', bootstrap: 'nowhere' }), InvalidMultiaddrError)
    assert.throws(() => resolveMeshOptions({ room: 'k', listen: ['nowhere'] }), InvalidMultiaddrError)
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseIceServerUrl } from '../../src/configuration/index.ts'

describe('parseIceServerUrl (RFC 7064, RFC 7065)', () => {
  it('takes URLs apart and fills in what they leave open', () => {
    const cases: [string, string, string, number, string][] = [
      ['stun:stun.example.org', 'stun', 'stun.example.org', 3478, 'udp'],
      ['STUN:Stun.Example.ORG:19302', 'stun', 'stun.example.org', 19_302, 'udp'],
      ['stuns:127.0.0.1', 'stuns', '127.0.0.1', 5349, 'tcp'],
      ['turn:[2001:DB8::0:1]:80', 'turn', '2001:db8::1', 80, 'udp'],
      ['turn:turn.example.org?transport=tcp', 'turn', 'turn.example.org', 3478, 'tcp'],
      ['turn:turn.example.org:443?transport=UDP', 'turn', 'turn.example.org', 443, 'udp'],
      ['turns:turn.example.org', 'turns', 'turn.example.org', 5349, 'tcp'],
      ['turns:turn.example.org?transport=udp', 'turns', 'turn.example.org', 5349, 'udp'],
      ['stun:localhost', 'stun', 'localhost', 3478, 'udp'],
      ['stun:my_host.local.', 'stun', 'my_host.local.', 3478, 'udp']
    ]
    for (const [url, scheme, host, port, transport] of cases) {
      assert.deepEqual(parseIceServerUrl(url), { url, scheme, host, port, transport })
    }
  })

  it('refuses what is no such URL, naming its place', () => {
    const urls = [
      '',
      'stun',
      'stun:',
      'relative-url',
      'http://example.com',
      'stun://example.com',
      'turn://example.org/foo?x=y',
      'stun:example.com:',
      'stun:example.com:0',
      'stun:example.com:65536',
      'stun:example.com:3478/path',
      'stun:example.com?transport=udp',
      'stun:user@example.com',
      'stun: example.com',
      'stun:example.com ',
      'stun:exa mple.com',
      'stun:-example.com',
      'stun:a..b',
      'stun:1.2.3',
      'stun:1.2.3.256',
      'stun:2001:db8::1',
      'stun:[2001:db8::1',
      'stun:[1.2.3.4]',
      'stun:[fe80::1%25eth0]',
      'turn:example.com?',
      'turn:example.com?transport=',
      'turn:example.com?transport=udp&x=y',
      'turn:example.com?TRANSPORT',
      `stun:${'a.'.repeat(300)}`,
      `stun:${'a'.repeat(64)}`,
      'stun:\u0660.example.com'
    ]
    for (const url of urls) {
      assert.throws(
        () => parseIceServerUrl(url, 'iceServers[3].urls[1]'),
        (error) =>
          error instanceof DOMException &&
          error.name === 'SyntaxError' &&
          error.message.startsWith('iceServers[3].urls[1]: '),
        url
      )
    }
  })

  it('tells a transport that nobody here speaks from a malformed one', () => {
    assert.throws(() => parseIceServerUrl('turn:example.com?transport=sctp'), { name: 'NotSupportedError' })
  })

  it('throws nothing but DOMException, for any text', () => {
    const piece = fc.oneof(
      fc.constantFrom('stun:', 'turn:', '[', ']', ':', '::', '1', 'a.', '?transport=', 'udp'),
      fc.string()
    )
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (text) => {
          try {
            const { port, host } = parseIceServerUrl(text)
            assert.ok(port >= 1 && port <= 65_535 && host !== '')
          } catch (error) {
            assert.ok(error instanceof DOMException, String(error))
          }
        }
      ),
      { numRuns: 1000 }
    )
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseSdp, renderSdp, SdpError, type SdpDataSection, type SdpErrorCode } from '../../src/sdp/index.ts'
import { sdpDescription } from './arbitraries.ts'
import { emptyDescriptions, fixtures } from './fixtures.ts'

const FINGERPRINT =
  'sha-256 99:5F:0E:24:14:FB:F1:2F:7A:6B:FC:21:37:02:25:2F:C5:9A:51:CD:5A:15:CC:49:13:95:B5:6D:62:40:C6:C0'
const OTHER_FINGERPRINT = FINGERPRINT.replace('99:', '98:')

const SESSION = ['v=0', 'o=- 3291715645294665045 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0']
const MEDIA = ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0']
const ICE = ['a=ice-ufrag:k5Vp', 'a=ice-pwd:9PeRP/CpgMzNNPK9C3kpRLhc']
const DTLS = [`a=fingerprint:${FINGERPRINT}`, 'a=setup:actpass']
const REST = ['a=mid:0', 'a=sctp-port:5000', 'a=max-message-size:262144']
const SECTION = [...MEDIA, ...ICE, ...DTLS, ...REST]
const GOOD = [...SESSION, ...SECTION]

const text = (lines: readonly string[]): string => lines.join('\r\n') + '\r\n'

function section(sdp: string): SdpDataSection {
  const { data } = parseSdp(sdp)
  assert.ok(data?.rejected === false)
  return data
}

/** The good lines with the one that begins so replaced by others. */
function replaced(start: string, ...lines: readonly string[]): string[] {
  const index = GOOD.findIndex((line) => line.startsWith(start))
  assert.notEqual(index, -1, start)
  return GOOD.toSpliced(index, 1, ...lines)
}

function rejects(lines: readonly string[], code: SdpErrorCode, line?: number): void {
  assert.throws(
    () => parseSdp(text(lines)),
    (error) => {
      assert.ok(error instanceof SdpError, String(error))
      assert.deepEqual(
        [error.code, error.line],
        [code, line ?? error.line],
        `${error.message}\n${lines.join('\n')}`
      )
      if (error.line !== undefined) assert.ok(error.message.startsWith(`line ${error.line}: `))
      return true
    }
  )
}

describe('parseSdp', () => {
  for (const { name, type, sdp, candidates } of fixtures) {
    it(`reads ${name}`, () => {
      const description = parseSdp(sdp, { type })
      const { data } = description
      assert.ok(data?.rejected === false)
      assert.equal(data.candidates.length, candidates)
      assert.equal(data.setup, type === 'offer' ? 'actpass' : 'active')
      assert.equal(data.iceOptions.includes('trickle'), /a=ice-options:.*trickle/.test(sdp))
      assert.equal(data.fingerprint.length, 32)
      assert.equal(data.sctpPort, 5000)
      assert.equal(data.endOfCandidates, sdp.includes('a=end-of-candidates'))
      assert.equal(data.mid, /a=mid:(.*)\r/.exec(sdp)?.[1])
      assert.equal(data.iceUfrag, /a=ice-ufrag:(.*)\r/.exec(sdp)?.[1])
      assert.deepEqual(parseSdp(renderSdp(description)), description)
      assert.deepEqual(parseSdp(sdp.replaceAll('\r\n', '\n')), description)
    })
  }

  it('reads a description without any section', () => {
    for (const sdp of emptyDescriptions) assert.equal(parseSdp(sdp).data, undefined)
  })

  it('gives every value', () => {
    assert.deepEqual(parseSdp(text(GOOD)), {
      sessionId: '3291715645294665045',
      sessionVersion: 2,
      data: {
        rejected: false,
        mid: '0',
        protocol: 'UDP/DTLS/SCTP',
        iceUfrag: 'k5Vp',
        icePwd: '9PeRP/CpgMzNNPK9C3kpRLhc',
        iceOptions: [],
        iceLite: false,
        fingerprint: Uint8Array.from(FINGERPRINT.slice(8).split(':'), (hex) => parseInt(hex, 16)),
        setup: 'actpass',
        sctpPort: 5000,
        maxMessageSize: 262_144,
        candidates: [],
        endOfCandidates: false
      }
    })
  })

  it('lets a section inherit from the session (RFC 8839 §5.4, RFC 8122 §5)', () => {
    const inherited = section(text([...SESSION, ...ICE, ...DTLS, 'a=ice-options:ice2', ...MEDIA, ...REST]))
    assert.equal(inherited.iceUfrag, 'k5Vp')
    assert.equal(inherited.setup, 'actpass')
    assert.deepEqual(inherited.iceOptions, ['ice2'])
    const own = ['a=ice-ufrag:sess', 'a=ice-pwd:sessionsessionsession+', 'a=setup:passive']
    assert.deepEqual(parseSdp(text([...SESSION, ...own, ...SECTION])), parseSdp(text(GOOD)))
  })

  it('does not mix the ufrag of one level with the password of another', () => {
    rejects([...SESSION, ...ICE, ...MEDIA, 'a=ice-ufrag:other', ...DTLS, ...REST], 'ERR_SDP_MISSING', 8)
  })

  it('knows the defaults of RFC 8841', () => {
    const { sctpPort, maxMessageSize } = section(text([...SESSION, ...MEDIA, ...ICE, ...DTLS, 'a=mid:0']))
    assert.deepEqual([sctpPort, maxMessageSize], [5000, 65_536])
  })

  it('reads a max-message-size of any length as at most 2^32 - 1', () => {
    for (const size of ['4294967296', '18446744073709551615', '99999999999999999999']) {
      assert.equal(section(text(replaced('a=max', `a=max-message-size:${size}`))).maxMessageSize, 0xffff_ffff)
    }
    assert.equal(section(text(replaced('a=max', 'a=max-message-size:0'))).maxMessageSize, 0)
  })

  it('reads the rejected form (RFC 3264 §6)', () => {
    const rejected = [
      ...SESSION.slice(0, 4),
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
      'a=mid:data'
    ]
    assert.deepEqual(parseSdp(text(rejected)).data, {
      rejected: true,
      mid: 'data',
      protocol: 'UDP/DTLS/SCTP'
    })
  })

  it('reads TCP/DTLS/SCTP, which JSEP treats alike', () => {
    const lines = replaced('m=', 'm=application 9 TCP/DTLS/SCTP webrtc-datachannel')
    assert.equal(section(text(lines)).protocol, 'TCP/DTLS/SCTP')
  })

  it('drops everything it does not need', () => {
    const noise = [
      'i=\u{1f980} für dich',
      'b=AS:30',
      'a=tls-id:1',
      'a=extmap-allow-mixed',
      'a=\u202egnp',
      'a=',
      'z=0 0'
    ]
    const unneeded = [
      'a=x-custom:1',
      'a=x-custom:1',
      'a=msid-semantic: WMS',
      'a=remote-candidates:1 1.2.3.4 5'
    ]
    assert.deepEqual(
      parseSdp(text([...SESSION, ...noise, ...SECTION, ...noise, ...unneeded])),
      parseSdp(text(GOOD))
    )
  })

  it('drops candidates that are to be ignored, and refuses malformed ones', () => {
    const candidates = [
      'a=candidate:1 1 udp 1 192.0.2.2 4000 typ host',
      'a=candidate:1 2 udp 1 192.0.2.2 4001 typ host',
      'a=candidate:1 1 udp 1 example.com 4001 typ host'
    ]
    assert.deepEqual(
      section(text([...GOOD, ...candidates])).candidates.map(({ port }) => port),
      [4000]
    )
    rejects([...GOOD, ...candidates, 'a=candidate:1 1 udp 1 192.0.2.2 port typ host'], 'ERR_SDP_SYNTAX', 18)
  })

  it('asks for one section, of data channels', () => {
    const audio = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0']
    rejects([...SESSION, ...audio], 'ERR_SDP_MEDIA', 6)
    rejects([...GOOD, ...audio], 'ERR_SDP_MEDIA', 15)
    rejects([...GOOD, ...SECTION], 'ERR_SDP_MEDIA', 15)
    rejects([...SESSION, 'm=audio 0 UDP/TLS/RTP/SAVPF 111', ...SECTION], 'ERR_SDP_MEDIA')
    rejects(
      replaced('m=', 'm=application 9 DTLS/SCTP 5000', 'a=sctpmap:5000 webrtc-datachannel 1024'),
      'ERR_SDP_MEDIA',
      6
    )
    rejects(replaced('m=', 'm=application 9 UDP/TLS/RTP/SAVPF webrtc-datachannel'), 'ERR_SDP_MEDIA', 6)
    rejects(replaced('m=', 'm=application 9 UDP/DTLS/SCTP http'), 'ERR_SDP_MEDIA', 6)
    rejects(replaced('m=', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel http'), 'ERR_SDP_MEDIA', 6)
    rejects(replaced('m=', 'm=application 65536 UDP/DTLS/SCTP webrtc-datachannel'), 'ERR_SDP_SYNTAX', 6)
    rejects(replaced('m=', 'm=application 9/2 UDP/DTLS/SCTP webrtc-datachannel'), 'ERR_SDP_SYNTAX', 6)
    rejects(replaced('m=', 'm='), 'ERR_SDP_MEDIA', 6)
  })

  it('asks for exactly one sha-256 fingerprint', () => {
    const code = 'ERR_SDP_FINGERPRINT'
    const line = `a=fingerprint:${FINGERPRINT}`
    rejects(replaced('a=fingerprint'), code, 6)
    rejects(replaced('a=fingerprint', line, line), code, 11)
    rejects(replaced('a=fingerprint', line, `a=fingerprint:${OTHER_FINGERPRINT}`), code, 11)
    rejects(replaced('a=fingerprint', line, `a=fingerprint:sha-1 ${FINGERPRINT.slice(8, 67)}`), code, 11)
    rejects([...SESSION, `a=fingerprint:${OTHER_FINGERPRINT}`, ...SECTION], code, 6)
    rejects(replaced('a=fingerprint', line.replace('sha-256', 'sha-512')), code, 10)
    rejects(replaced('a=fingerprint', line.slice(0, -3)), code, 10)
    rejects(replaced('a=fingerprint', `${line}:00`), code, 10)
    rejects(replaced('a=fingerprint', line.replace('99', 'G9')), code, 10)
    const twice = [...SESSION, line.toLowerCase(), ...SECTION]
    assert.deepEqual(parseSdp(text(twice)), parseSdp(text(GOOD)))
  })

  it('asks for a DTLS role that fits (RFC 8842 §5)', () => {
    rejects(replaced('a=setup', 'a=setup:holdconn'), 'ERR_SDP_SETUP', 11)
    rejects(replaced('a=setup', 'a=setup:'), 'ERR_SDP_SETUP', 11)
    rejects(replaced('a=setup'), 'ERR_SDP_MISSING', 6)
    for (const type of ['answer', 'pranswer'] as const) {
      assert.throws(() => parseSdp(text(GOOD), { type }), { code: 'ERR_SDP_SETUP', line: 11 })
    }
  })

  it('asks for every line that counts, once, in its range', () => {
    for (const start of ['o=', 's=', 't=']) rejects(replaced(start), 'ERR_SDP_MISSING')
    for (const start of ['o=', 's=', 't=']) {
      const line = GOOD.find((each) => each.startsWith(start)) ?? assert.fail()
      rejects(replaced(start, line, line), 'ERR_SDP_DUPLICATE')
    }
    for (const start of ['a=ice-ufrag', 'a=ice-pwd', 'a=mid']) rejects(replaced(start), 'ERR_SDP_MISSING', 6)
    for (const start of [
      'a=ice-ufrag',
      'a=ice-pwd',
      'a=mid',
      'a=setup',
      'a=sctp-port',
      'a=max-message-size'
    ]) {
      const line = GOOD.find((each) => each.startsWith(start)) ?? assert.fail()
      rejects([...GOOD, line], 'ERR_SDP_DUPLICATE', 15)
    }
    const bad: [string, string][] = [
      ['v=', 'v=1'],
      ['o=', 'o=- x 2 IN IP4 127.0.0.1'],
      ['o=', 'o=- 9223372036854775808 2 IN IP4 127.0.0.1'],
      ['o=', 'o=- 1 2 IN IP4'],
      ['a=ice-ufrag', 'a=ice-ufrag:abc'],
      ['a=ice-ufrag', `a=ice-ufrag:${'a'.repeat(257)}`],
      ['a=ice-ufrag', 'a=ice-ufrag:ab cd'],
      ['a=ice-pwd', 'a=ice-pwd:short'],
      ['a=ice-pwd', `a=ice-pwd:${'ä'.repeat(22)}`],
      ['a=mid', 'a=mid:'],
      ['a=mid', 'a=mid:0 1'],
      ['a=mid', `a=mid:${'0'.repeat(17)}`],
      ['a=sctp-port', 'a=sctp-port:0'],
      ['a=sctp-port', 'a=sctp-port:65536'],
      ['a=sctp-port', 'a=sctp-port'],
      ['a=max-message-size', 'a=max-message-size:-1'],
      ['a=max-message-size', 'a=max-message-size:1e9'],
      ['a=max-message-size', 'a=max-message-size:\u0661']
    ]
    for (const [start, line] of bad) {
      rejects(replaced(start, line), 'ERR_SDP_SYNTAX', GOOD.findIndex((each) => each.startsWith(start)) + 1)
    }
  })

  it('refuses text that is no list of lines', () => {
    rejects([], 'ERR_SDP_SYNTAX', 1)
    rejects(['hello'], 'ERR_SDP_SYNTAX', 1)
    for (const line of [
      '',
      'x',
      'a',
      '=',
      'ab=c',
      'A=1',
      ' a=1',
      'a=1\r',
      'a=\u00001',
      'a=\u007f',
      'ä=1',
      '\ufeffv=0'
    ]) {
      rejects([...SESSION, line, ...SECTION], 'ERR_SDP_SYNTAX', 6)
    }
    assert.throws(() => parseSdp(text(GOOD).replaceAll('\r\n', '\r')), { code: 'ERR_SDP_SYNTAX' })
    assert.deepEqual(parseSdp(`${text(GOOD)}\r\n\r\n`), parseSdp(text(GOOD).trimEnd()))
  })

  it('bounds the description, each line and the number of candidates', () => {
    rejects([...GOOD, `a=${'x'.repeat(1023)}`], 'ERR_SDP_TOO_LARGE', 15)
    rejects([...GOOD, ...Array.from({ length: 20 }, () => `a=${'x'.repeat(1000)}`)], 'ERR_SDP_TOO_LARGE')
    const candidate = 'a=candidate:1 1 udp 1 192.0.2.2 4000 typ host'
    const candidates = (length: number): string[] => [...GOOD, ...Array.from({ length }, () => candidate)]
    assert.equal(section(text(candidates(64))).candidates.length, 64)
    rejects(candidates(65), 'ERR_SDP_TOO_LARGE', 79)
    rejects(candidates(5000), 'ERR_SDP_TOO_LARGE')
  })

  it('gives back what renderSdp wrote', () => {
    fc.assert(
      fc.property(sdpDescription, (description) => {
        let sdp
        try {
          sdp = renderSdp(description)
        } catch (error) {
          assert.ok(error instanceof SdpError && error.code === 'ERR_SDP_TOO_LARGE')
          return
        }
        assert.deepEqual(parseSdp(sdp), description)
      })
    )
  })

  it('throws nothing but SdpError, and what it gives can be rendered', () => {
    const lines = [...new Set([...fixtures.flatMap(({ sdp }) => sdp.split('\r\n')), ...GOOD])]
    const line = fc.oneof(fc.constantFrom(...lines), fc.string({ unit: 'binary' }))
    const sdp = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2000 }),
      fc.array(line).map((some) => text(['v=0', ...some])),
      fc
        .tuple(fc.constantFrom(...fixtures), fc.nat(), fc.string({ maxLength: 3 }), fc.nat(4))
        .map(([fixture, at, insert, remove]) => {
          const index = at % fixture.sdp.length
          return fixture.sdp.slice(0, index) + insert + fixture.sdp.slice(index + remove)
        }),
      fc.tuple(fc.constantFrom(...fixtures), fc.nat(), fc.nat()).map(([fixture, from, to]) => {
        const parts = fixture.sdp.split('\r\n')
        parts.splice(to % parts.length, 0, ...parts.splice(from % parts.length, 1))
        return text(parts)
      })
    )
    fc.assert(
      fc.property(sdp, (hostile) => {
        try {
          renderSdp(parseSdp(hostile))
        } catch (error) {
          assert.ok(error instanceof SdpError && error.code !== 'ERR_SDP_VALUE', String(error))
        }
      }),
      { numRuns: 2000 }
    )
  })

  it('comes to an end with lines made to keep a regular expression busy', () => {
    const fill = (unit: string): string => unit.repeat(1000 / unit.length)
    for (const unit of [' ', '0', 'AA:', '1 ', 'a b ', '::', '1.', ',', '-', '.local', 'ff:']) {
      for (const start of [
        'o=',
        'm=',
        'a=fingerprint:sha-256 ',
        'a=candidate:',
        'a=candidate:1 1 udp 1 ',
        'a=ice-options:'
      ]) {
        const lines = Array.from({ length: 10 }, () => start + fill(unit))
        for (const all of [
          [...SESSION, ...lines],
          [...GOOD, ...lines],
          replaced(start.split(':')[0] === 'o=' ? 'o=' : 'm=', lines[0])
        ]) {
          try {
            renderSdp(parseSdp(text(all)))
          } catch (error) {
            assert.ok(error instanceof SdpError, String(error))
          }
        }
      }
    }
  })
})

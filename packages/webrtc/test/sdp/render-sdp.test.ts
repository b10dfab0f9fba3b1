import assert from 'node:assert/strict'
import { parseSdp, renderSdp, type SdpDataSection, type SdpDescription } from '../../src/sdp/index.ts'
import { fixtures } from './fixtures.ts'

const description: SdpDescription = parseSdp(fixtures[0].sdp)
const data = description.data as SdpDataSection

describe('renderSdp', () => {
  it('writes the lines of JSEP, in order, with CRLF', () => {
    assert.deepEqual(
      renderSdp({
        ...description,
        data: { ...data, candidates: data.candidates.slice(0, 1), endOfCandidates: true }
      }),
      [
        'v=0',
        'o=- 3291715645294665045 2 IN IP4 127.0.0.1',
        's=-',
        't=0 0',
        'a=group:BUNDLE 0',
        'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
        'c=IN IP4 0.0.0.0',
        'a=candidate:887605773 1 udp 2113937151 f0d5047f-2483-45a8-837f-87753a8f89f8.local 43756 typ host',
        'a=end-of-candidates',
        'a=ice-ufrag:k5Vp',
        'a=ice-pwd:9PeRP/CpgMzNNPK9C3kpRLhc',
        'a=ice-options:trickle',
        'a=fingerprint:sha-256 99:5F:0E:24:14:FB:F1:2F:7A:6B:FC:21:37:02:25:2F:C5:9A:51:CD:5A:15:CC:49:13:95:B5:6D:62:40:C6:C0',
        'a=setup:actpass',
        'a=mid:0',
        'a=sctp-port:5000',
        'a=max-message-size:262144',
        ''
      ].join('\r\n')
    )
  })

  it('writes a rejected section without what it does not need', () => {
    const rejected = { rejected: true, mid: '0', protocol: 'UDP/DTLS/SCTP' } as const
    assert.equal(
      renderSdp({ sessionId: '1', sessionVersion: 2, data: rejected }),
      'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' +
        'm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n'
    )
  })

  it('lets no member bring a line of its own', () => {
    const evil = 'x\r\na=fingerprint:sha-256 00'
    const bad: Record<string, unknown>[] = [
      { mid: evil },
      { mid: '' },
      { mid: undefined },
      { protocol: evil },
      { iceUfrag: evil },
      { iceUfrag: 'abc' },
      { icePwd: evil },
      { icePwd: undefined },
      { iceOptions: [evil] },
      { iceOptions: ['trickle', 'ice2'] },
      { iceOptions: ['trickle', 'trickle'] },
      { fingerprint: new Uint8Array(31) },
      { fingerprint: evil },
      { setup: evil },
      { sctpPort: evil },
      { sctpPort: 0 },
      { maxMessageSize: evil },
      { maxMessageSize: 2 ** 32 },
      { maxMessageSize: NaN },
      { candidates: [{ ...data.candidates[0], address: evil }] },
      { candidates: Array.from({ length: 65 }, () => data.candidates[0]) }
    ]
    for (const members of bad) {
      assert.throws(
        () => renderSdp({ ...description, data: { ...data, ...members } }),
        { name: 'SdpError', code: 'ERR_SDP_VALUE' },
        JSON.stringify(members)
      )
    }
    for (const members of [
      { sessionId: evil },
      { sessionId: '9223372036854775808' },
      { sessionVersion: evil }
    ]) {
      assert.throws(() => renderSdp({ ...description, ...members } as SdpDescription), {
        code: 'ERR_SDP_VALUE'
      })
    }
  })

  it('writes nothing that parseSdp would find too large', () => {
    const candidates = Array.from({ length: 64 }, () => ({
      ...data.candidates[0],
      usernameFragment: 'a'.repeat(256)
    }))
    assert.throws(() => renderSdp({ ...description, data: { ...data, candidates } }), {
      code: 'ERR_SDP_TOO_LARGE'
    })
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  CandidateError,
  parseCandidate,
  renderCandidate,
  type IceCandidate
} from '../../src/candidates/index.ts'
import { iceCandidate } from './arbitraries.ts'

const host: IceCandidate = {
  foundation: '1',
  protocol: 'udp',
  priority: 2_130_706_431,
  address: '192.0.2.2',
  port: 4000,
  type: 'host'
}

function codeOf(line: string): string {
  try {
    parseCandidate(line)
    return 'none'
  } catch (error) {
    assert.ok(error instanceof CandidateError, String(error))
    assert.equal(error.name, 'CandidateError')
    return error.code
  }
}

describe('parseCandidate (RFC 8839 §5.1)', () => {
  it('reads what stacks write', () => {
    assert.deepEqual(
      parseCandidate(
        'candidate:842163049 1 udp 1677729535 203.0.113.7 41410 typ srflx raddr 192.168.1.20 rport 53987 ' +
          'generation 0 ufrag k5Vp network-id 1 network-cost 50'
      ),
      {
        foundation: '842163049',
        protocol: 'udp',
        priority: 1_677_729_535,
        address: '203.0.113.7',
        port: 41_410,
        type: 'srflx',
        relatedAddress: '192.168.1.20',
        relatedPort: 53_987,
        usernameFragment: 'k5Vp'
      }
    )
    assert.deepEqual(parseCandidate('a=candidate:2 1 TCP 2105458943 FD00::0:2 9 typ host tcptype active'), {
      foundation: '2',
      protocol: 'tcp',
      tcpType: 'active',
      priority: 2_105_458_943,
      address: 'fd00::2',
      port: 9,
      type: 'host'
    })
  })

  it('reads mDNS names, in lower case', () => {
    const name = 'F0D5047F-2483-45A8-837F-87753A8F89F8.local'
    assert.equal(
      parseCandidate(`candidate:1 1 udp 1 ${name} 4000 typ host`).address,
      'f0d5047f-2483-45a8-837f-87753a8f89f8.local'
    )
  })

  it('drops the related address of a host, and reads a missing one as the unspecified address', () => {
    assert.deepEqual(
      parseCandidate('candidate:1 1 udp 2130706431 192.0.2.2 4000 typ host raddr 0.0.0.0 rport 0'),
      host
    )
    for (const related of [
      '',
      ' raddr 192.0.2.9',
      ' raddr turn.example.com rport 1',
      ' raddr 192.0.2.9 rport 99999'
    ]) {
      const candidate = parseCandidate(`candidate:1 1 udp 1 ::5 4000 typ relay${related}`)
      assert.deepEqual([candidate.relatedAddress, candidate.relatedPort], ['::', 9])
    }
  })

  it('tells what should be ignored', () => {
    const lines = [
      '1 2 udp 1 192.0.2.2 4000 typ host',
      '1 1 sctp 1 192.0.2.2 4000 typ host',
      '1 1 ssltcp 1 192.0.2.2 4000 typ host',
      '1 1 tcp 1 192.0.2.2 4000 typ host',
      '1 1 tcp 1 192.0.2.2 4000 typ host tcptype odd',
      '1 1 udp 1 192.0.2.2 4000 typ token',
      '1 1 udp 1 peer.example.com 4000 typ host',
      '1 1 udp 1 a.b.local 4000 typ host',
      '1 1 udp 1 fe80::1%eth0 4000 typ host',
      '1 1 udp 1 192.0.2.2 0 typ host'
    ]
    for (const line of lines) assert.equal(codeOf(`candidate:${line}`), 'ERR_CANDIDATE_UNSUPPORTED', line)
  })

  it('tells what is malformed', () => {
    const lines = [
      '',
      'candidate:',
      'candidate',
      'a=1 1 udp 1 192.0.2.2 4000 typ host',
      ' candidate:1 1 udp 1 192.0.2.2 4000 typ host',
      'candidate:1 1 udp 1 192.0.2.2 4000 host',
      'candidate:1 1 udp 1 192.0.2.2 4000 typ',
      'candidate:1  1 udp 1 192.0.2.2 4000 typ host',
      'candidate:1 1 udp 4294967296 192.0.2.2 4000 typ host',
      'candidate:1 1 udp -1 192.0.2.2 4000 typ host',
      'candidate:1 1 udp 1 192.0.2.2 65536 typ host',
      'candidate:1 1 udp 1 192.0.2.2 4e3 typ host',
      'candidate:1 257 udp 1 192.0.2.2 4000 typ host',
      'candidate:1-1 1 udp 1 192.0.2.2 4000 typ host',
      `candidate:${'1'.repeat(33)} 1 udp 1 192.0.2.2 4000 typ host`,
      'candidate:1 1 udp 1 192.0.2.2 4000 typ host generation',
      'candidate:1 1 udp 1 192.0.2.2 4000 typ host ufrag abc',
      'candidate:1 1 udp 1 192.0.2.2 4000 typ host ufrag abcd ufrag abcd',
      'candidate:1 1 udp 1 192.0.2.2 4000 typ host\r\na=ice-lite',
      'candidate:1 1 udp 1 192.0.2.2 4000 typ host ufrag ab\u0661cd',
      `candidate:1 1 udp 1 192.0.2.2 4000 typ host${' a b'.repeat(300)}`
    ]
    for (const line of lines) assert.equal(codeOf(line), 'ERR_CANDIDATE_SYNTAX', line)
  })

  it('gives back what renderCandidate wrote', () => {
    fc.assert(
      fc.property(iceCandidate, (candidate) =>
        assert.deepEqual(parseCandidate(renderCandidate(candidate)), candidate)
      )
    )
  })

  it('throws nothing but CandidateError, and what it gives can be rendered', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '1',
        'udp',
        'tcp',
        '192.0.2.2',
        '::1',
        'typ',
        'host',
        'srflx',
        'raddr',
        'tcptype',
        'active'
      ),
      fc.string()
    )
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word).map((words) => `candidate:${words.join(' ')}`),
      fc.tuple(iceCandidate, fc.nat(), fc.string({ maxLength: 3 })).map(([candidate, at, text]) => {
        const good = renderCandidate(candidate)
        const index = at % good.length
        return good.slice(0, index) + text + good.slice(index + text.length)
      })
    )
    fc.assert(
      fc.property(line, (text) => {
        try {
          renderCandidate(parseCandidate(text))
        } catch (error) {
          assert.ok(error instanceof CandidateError && error.code !== 'ERR_CANDIDATE_INVALID', String(error))
        }
      }),
      { numRuns: 1000 }
    )
  })
})

describe('renderCandidate', () => {
  it('writes the related address that RFC 8839 asks for, where there is none', () => {
    assert.equal(
      renderCandidate({ ...host, type: 'relay' }),
      'candidate:1 1 udp 2130706431 192.0.2.2 4000 typ relay raddr 0.0.0.0 rport 9'
    )
  })

  it('lets no member bring text of its own', () => {
    const bad: Record<string, unknown>[] = [
      { foundation: '1\r\na=x' },
      { foundation: '' },
      { address: '192.0.2.2 4000 typ host\r\na=x' },
      { address: 'example.com' },
      { address: 'FD00::1' },
      { address: undefined },
      { port: 0 },
      { port: 65_536 },
      { port: '4000 typ host' },
      { priority: 1.5 },
      { priority: -1 },
      { type: 'host\r\n' },
      { protocol: 'sctp', tcpType: 'active' },
      { protocol: 'tcp' },
      { protocol: 'udp', tcpType: 'active' },
      { relatedAddress: '192.0.2.9' },
      { relatedPort: 9 },
      { relatedAddress: 'x y', relatedPort: 9 },
      { usernameFragment: 'ab\ncd' }
    ]
    for (const members of bad) {
      assert.throws(
        () => renderCandidate({ ...host, ...members }),
        { name: 'CandidateError', code: 'ERR_CANDIDATE_INVALID' },
        JSON.stringify(members)
      )
    }
  })
})

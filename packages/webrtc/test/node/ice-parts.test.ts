import assert from 'node:assert/strict'
import type { NetworkInterfaceInfo } from 'node:os'
import { parseCandidate, renderCandidate } from '@hearsay/webrtc'
import fc from 'fast-check'
import { Candidate } from 'werift'
import {
  CONSENT_INTERVAL_MS,
  CONSENT_TIMEOUT_MS,
  Consent,
  MISSED_INTERVAL_MS,
  MISSES_TO_DISCONNECT
} from '../../src/node/ice/consent.ts'
import { createIceCredentials } from '../../src/node/ice/credentials.ts'
import { MAX_HOST_ADDRESSES, hostAddresses } from '../../src/node/ice/host-addresses.ts'
import { toldAddress } from '../../src/node/ice/gathering.ts'
import { MdnsResolver, decodeAddresses, encodeQuestion } from '../../src/node/ice/mdns.ts'
import { candidatePriority, pairPriority } from '../../src/node/ice/priority.ts'
import { fromWerift } from '../../src/node/ice/werift-candidate.ts'

describe('Consent (RFC 7675)', () => {
  it('is asked for every 5 s, ±20 %, and faster while an answer is missing', () => {
    const consent = new Consent(0)
    assert.deepEqual([consent.nextDelay(0), consent.nextDelay(1)], [4000, 6000])
    assert.equal(consent.nextDelay(0.5), CONSENT_INTERVAL_MS)
    consent.onMiss(1)
    assert.equal(consent.nextDelay(0.5), MISSED_INTERVAL_MS)
    consent.onAnswer(2)
    assert.equal(consent.nextDelay(0.5), CONSENT_INTERVAL_MS)
  })

  it('is lost after some misses, once, and may come back', () => {
    const consent = new Consent(0)
    const changes = Array.from({ length: MISSES_TO_DISCONNECT + 2 }, () => consent.onMiss(1))
    assert.equal(changes.indexOf('disconnected'), MISSES_TO_DISCONNECT - 1)
    assert.equal(changes.filter((change) => change !== 'none').length, 1)
    assert.equal(consent.onAnswer(2), 'recovered')
    assert.equal(consent.onAnswer(3), 'none')
  })

  it('expires 30 s after the last answer', () => {
    const consent = new Consent(0)
    consent.onAnswer(1000)
    assert.notEqual(consent.onMiss(1000 + CONSENT_TIMEOUT_MS - 1), 'expired')
    assert.equal(consent.onMiss(1000 + CONSENT_TIMEOUT_MS), 'expired')
  })
})

describe('createIceCredentials()', () => {
  it('has the alphabet, the length and the randomness of RFC 8445 §5.3', () => {
    const all = Array.from({ length: 100 }, createIceCredentials)
    for (const { usernameFragment, password } of all) {
      assert.match(usernameFragment, /^[A-Za-z0-9+/]{8}$/)
      assert.match(password, /^[A-Za-z0-9+/]{24}$/)
    }
    assert.equal(new Set(all.flatMap(Object.values)).size, 200)
  })
})

describe('hostAddresses()', () => {
  const info = (address: string, internal = false) => ({ address, internal }) as NetworkInterfaceInfo

  it('leaves out loopback and link-local addresses', () => {
    const addresses = hostAddresses({
      lo: [info('127.0.0.1', true), info('::1', true)],
      eth0: [info('192.0.2.1'), info('fe80::1'), info('2001:db8::1')],
      veth1: [info('10.0.0.1'), info('169.254.3.4')]
    })
    assert.deepEqual(addresses, ['192.0.2.1', '2001:db8::1', '10.0.0.1'])
  })

  it('takes loopback where there is nothing else', () => {
    assert.deepEqual(hostAddresses({ lo: [info('127.0.0.1', true)], eth0: [info('fe80::1')] }), ['127.0.0.1'])
  })

  it('is bounded', () => {
    const many = Array.from({ length: 100 }, (_, index) => info(`10.0.0.${index}`))
    assert.equal(hostAddresses({ eth0: many }).length, MAX_HOST_ADDRESSES)
  })
})

describe('addresses from elsewhere', () => {
  it('told by servers take the form that candidates have, or are refused', () => {
    // The longest run of zeros is the one that is left out (RFC 5952 §4.2.3); werift leaves out the first.
    assert.deepEqual(toldAddress(['2001:db8::1:0:0:0', 7]), ['2001:db8:0:0:1::', 7])
    assert.deepEqual(toldAddress(['192.0.2.1', 7]), ['192.0.2.1', 7])
    for (const told of [
      ['192.0.2.1', 0],
      ['example.org', 7]
    ] as const) {
      assert.throws(() => toldAddress(told), Error)
    }
  })

  it('of neighbours lose their zone, which candidates cannot carry', () => {
    const neighbour = new Candidate('f', 1, 'udp', 1, 'fe80::1%eth0', 5000, 'prflx')
    assert.equal(parseCandidate(renderCandidate(fromWerift(neighbour))).address, 'fe80::1')
  })
})

describe('priorities (RFC 8445)', () => {
  it('put host before reflexive before relayed, IPv6 before IPv4, all different', () => {
    const list = [
      candidatePriority('host', '2001:db8::1', 0),
      candidatePriority('host', '192.0.2.1', 0),
      candidatePriority('host', '2001:db8::2', 1),
      candidatePriority('prflx', '192.0.2.1', 0),
      candidatePriority('srflx', '192.0.2.1', 0),
      candidatePriority('relay', '192.0.2.1', 0)
    ]
    assert.deepEqual(
      list,
      [...new Set(list)].sort((a, b) => b - a)
    )
    assert.ok(list.every((priority) => priority > 0 && priority < 2 ** 31))
  })

  it('of pairs follow §6.1.2.3 beyond 32 bits, and order alike on both sides', () => {
    assert.equal(pairPriority(5, 3), (3n << 32n) + 10n + 1n)
    assert.equal(pairPriority(3, 5), (3n << 32n) + 10n)
    const priority = fc.integer({ min: 0, max: 2 ** 31 - 1 })
    fc.assert(
      fc.property(priority, priority, priority, (a, b, c) => {
        if (a < b) assert.ok(pairPriority(a, c) <= pairPriority(b, c))
      })
    )
  })
})

describe('mDNS (RFC 6762)', () => {
  const name = '6a1f8a6e-1111-4222-8333-000000000000.local'

  /** A response to the question, with its name compressed. */
  function response(address: readonly number[]): Buffer {
    const question = encodeQuestion(name)
    question.writeUInt16BE(0x8400, 2)
    question.writeUInt16BE(1, 6)
    const answer = Buffer.from([0xc0, 12, 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, ...address])
    return Buffer.concat([question, answer])
  }

  it('asks for the A record and reads the answer', () => {
    assert.equal(
      encodeQuestion('ab.local').toString('hex'),
      `${'0000'.repeat(2)}0001${'0000'.repeat(3)}026162056c6f63616c0000010001`
    )
    assert.deepEqual(decodeAddresses(response([192, 0, 2, 7])), [[name, '192.0.2.7']])
    assert.deepEqual(decodeAddresses(encodeQuestion(name)), [])
  })

  it('takes any bytes without throwing, also pointers in circles', () => {
    const whole = response([1, 2, 3, 4])
    for (let length = 0; length < whole.length; length++) decodeAddresses(whole.subarray(0, length))
    const circle = Buffer.from(whole)
    circle.writeUInt16BE(0xc000 + whole.length - 16, whole.length - 16)
    assert.deepEqual(decodeAddresses(circle), [])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeAddresses(Buffer.from([0, 0, 0x84, 0, 0, 1, 0, 2, 0, 0, 0, 0, ...bytes]))
      })
    )
  })

  it('takes no name that is longer than names may be, which pointers could repeat very often (RFC 1035 §3.1)', () => {
    const label = 'x'.repeat(61)
    const named = (lastLabel: string) => {
      const question = encodeQuestion([label, label, label, lastLabel, 'local'].join('.'))
      question.writeUInt16BE(0x8400, 2)
      question.writeUInt16BE(1, 6)
      const answer = Buffer.from([0xc0, 12, 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, 192, 0, 2, 7])
      return decodeAddresses(Buffer.concat([question, answer])).length
    }
    assert.deepEqual([named('y'.repeat(61)), named('y'.repeat(62))], [1, 0])
  })

  it('gives up at once when it is closed', async () => {
    const resolver = new MdnsResolver()
    const resolved = resolver.resolve(name)
    resolver.close()
    assert.equal(await resolved, undefined)
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  CandidateError,
  CandidateFilter,
  type CandidatePolicy,
  type IceCandidate
} from '../../src/candidates/index.ts'
import { iceCandidate } from './arbitraries.ts'

function candidate(members: Partial<IceCandidate>): IceCandidate {
  return {
    foundation: '1',
    protocol: 'udp',
    priority: 1,
    address: '192.0.2.2',
    port: 4000,
    type: 'host',
    ...members
  }
}

const host4 = candidate({ address: '192.168.0.2', priority: 2000 })
const host6 = candidate({ address: 'fd00::2', priority: 1900 })
const loopback = candidate({ address: '127.0.0.1', priority: 1800 })
const mdns = candidate({ address: 'a.local', priority: 1700 })
const tcp = candidate({ protocol: 'tcp', tcpType: 'passive', address: '192.168.0.2', priority: 1600 })
const srflx = candidate({ type: 'srflx', address: '203.0.113.7', priority: 1000 })
const relay = candidate({ type: 'relay', address: '198.51.100.4', priority: 10 })
const all = [relay, srflx, tcp, mdns, loopback, host6, host4]

const apply = (policy?: CandidatePolicy): IceCandidate[] => new CandidateFilter(policy).apply(all)

describe('CandidateFilter', () => {
  it('lets all pass by default, the highest ICE priority first', () => {
    assert.deepEqual(apply(), [host4, host6, loopback, mdns, tcp, srflx, relay])
  })

  it('filters by type', () => {
    assert.deepEqual(apply({ types: ['relay', 'srflx'] }), [srflx, relay])
  })

  it('filters by protocol', () => {
    assert.deepEqual(apply({ protocols: ['tcp'] }), [tcp])
  })

  it('filters by address range, deny before allow', () => {
    assert.deepEqual(apply({ allow: ['private', 'loopback'], mdns: false }), [host4, host6, loopback, tcp])
    assert.deepEqual(apply({ deny: ['private', 'loopback'] }), [mdns, srflx, relay])
    assert.deepEqual(apply({ allow: ['ipv4'], deny: ['192.168.0.0/24'], mdns: false }), [
      loopback,
      srflx,
      relay
    ])
  })

  it('lets mDNS names pass or not, as they have no address to go by', () => {
    assert.deepEqual(apply({ allow: ['loopback'] }), [loopback, mdns])
    assert.equal(apply({ mdns: false }).includes(mdns), false)
  })

  it('denies by default what can be the address of no peer', () => {
    const filter = new CandidateFilter()
    for (const address of [
      '0.0.0.0',
      '::',
      '224.0.0.251',
      'ff02::fb',
      '255.255.255.255',
      '::ffff:224.0.0.1'
    ]) {
      assert.equal(filter.accepts(candidate({ address })), false, address)
    }
  })

  it('puts preferred traits first, the strongest before the rest', () => {
    assert.deepEqual(apply({ prefer: ['relay', 'ipv6'] }), [relay, host6, host4, loopback, mdns, tcp, srflx])
    assert.deepEqual(apply({ types: ['host'], prefer: ['tcp', 'ipv4'] }), [tcp, host4, loopback, host6, mdns])
  })

  it('keeps the best of each type when it cuts to a count', () => {
    assert.deepEqual(apply({ maxCount: 4 }), [host4, host6, srflx, relay])
    assert.deepEqual(apply({ maxCount: 3 }), [host4, srflx, relay])
    assert.deepEqual(apply({ maxCount: 2 }), [host4, srflx])
    assert.deepEqual(apply({ maxCount: 2, prefer: ['relay'] }), [relay, host4])
    assert.deepEqual(apply({ maxCount: 0 }), [])
  })

  it('drops a second candidate for the same transport address', () => {
    const worse = candidate({ ...host4, foundation: '2', priority: 5 })
    assert.deepEqual(new CandidateFilter().apply([worse, host4]), [host4])
  })

  it('names the member at fault', () => {
    const bad: [string, unknown][] = [
      ['types[1]', { types: ['host', 'hots'] }],
      ['protocols[0]', { protocols: ['sctp'] }],
      ['prefer[0]', { prefer: ['ipv5'] }],
      ['allow[0]', { allow: ['everything'] }],
      ['deny[0]', { deny: ['10.0.0.0/40'] }],
      ['maxCount', { maxCount: -1 }],
      ['maxCount', { maxCount: 1.5 }]
    ]
    for (const [where, policy] of bad) {
      assert.throws(
        () => new CandidateFilter(policy as CandidatePolicy),
        (error) =>
          error instanceof CandidateError &&
          error.code === 'ERR_CANDIDATE_POLICY' &&
          error.message.startsWith(`${where}: `),
        where
      )
    }
  })

  it('gives only candidates that it accepts, each once, whatever comes in, and the same again', () => {
    fc.assert(
      fc.property(
        fc.array(iceCandidate, { maxLength: 80 }),
        fc.integer({ min: 0, max: 70 }),
        (given, maxCount) => {
          const filter = new CandidateFilter({ maxCount, types: ['host', 'relay'], prefer: ['ipv6', 'udp'] })
          const result = filter.apply(given)
          assert.ok(result.length <= maxCount)
          assert.ok(result.every((each) => given.includes(each) && filter.accepts(each)))
          assert.deepEqual(filter.apply(result), result)
          assert.deepEqual(filter.apply([...given].reverse()).length, result.length)
        }
      )
    )
  })
})

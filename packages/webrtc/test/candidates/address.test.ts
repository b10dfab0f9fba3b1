import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import fc from 'fast-check'
import { AddressRanges } from '../../src/candidates/address-range.ts'
import { formatAddress, parseAddress } from '../../src/candidates/address.ts'
import { CandidateError } from '../../src/candidates/errors.ts'
import { ipAddress } from './arbitraries.ts'

function canonical(text: string): string | undefined {
  const bytes = parseAddress(text)
  return bytes === undefined ? undefined : formatAddress(bytes)
}

describe('IP addresses', () => {
  it('writes IPv6 as RFC 5952 §4 asks', () => {
    const forms = {
      '2001:0DB8:0:0:0:0:0:1': '2001:db8::1',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
      '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '0:0:0:0:0:0:0:0': '::',
      '0:0:0:0:0:0:0:1': '::1',
      'fe80:0:0:0:1:2:3:0': 'fe80::1:2:3:0',
      '1:2:3:4:5:6:0:0': '1:2:3:4:5:6::',
      '::FFFF:c000:0201': '::ffff:192.0.2.1',
      '::ffff:192.0.2.1': '::ffff:192.0.2.1',
      '64:ff9b::192.0.2.33': '64:ff9b::c000:221'
    }
    for (const [given, expected] of Object.entries(forms)) assert.equal(canonical(given), expected)
  })

  it('refuses what is no address', () => {
    const texts = [
      '',
      '1',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '01.2.3.4',
      '1.2.3.4 ',
      '0x1.2.3.4',
      '1.2.3.-4',
      ':',
      ':::'
    ]
    texts.push(
      '1::2::3',
      '12345::',
      'g::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      'fe80::1%eth0'
    )
    texts.push('[::1]', '1.2.3.4::', '::1.2.3.4:1', '1:2:3:4:5:6:7:1.2.3.4', 'localhost', '1.2.3.4/8')
    for (const text of texts) assert.equal(parseAddress(text), undefined, text)
  })

  it('keeps the bytes of an address that it writes', () => {
    fc.assert(fc.property(ipAddress, (address) => assert.equal(canonical(address), address)))
  })

  it('takes just what Node takes for an address, but for zones', () => {
    const texts = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abF:.')), maxLength: 20 })
    fc.assert(
      fc.property(fc.oneof(texts, ipAddress), (text) => {
        assert.equal(parseAddress(text)?.length ?? 0, { 0: 0, 4: 4, 6: 16 }[isIP(text)])
      }),
      { numRuns: 2000 }
    )
  })
})

describe('Address ranges', () => {
  const has = (ranges: readonly string[], address: string): boolean =>
    new AddressRanges(ranges).has(parseAddress(address) ?? assert.fail(address))

  it('holds what shares the prefix', () => {
    assert.equal(has(['10.0.0.0/8'], '10.255.255.255'), true)
    assert.equal(has(['10.0.0.0/8'], '11.0.0.0'), false)
    assert.equal(has(['172.16.0.0/12'], '172.31.9.9'), true)
    assert.equal(has(['172.16.0.0/12'], '172.32.0.0'), false)
    assert.equal(has(['2001:db8::/33'], '2001:db8:7fff::'), true)
    assert.equal(has(['2001:db8::/33'], '2001:db8:8000::'), false)
    assert.equal(has(['192.0.2.7'], '192.0.2.7'), true)
    assert.equal(has(['192.0.2.7'], '192.0.2.8'), false)
    assert.equal(has(['0.0.0.0/0'], '255.0.0.1'), true)
    assert.equal(has(['0.0.0.0/0'], '::1'), false)
    assert.equal(has([], '192.0.2.7'), false)
  })

  it('knows ranges by name', () => {
    assert.equal(has(['loopback'], '127.8.0.1'), true)
    assert.equal(has(['loopback'], '::1'), true)
    assert.equal(has(['private'], '192.168.4.4'), true)
    assert.equal(has(['private'], 'fd00::2'), true)
    assert.equal(has(['private'], '192.0.2.2'), false)
    assert.equal(has(['link-local'], 'fe80::1'), true)
    assert.equal(has(['shared'], '100.127.0.1'), true)
    assert.equal(has(['multicast'], 'ff02::1'), true)
    assert.equal(has(['unspecified'], '::'), true)
    assert.equal(has(['ipv4'], '1.2.3.4'), true)
    assert.equal(has(['ipv6'], '1.2.3.4'), false)
  })

  it('is not fooled by IPv4 in IPv6 clothes', () => {
    assert.equal(has(['loopback'], '::ffff:127.0.0.1'), true)
    assert.equal(has(['ipv6'], '::ffff:127.0.0.1'), false)
  })

  it('names the entry that is no range', () => {
    for (const range of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0/8', 'privat', '10.0.0.0/8/8', '/8']) {
      assert.throws(
        () => new AddressRanges(['loopback', range], 'deny'),
        (error) => error instanceof CandidateError && error.message.startsWith('deny[1]: ')
      )
    }
  })
})

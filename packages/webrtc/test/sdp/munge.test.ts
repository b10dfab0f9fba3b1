import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CandidateFilter } from '../../src/candidates/index.ts'
import { munge, parseSdp, renderSdp, type MungePolicy, type SdpDataSection } from '../../src/sdp/index.ts'
import { sdpDescription } from './arbitraries.ts'
import { fixtures } from './fixtures.ts'

function fixture(name: string): SdpDataSection & { sdp: string } {
  const found = fixtures.find((each) => each.name.startsWith(name)) ?? assert.fail(name)
  return { ...(parseSdp(found.sdp).data as SdpDataSection), sdp: found.sdp }
}

function munged(sdp: string, policy?: MungePolicy): SdpDataSection {
  return munge(parseSdp(sdp), policy).data as SdpDataSection
}

describe('munge', () => {
  const pion = fixture('pion')

  it('drops what candidates repeat or tell of our addresses', () => {
    const [host, srflx, relay] = munged(pion.sdp).candidates
    assert.deepEqual(host, {
      foundation: '3350409123',
      protocol: 'udp',
      priority: 2_130_706_431,
      address: '192.168.1.20',
      port: 53_987,
      type: 'host'
    })
    assert.deepEqual([srflx.relatedAddress, srflx.relatedPort], ['0.0.0.0', 9])
    assert.deepEqual([relay.relatedAddress, relay.relatedPort], ['0.0.0.0', 9])
  })

  it('keeps related addresses where asked to', () => {
    const relay = munged(pion.sdp, { relatedAddresses: true }).candidates[2]
    assert.deepEqual([relay.relatedAddress, relay.relatedPort], ['203.0.113.7', 41_410])
  })

  it('drops candidates of another ICE generation', () => {
    const stale = pion.sdp.replace('typ host ufrag cUwZHqGbrMMqNBPK', 'typ host ufrag formerFragment')
    assert.deepEqual(
      munged(stale).candidates.map(({ type }) => type),
      ['srflx', 'relay']
    )
  })

  it('filters and orders candidates', () => {
    const policy: MungePolicy = { candidates: { deny: ['private'], prefer: ['relay'] } }
    const types = munged(pion.sdp, policy).candidates.map(({ type }) => type)
    assert.deepEqual(types, ['relay', 'srflx'])
    const filter = new CandidateFilter({ types: ['host'] })
    assert.deepEqual(
      munged(pion.sdp, { candidates: filter }).candidates.map(({ type }) => type),
      ['host']
    )
  })

  it('sets the message size', () => {
    assert.equal(munged(pion.sdp, { maxMessageSize: 262_144 }).maxMessageSize, 262_144)
    assert.equal(munged(pion.sdp).maxMessageSize, 1_073_741_823)
  })

  it('halves what libwebrtc writes of many interfaces', () => {
    const wrtc = fixture('libwebrtc (@roamhq/wrtc 0.10), offer')
    const description = munge(parseSdp(wrtc.sdp), { candidates: { protocols: ['udp'], deny: ['loopback'] } })
    assert.ok(renderSdp(description).length < wrtc.sdp.length / 2)
  })

  it('leaves rejected and empty descriptions as they are, and never changes what it is given', () => {
    fc.assert(
      fc.property(sdpDescription, (description) => {
        const before = structuredClone(description)
        const after = munge(description, { maxMessageSize: 1000, candidates: { types: ['relay'] } })
        assert.deepEqual(description, before)
        if (description.data?.rejected === false) {
          assert.deepEqual(after.data, {
            ...description.data,
            maxMessageSize: 1000,
            candidates: after.data?.rejected === false ? after.data.candidates : []
          })
        } else assert.equal(after, description)
      })
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(sdpDescription, (description) => {
        const once = munge(description)
        assert.deepEqual(munge(once), once)
      })
    )
  })
})

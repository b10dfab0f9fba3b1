import assert from 'node:assert/strict'
import { ChunkType } from '../src/packet/chunk.ts'
import { record, typesOf } from './support/craft.ts'
import { Pair } from './support/pair.ts'
import { transfer } from './support/transfer.ts'

const isData = (packet: Uint8Array): boolean => typesOf(packet).includes(ChunkType.data)

/** Drops the DATA packets with these positions, counted from now. */
function loseData(pair: Pair, ...positions: number[]): void {
  let count = 0
  pair.toB.filter = (packet) => isData(packet) && positions.includes(count++)
}

describe('loss recovery (RFC 8985, RFC 9260 sections 6.3 and 7)', () => {
  it('repairs a loss in little more than a round trip, without a timeout', () => {
    const pair = Pair.connected({ conditions: { delay: 25 } })
    loseData(pair, 2)
    pair.send(pair.a, 1, new Uint8Array(8000))
    const start = pair.now
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.ok(pair.now - start <= 100, `${pair.now - start} ms`)
    assert.equal(pair.a.association.counters.chunksRetransmitted, 1)
    assert.equal(pair.a.association.counters.retransmissionTimeouts, 0)
  })

  it('repairs a lost tail by a probe after two round trips (RFC 8985 section 7)', () => {
    const pair = Pair.connected({ conditions: { delay: 25 } })
    loseData(pair, 5, 6)
    pair.send(pair.a, 1, new Uint8Array(8000))
    const start = pair.now
    pair.runUntil(() => pair.b.messages.length === 1)
    assert.ok(pair.now - start <= 240, `${pair.now - start} ms`)
    assert.equal(pair.a.association.counters.tailLossProbes, 1)
    assert.equal(pair.a.association.counters.retransmissionTimeouts, 0)
    assert.equal(pair.a.association.counters.congestionEvents, 1)
  })

  it('counts a loss that the probe itself repaired as a loss (RFC 8985 section 7.4)', () => {
    const pair = Pair.connected({ conditions: { delay: 25 } })
    loseData(pair, 0)
    pair.send(pair.a, 1, new Uint8Array(100))
    pair.runUntil(() => pair.b.messages.length === 1)
    pair.send(pair.a, 1, new Uint8Array(100))
    pair.run(1000)
    assert.equal(pair.a.association.counters.tailLossProbes, 1)
    assert.equal(pair.a.association.counters.congestionEvents, 1)
  })

  it('does not take reordering for loss once it has seen it', () => {
    const pair = Pair.connected({ conditions: { delay: 20, jitter: 4 } })
    transfer(pair, 3_000_000)
    const before = pair.a.association.counters.chunksRetransmitted
    transfer(pair, 3_000_000)
    assert.equal(pair.a.association.counters.chunksRetransmitted, before)
  })

  it('backs off and gives up after ten timeouts in a row (6.3.3, 8.1)', () => {
    const pair = Pair.connected()
    pair.conditions = { loss: 1 }
    pair.send(pair.a, 1, new Uint8Array(100))
    const start = pair.now
    pair.runUntil(() => pair.a.association.state === 'closed')
    assert.deepEqual(pair.a.eventsOf('closed')[0].reason, { kind: 'timeout', during: 'transfer' })
    assert.equal(pair.a.association.counters.retransmissionTimeouts, 11)
    assert.ok(pair.now - start > 30_000)
  })

  it('takes back what a spurious timeout did to the window (RFC 9438 section 4.9)', () => {
    const pair = Pair.connected({ conditions: { delay: 10 } })
    transfer(pair, 2_000_000)
    const before = pair.a.association.status()?.congestionWindow ?? 0
    for (let i = 0; i < 10; i++) {
      pair.send(pair.a, 1, new Uint8Array(60_000))
    }
    pair.toA.conditions = { ...pair.toA.conditions, delay: 400 }
    pair.run(450)
    assert.equal(pair.a.association.counters.retransmissionTimeouts, 1)
    pair.toA.conditions = { ...pair.toA.conditions, delay: 10 }
    pair.run(1000)
    assert.ok((pair.a.association.status()?.congestionWindow ?? 0) >= 0.7 * before)
  })

  it('waits a little for acknowledgements to be read when its own process was stalled', () => {
    const pair = Pair.connected()
    pair.send(pair.a, 1, new Uint8Array(100))
    pair.pump()
    const { association } = pair.a
    const stalledUntil = pair.now + 5000
    association.handleTimeout(stalledUntil)
    association.handleTimeout(stalledUntil)
    assert.equal(association.counters.retransmissionTimeouts, 0)
    assert.equal(association.pollTimeout(), stalledUntil + 10)
    // Timers that are always late, as in a page in the background, still come to act.
    association.handleTimeout(stalledUntil + 1000)
    assert.equal(association.counters.retransmissionTimeouts, 1)
  })

  it('begins anew on another path, and finds out at once what the old one lost', () => {
    const pair = Pair.connected({ conditions: { delay: 25 } })
    transfer(pair, 3_000_000)
    const old = pair.a.association.status()
    pair.conditions = { loss: 1 }
    pair.send(pair.a, 2, new Uint8Array(20_000))
    pair.run(30)
    pair.conditions = { loss: 0, delay: 5 }
    pair.a.association.handlePathChange(pair.now)
    const anew = pair.a.association.status()
    assert.ok(old && anew)
    assert.ok(old.congestionWindow > 200_000)
    assert.equal(anew.congestionWindow, 10 * 1176)
    assert.equal(anew.srtt, undefined)
    assert.equal(anew.rto, 500)
    const start = pair.now
    pair.runUntil(() => pair.b.messages.some(({ streamId }) => streamId === 2))
    assert.ok(pair.now - start <= 60, `${pair.now - start} ms`)
  })

  it('sends the initial window of ten packets, then as acknowledged (RFC 6928)', () => {
    const pair = Pair.connected({ conditions: { delay: 50 } })
    const toB = record(pair.toB)
    pair.send(pair.a, 1, new Uint8Array(100_000))
    pair.run(99)
    assert.equal(toB.filter(isData).length, 10)
    pair.run(100)
    assert.equal(toB.filter(isData).length, 30)
  })

  it('keeps to the largest congestion window that it is given', () => {
    const pair = Pair.connected({ conditions: { delay: 25 }, a: { maxCongestionWindow: 50_000 } })
    const toB = record(pair.toB)
    pair.runUntil(() => {
      if (pair.a.association.bufferedAmount(1) < 200_000) {
        pair.send(pair.a, 1, new Uint8Array(65_536))
      }
      assert.ok((pair.a.association.status()?.bytesInFlight ?? 0) < 50_000 + 1188)
      return toB.length > 2000
    })
  })
})

describe('path MTU discovery (RFC 8899)', () => {
  it('finds the largest packet that passes, and uses it', () => {
    for (const [mtu, least] of [
      [65_535, 1440],
      [1400, 1380],
      [1300, 1280],
      [1200, 1188]
    ]) {
      const pair = Pair.connected({ a: { maxPacketSize: 1440 }, conditions: { mtu } })
      pair.run(60_000)
      const found = pair.a.association.status()?.packetSize ?? 0
      assert.ok(found >= least && found <= mtu, `${found} of ${mtu}`)
    }
  })

  it('falls back where large packets begin to vanish, and strands nothing', () => {
    const pair = Pair.connected({ a: { maxPacketSize: 1440 }, conditions: { delay: 10 } })
    transfer(pair, 1_000_000)
    assert.equal(pair.a.association.status()?.packetSize, 1440)
    pair.conditions = { mtu: 1200 }
    transfer(pair, 1_000_000)
    assert.equal(pair.a.association.status()?.packetSize, 1188)
    assert.equal(pair.a.association.state, 'established')
  })
})

import fc from 'fast-check'
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EventQueue } from '../src/association/event-queue.ts'
import { OutOfOrderChunks } from '../src/rx/out-of-order-chunks.ts'
import { ReceivedRanges } from '../src/rx/received-ranges.ts'
import { nextSsn, ssnIsAfter, TsnSequence, tsnIsAfter } from '../src/serial.ts'
import { Cubic } from '../src/tx/cubic.ts'
import { OutgoingStream } from '../src/tx/outgoing-stream.ts'
import type { OutgoingMessage } from '../src/tx/outgoing-message.ts'
import { ChunkState, OutstandingData } from '../src/tx/outstanding-data.ts'
import { RetransmissionTimeout } from '../src/tx/rto.ts'
import { StreamScheduler } from '../src/tx/stream-scheduler.ts'
import { Pair } from './support/pair.ts'

const UNLIMITED = { initialWindowPackets: 10, maxCongestionWindow: 1e9, shortPathWindow: 1e9 }

function message(streamId: number, length: number): OutgoingMessage {
  return {
    streamId,
    ppid: 51,
    data: new Uint8Array(length),
    unordered: false,
    maxRetransmits: Infinity,
    expiresAt: Infinity,
    onAcknowledged: undefined,
    ssn: 0,
    fragmented: 0,
    firstSeq: -1,
    lastSeq: -1,
    abandoned: false,
    next: undefined
  }
}

describe('EventQueue', () => {
  it('keeps no message that was taken, also while others wait behind it', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const queue = new EventQueue()
    const push = (): void => {
      queue.push({ type: 'message', streamId: 1, ppid: 51, data: new Uint8Array(1000) })
    }
    const take = (): WeakRef<object> | undefined => {
      const event = queue.shift()
      return event && new WeakRef(event)
    }
    push()
    push()
    const taken = take()
    await turn()
    collect()
    assert.ok(taken !== undefined && taken.deref() === undefined)
    assert.deepEqual([queue.messageCount, queue.messageBytes, queue.otherCount], [1, 1000, 0])
    assert.ok(take()?.deref())
    assert.equal(take(), undefined)
  })
})

describe('serial numbers (RFC 1982)', () => {
  it('compare across the wrap', () => {
    assert.ok(tsnIsAfter(1, 0xffffffff))
    assert.ok(!tsnIsAfter(0xffffffff, 1))
    assert.ok(!tsnIsAfter(5, 5))
    assert.ok(ssnIsAfter(0, 65_535))
    assert.ok(!ssnIsAfter(65_535, 0))
    assert.equal(nextSsn(65_535), 0)
  })

  it('unwrap near a reference, wherever it is', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffffffff),
        fc.nat(2 ** 40),
        fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
        (initial, reference, offset) => {
          const tsns = new TsnSequence(initial)
          assert.equal(tsns.toSeq(tsns.toTsn(reference + offset), reference), reference + offset)
        }
      )
    )
  })
})

describe('ReceivedRanges', () => {
  it('holds the same as a set, as sorted ranges that do not touch', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 60 }), fc.nat(60), (numbers, below) => {
        const ranges = new ReceivedRanges()
        const set = new Set<number>()
        for (const number of numbers) {
          assert.equal(ranges.has(number), set.has(number))
          if (!set.has(number)) {
            ranges.add(number)
            set.add(number)
          }
        }
        ranges.removeBelow(below)
        const held: number[] = []
        for (let index = 0; index < ranges.count; index++) {
          assert.ok(ranges.start(index) <= ranges.end(index))
          assert.ok(index === 0 || ranges.start(index) > ranges.end(index - 1) + 1)
          for (let number = ranges.start(index); number <= ranges.end(index); number++) {
            held.push(number)
          }
        }
        assert.deepEqual(
          held,
          [...set].filter((number) => number >= below).toSorted((a, b) => a - b)
        )
      })
    )
  })
})

describe('OutOfOrderChunks', () => {
  it('notices a whole message in whatever order its fragments come', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), (order) => {
        const chunks = new OutOfOrderChunks()
        const wholes: [number, number][] = []
        chunks.reserve(95, 107)
        for (const index of order) {
          // Messages of three, one and four fragments.
          const flags = ([2, 0, 1, 3, 2, 0, 0, 1] as const)[index]
          chunks.insert(100 + index, flags, 1, index < 3 ? 0 : index < 4 ? 1 : 2, 51, Uint8Array.of(index))
          if (chunks.isWhole(chunks.runStart, chunks.runEnd)) {
            wholes.push([chunks.runStart, chunks.runEnd])
          }
        }
        assert.deepEqual(
          wholes.toSorted((a, b) => a[0] - b[0]),
          [
            [100, 102],
            [103, 103],
            [104, 107]
          ]
        )
        assert.deepEqual([...chunks.take(104, 107)], [4, 5, 6, 7])
        assert.equal(chunks.heldBytes, 4)
      })
    )
  })

  it('grows without losing anything', () => {
    const chunks = new OutOfOrderChunks()
    for (let seq = 1000; seq < 6000; seq++) {
      chunks.reserve(990, seq)
      chunks.insert(seq, seq === 1000 ? 2 : seq === 5999 ? 1 : 0, 1, 0, 51, Uint8Array.of(seq))
    }
    assert.ok(chunks.isWhole(chunks.runStart, chunks.runEnd))
    assert.deepEqual(
      [...chunks.take(1000, 5999)],
      Array.from({ length: 5000 }, (_, i) => (1000 + i) & 0xff)
    )
  })
})

describe('OutstandingData', () => {
  it('keeps its sums and the order of transmissions through growth and change', () => {
    const data = new OutstandingData()
    const long = message(1, 60_000)
    for (let i = 0; i < 500; i++) {
      data.add(long, 100 * i, 100, i)
      if (i % 3 === 0) {
        data.resend(i, i + 0.5)
      }
    }
    for (let i = 0; i < 100; i++) {
      data.releaseBase()
    }
    data.markGapAcked(200)
    data.markLost(150)
    data.markLost(130)
    data.markAbandoned(140)
    assert.equal(data.flightBytes, (400 - 4) * 116)
    assert.equal(data.flightPayload, (400 - 4) * 100)
    assert.equal(data.firstLost(), 130)
    data.retransmit(130, 1000)
    assert.equal(data.firstLost(), 150)
    const times: number[] = []
    for (let seq = data.oldestInFlight(); seq >= 0; seq = data.oldestInFlight()) {
      times.push(data.sentAt(seq))
      data.markLost(seq)
    }
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b)
    )
    assert.equal(data.flightBytes, 0)
    assert.equal(data.state(200), ChunkState.gapAcked)
    assert.equal(data.highestInFlight(), -1)
  })
})

describe('RetransmissionTimeout (RFC 9260 section 6.3.1)', () => {
  it('follows the measured times between its bounds', () => {
    const rto = new RetransmissionTimeout({ rtoInitial: 500, rtoMin: 200, rtoMax: 10_000 })
    assert.equal(rto.value, 500)
    rto.backOff()
    assert.equal(rto.value, 1000)
    rto.measure(100)
    assert.equal(rto.value, 300)
    rto.measure(100)
    assert.equal(rto.value, 250)
    for (let i = 0; i < 50; i++) {
      rto.measure(100)
    }
    assert.equal(rto.value, 200)
    for (let i = 0; i < 20; i++) {
      rto.backOff()
    }
    assert.equal(rto.value, 10_000)
    rto.reset()
    assert.equal(rto.value, 500)
  })
})

describe('Cubic (RFC 9438)', () => {
  const grow = (cubic: Cubic, rounds: number, rtt: number, start: number): void => {
    for (let round = 0; round < rounds; round++) {
      const { cwnd } = cubic
      for (let acked = 0; acked < cwnd; acked += 1000) {
        cubic.onAcknowledged(1000, start + round * rtt, rtt, true)
      }
    }
  }

  it('does not outgrow a short path, whose peer would only have to queue it', () => {
    for (const [minRtt, limit] of [
      [0.1, 500_000],
      [2, 2_500_000]
    ]) {
      const cubic = new Cubic(1000, { ...UNLIMITED, shortPathWindow: 500_000 })
      for (let round = 0; round < 20; round++) {
        cubic.onRound(minRtt)
        cubic.onAcknowledged(cubic.cwnd, round * minRtt, minRtt, true)
      }
      assert.equal(cubic.cwnd, limit)
    }
  })

  it('doubles in slow start, falls to 0.7 at a loss, and is back at the old window after K', () => {
    const cubic = new Cubic(1000, UNLIMITED)
    grow(cubic, 7, 100, 0)
    assert.equal(cubic.cwnd, 1_280_000)
    cubic.onCongestion()
    assert.equal(cubic.cwnd, 896_000)
    // K = cbrt(1280 * 0.3 / 0.4) = 9.86 s.
    grow(cubic, 98, 100, 1000)
    const plateau = Number(cubic.cwnd)
    assert.ok(Math.abs(plateau - 1_280_000) < 40_000, `${plateau}`)
    grow(cubic, 60, 100, 10_800)
    assert.ok(cubic.cwnd > 1_360_000)
  })

  it('leaves less the longer the queue, and more where a loss is random', () => {
    const leftAfter = (rtt: number): number => {
      const cubic = new Cubic(1000, UNLIMITED)
      grow(cubic, 4, 20, 0)
      cubic.onCongestion()
      const before = cubic.cwnd
      cubic.onRttSample(rtt)
      cubic.onRound(20)
      cubic.onCongestion()
      return Math.round((1000 * cubic.cwnd) / before) / 1000
    }
    assert.deepEqual([20, 25, 40, 200].map(leftAfter), [0.875, 0.64, 0.4, 0.3])
  })

  it('lets a flow with little in the queue grow faster than one with much', () => {
    const grownBy = (rounds: number): number => {
      const cubic = new Cubic(1000, UNLIMITED)
      grow(cubic, rounds, 50, 0)
      cubic.onRttSample(50)
      cubic.onRound(20)
      cubic.onCongestion()
      const before = cubic.cwnd
      grow(cubic, 1, 50, 0)
      return Math.round((cubic.cwnd - before) / 1000)
    }
    // 112 and 28 packets, of which two fifths travel.
    assert.deepEqual([grownBy(4), grownBy(2)], [2, 3])
  })

  it('does not grow while the application is the limit', () => {
    const cubic = new Cubic(1000, UNLIMITED)
    cubic.onAcknowledged(5000, 0, 10, false)
    assert.equal(cubic.cwnd, 10_000)
  })

  it('falls to one packet at a timeout, and back where it was spurious', () => {
    const cubic = new Cubic(1000, UNLIMITED)
    grow(cubic, 2, 100, 0)
    cubic.onTimeout()
    assert.equal(cubic.cwnd, 1000)
    cubic.undoTimeout()
    assert.equal(cubic.cwnd, 40_000)
    assert.ok(cubic.inSlowStart)
  })

  it('leaves slow start when round trips grow longer (RFC 9406)', () => {
    const cubic = new Cubic(1000, UNLIMITED)
    for (let round = 0; round < 8; round++) {
      for (let sample = 0; sample < 10; sample++) {
        cubic.onRttSample(50 + 10 * round)
      }
      cubic.onRound(50)
    }
    assert.ok(!cubic.inSlowStart)
  })
})

describe('stream priorities (RFC 8831 section 6.4)', () => {
  it('share in proportion to their weights', () => {
    const scheduler = new StreamScheduler()
    const streams = [128, 256, 512, 1024].map((priority, id) => {
      const stream = new OutgoingStream(id)
      stream.priority = priority
      for (let i = 0; i < 3000; i++) {
        stream.append(message(id, 1000))
      }
      scheduler.add(stream)
      return stream
    })
    const served = [0, 0, 0, 0]
    for (let i = 0; i < 1500; i++) {
      const stream = scheduler.first()
      assert.ok(stream)
      served[stream.id]++
      stream.removeHead()
      scheduler.served(stream)
    }
    assert.equal(streams.length, scheduler.size)
    assert.deepEqual(
      served.map((count) => Math.round(count / 100)),
      [1, 2, 4, 8]
    )
  })

  it('let a high message overtake megabytes of low ones', () => {
    const pair = Pair.connected({ conditions: { rate: 1000, queueLimit: 50_000 } })
    pair.a.association.setPriority(1, 256)
    pair.a.association.setPriority(2, 1024)
    for (let i = 0; i < 100; i++) {
      pair.send(pair.a, 1, new Uint8Array(65_536))
    }
    pair.run(500)
    const before = pair.b.messages.length
    pair.send(pair.a, 2, 'urgent')
    pair.runUntil(() => pair.b.messages.some(({ streamId }) => streamId === 2))
    assert.ok(pair.b.messages.length - before <= 3, `${pair.b.messages.length - before} came before`)
  })
})

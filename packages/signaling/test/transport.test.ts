import assert from 'node:assert/strict'
import fc from 'fast-check'
import { open } from '../src/handshake/cipher-state.ts'
import { decodePacket } from '../src/transport/packet.ts'
import { ReplayWindow, WINDOW } from '../src/transport/replay-window.ts'
import {
  Transport,
  type OutgoingPacket,
  type TransportEvent,
  type TransportInit
} from '../src/transport/transport.ts'
import { createRandom } from './support/random.ts'

const KEY_A = new Uint8Array(32).fill(1)
const KEY_B = new Uint8Array(32).fill(2)
const SESSION = new Uint8Array(16).fill(3)
const ACK_DELAY_MS = 25

const message = (index: number) => new TextEncoder().encode(`message ${index}`)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function pair(options: Partial<TransportInit> = {}): [Transport, Transport] {
  return [
    new Transport({ sendKey: KEY_A, receiveKey: KEY_B, session: SESSION, ...options }),
    new Transport({ sendKey: KEY_B, receiveKey: KEY_A, session: SESSION, ...options })
  ]
}

interface Weather {
  seed: number
  loss: number
  duplication: number
  maxDelayMs: number
}

/** One side with all it did: what it sent under each number, and what it delivered. */
class Side {
  readonly transport: Transport
  readonly sealed = new Map<number, string>()
  readonly delivered: string[] = []
  readonly others: TransportEvent['type'][] = []
  readonly #unacked = new Set<number>()

  constructor(transport: Transport) {
    this.transport = transport
  }

  /** Checks what must hold of every packet that goes out. */
  sent({ number, body, reliable }: OutgoingPacket): void {
    const bytes = Buffer.from(body).toString('hex')
    assert.equal(this.sealed.get(number) ?? bytes, bytes, `number ${number} seals two packets`)
    this.sealed.set(number, bytes)
    if (reliable) {
      this.#unacked.add(number)
    }
    assert.ok(number - Math.min(number, ...this.#unacked) < WINDOW / 2, 'beyond half the replay window')
  }

  collect(): void {
    for (let event = this.transport.pollEvent(); event !== undefined; event = this.transport.pollEvent()) {
      if (event.type === 'message') {
        this.delivered.push(text(event.message))
      } else if (event.type === 'acked') {
        this.#unacked.delete(event.number)
      } else {
        this.others.push(event.type)
      }
    }
  }
}

/** Runs both sides over bad weather until nothing is left to do, or time is up. */
function run(
  sides: readonly [Side, Side],
  weather: Weather,
  endMs: number,
  script: (now: number) => void
): void {
  const random = createRandom(weather.seed)
  const inFlight: { at: number; to: Side; number: number; body: Uint8Array }[] = []
  for (let now = 0; now <= endMs; now += 5) {
    script(now)
    const arriving = inFlight.filter(({ at }) => at <= now)
    for (const packet of arriving) {
      inFlight.splice(inFlight.indexOf(packet), 1)
      packet.to.transport.handleInput(packet.number, packet.body, now, ACK_DELAY_MS)
    }
    for (const [index, side] of sides.entries()) {
      side.transport.handleTimeout(now)
      side.collect()
      for (
        let out = side.transport.pollOutput(now);
        out !== undefined;
        out = side.transport.pollOutput(now)
      ) {
        side.sent(out)
        side.transport.retransmitAt(out.number, now + 60 * 2 ** Math.min(out.attempt, 4))
        const copies = random() < weather.loss ? 0 : random() < weather.duplication ? 3 : 1
        for (let copy = 0; copy < copies; copy++) {
          const at = now + random() * weather.maxDelayMs
          inFlight.push({ at, to: sides[1 - index], number: out.number, body: out.body })
        }
      }
    }
  }
}

describe('the transport', () => {
  it('delivers each message once and in order under any loss, duplication and reordering', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(),
          loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
          duplication: fc.double({ min: 0, max: 1, noNaN: true }),
          maxDelayMs: fc.integer({ min: 1, max: 300 })
        }),
        fc.integer({ min: 0, max: 150 }),
        fc.integer({ min: 0, max: 150 }),
        (weather, fromA, fromB) => {
          const [a, b] = pair().map((transport) => new Side(transport))
          let sentA = 0
          let sentB = 0
          run([a, b], weather, 25_000, () => {
            if (sentA < fromA && a.transport.send(message(sentA))) sentA++
            if (sentB < fromB && b.transport.send(message(sentB))) sentB++
          })
          assert.deepEqual(
            b.delivered,
            Array.from({ length: fromA }, (_, index) => `message ${index}`)
          )
          assert.deepEqual(
            a.delivered,
            Array.from({ length: fromB }, (_, index) => `message ${index}`)
          )
          assert.ok(a.transport.isFlushed && b.transport.isFlushed)
          assert.deepEqual([...a.others, ...b.others], [])
        }
      ),
      { numRuns: 40 }
    )
  })

  it('delivers what was said before a close, then the close, once', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 100 }), (seed, count) => {
        const [a, b] = pair().map((transport) => new Side(transport))
        for (let index = 0; index < count; index++) {
          a.transport.send(message(index))
        }
        a.transport.close()
        assert.equal(a.transport.send(message(0)), false)
        run([a, b], { seed, loss: 0.3, duplication: 0.3, maxDelayMs: 100 }, 20_000, () => undefined)
        assert.equal(b.delivered.length, count)
        assert.deepEqual(b.others, ['close'])
      }),
      { numRuns: 20 }
    )
  })

  it('lets a relay that repeats everything use up no packet numbers', () => {
    const [a, b] = pair().map((transport) => new Side(transport))
    a.transport.send(message(0))
    const data = a.transport.pollOutput(0)!
    for (let now = 0; now < 10_000; now += 50) {
      b.transport.handleInput(data.number, data.body, now, 0)
      const ack = b.transport.pollOutput(now)!
      b.sent(ack)
      for (let copy = 0; copy < 3; copy++) {
        a.transport.handleInput(ack.number, ack.body, now, 0)
      }
      assert.equal(a.transport.pollOutput(now), undefined, 'an ack is not acked')
    }
    assert.equal(b.sealed.size, 1)
  })

  it('lets a relay that goes on repeating both sides at each other use up none either', () => {
    const [a, b] = pair().map((transport) => new Side(transport))
    a.transport.send(message(0))
    b.transport.send(message(1))
    const [fromA, fromB] = [a, b].map(({ transport }) => transport.pollOutput(0)!)
    for (let now = 0; now < 10_000; now += 50) {
      for (const [side, other, data] of [
        [a, b, fromB],
        [b, a, fromA]
      ] as const) {
        side.transport.handleInput(data.number, data.body, now, 0)
        const ack = side.transport.pollOutput(now)!
        side.sent(ack)
        other.transport.handleInput(ack.number, ack.body, now, 0)
      }
    }
    assert.deepEqual([a.sealed.size, b.sealed.size], [1, 1], 'one bare ack each')
  })

  it('packs what is queued into few packets, none larger than an envelope takes', () => {
    const [a, b] = pair().map((transport) => new Side(transport))
    for (let index = 0; index < 100; index++) {
      assert.ok(a.transport.send(new Uint8Array(600)))
    }
    let packets = 0
    for (let out = a.transport.pollOutput(0); out !== undefined; out = a.transport.pollOutput(0)) {
      packets++
      assert.ok(out.body.length <= 16_200)
      b.transport.handleInput(out.number, out.body, 0, ACK_DELAY_MS)
    }
    b.collect()
    assert.equal(b.delivered.length, 100)
    assert.ok(packets <= 5)
  })

  it('keeps its queue within bounds', () => {
    const [a] = pair({ maxQueuedMessages: 3, maxQueuedBytes: 100 })
    assert.deepEqual(
      [50, 40, 20, 10, 0].map((length) => a.send(new Uint8Array(length))),
      [true, true, false, true, false]
    )
  })

  it('takes nothing that was altered in number, session or body', () => {
    const [a, b] = pair()
    a.send(message(1))
    const { number, body } = a.pollOutput(0)!
    for (let position = 0; position < body.length; position++) {
      const altered = body.slice()
      altered[position] ^= 1
      assert.equal(b.handleInput(number, altered, 0, 0), 'forged')
    }
    assert.equal(b.handleInput(number + 1, body, 0, 0), 'forged')
    const elsewhere = new Transport({ sendKey: KEY_B, receiveKey: KEY_A, session: new Uint8Array(16) })
    assert.equal(elsewhere.handleInput(number, body, 0, 0), 'forged')
    assert.equal(b.pollEvent(), undefined)
    assert.equal(b.handleInput(number, body, 0, 0), 'taken')
    assert.equal(b.handleInput(number, body, 0, 0), 'repeated')
    assert.equal(b.pollEvent()?.type, 'message')
  })

  it('gives up when a packet stays unacked', () => {
    const [a] = pair({ giveUpMs: 1000 })
    a.send(message(0))
    assert.ok(a.pollOutput(0))
    a.handleTimeout(999)
    assert.equal(a.pollEvent(), undefined)
    assert.equal(a.pollTimeout(), 1000)
    a.handleTimeout(1000)
    assert.deepEqual(a.pollEvent(), { type: 'unreachable' })
    assert.equal(a.pollTimeout(), undefined)
  })

  it('asks for a new handshake before its packet numbers end, and never seals past the end', () => {
    const [a, b] = pair({ maxPackets: 64 }).map((transport) => new Side(transport))
    let sent = 0
    run([a, b], { seed: 1, loss: 0, duplication: 0, maxDelayMs: 1 }, 5000, (now) => {
      if (now % 40 === 0 && a.transport.send(message(sent))) sent++
    })
    assert.equal(a.sealed.size, 64)
    assert.equal(b.delivered.length, 64)
    assert.deepEqual(a.others, ['expiring', 'unreachable'])
  })

  it('says so as soon as something waits for which no packet number is left, whatever else happens', () => {
    const [a] = pair({ maxPackets: 16 })
    for (let index = 0; index < 16; index++) {
      a.send(message(index))
      a.retransmitAt(a.pollOutput(0)!.number, 1_000)
    }
    assert.equal(a.pollTimeout(), 1_000)
    a.send(message(16))
    assert.equal(a.pollOutput(0), undefined)
    assert.ok(a.pollTimeout()! <= 0, 'it must be called at once')
    a.handleTimeout(0)
    const events = Array.from({ length: 3 }, () => a.pollEvent()?.type)
    assert.deepEqual(events, ['expiring', 'unreachable', undefined])
    assert.equal(a.pollTimeout(), undefined)
  })

  it('tells acks and the loss of any packet apart', () => {
    const [a, b] = pair({ maxInFlight: 64 })
    const packets: OutgoingPacket[] = []
    for (let index = 0; index < 40; index++) {
      a.send(message(index))
      packets.push(a.pollOutput(0)!)
    }
    for (const { number, body } of packets.filter(({ number }) => number % 3 !== 1)) {
      b.handleInput(number, body, 0, 0)
    }
    const ack = b.pollOutput(0)!
    const packet = decodePacket(open(KEY_B, ack.number, SESSION, ack.body)!)!
    assert.equal(packet.received, 40)
    a.handleInput(ack.number, ack.body, 0, 0)
    const acked: number[] = []
    for (let event = a.pollEvent(); event !== undefined; event = a.pollEvent()) {
      if (event.type === 'acked') acked.push(event.number)
    }
    assert.deepEqual(
      acked,
      packets.map(({ number }) => number).filter((number) => number % 3 !== 1)
    )
  })
})

describe('the replay window', () => {
  it('knows of each number whether it has come, as a set does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 300 }), (numbers) => {
        const window = new ReplayWindow()
        const come = new Set<number>()
        for (const number of numbers) {
          const highest = Math.max(-1, ...come)
          const expected = number <= highest - WINDOW ? 'old' : come.has(number) ? 'duplicate' : 'new'
          assert.equal(window.check(number), expected)
          if (expected === 'new') {
            window.add(number)
            come.add(number)
          }
        }
      })
    )
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { resolveChannelOptions, type ChannelOptions } from '../src/channels/channel-options.ts'
import { ChannelReceiver, type ReceiverListener } from '../src/channels/channel-receiver.ts'
import { decodeChannelFrame, encodeChannelFrame } from '../src/channels/frame.ts'
import { MessageQueue } from '../src/channels/message-queue.ts'
import { Outbox, type OutgoingMessage } from '../src/channels/outbox.ts'
import { Reassembler, type IncomingMessage } from '../src/channels/reassembler.ts'
import { ReceiveBudget } from '../src/channels/receive-budget.ts'
import { SendScheduler, type SendSource } from '../src/channels/send-scheduler.ts'
import { FRAME_COST_BYTES, INITIAL_CREDIT_BYTES } from '../src/constants.ts'
import { record } from './support/record.ts'

function outgoing(
  body: Uint8Array,
  header: OutgoingMessage['header'] = { kind: 'message' }
): OutgoingMessage {
  return { header, body, empty: false, onSent: () => {}, onFailed: () => {} }
}

describe('Outbox and ChannelReceiver', () => {
  const body = fc.uint8Array({ maxLength: 400 })
  const message = record({
    body,
    header: fc.oneof(
      fc.constant({ kind: 'message' as const }),
      record({ kind: fc.constant('message' as const), mark: fc.nat() }),
      record({ kind: fc.constant('request' as const), id: fc.nat(9), type: fc.string({ maxLength: 5 }) }),
      record({ kind: fc.constant('response' as const), id: fc.nat(9) })
    )
  })

  it('split and join messages of any size; each lane keeps its order', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 20 }),
        fc.integer({ min: 40, max: 300 }),
        (messages, frameBytes) => {
          const outbox = new Outbox(true)
          outbox.setFrameBytes(frameBytes)
          outbox.setCredit(Number.MAX_SAFE_INTEGER)
          const received: IncomingMessage[] = []
          const receiver = makeReceiver({}, received)
          for (const { header, body: content } of messages) outbox.enqueue(outgoing(content, header))
          let frames = 0
          for (let frame = outbox.nextFrame(); frame !== undefined; frame = outbox.nextFrame()) {
            assert.ok(frame.length <= frameBytes)
            receiver.handleInput(frame)
            frames++
          }
          assert.equal(outbox.isEmpty, true)
          assert.equal(outbox.queuedBytes, 0)
          assert.equal(outbox.framesSent, frames)
          const replies = (list: readonly { header: OutgoingMessage['header'] }[]): unknown[] =>
            list.filter(({ header }) => header.kind === 'response')
          const others = (list: readonly { header: OutgoingMessage['header'] }[]): unknown[] =>
            list.filter(({ header }) => header.kind !== 'response')
          const strip = received.map(({ header, body: content }) => ({
            body: new Uint8Array(content),
            header
          }))
          assert.deepEqual(replies(strip), replies(messages))
          assert.deepEqual(others(strip), others(messages))
        }
      )
    )
  })

  it('takes arbitrary bytes: never throws, holds no more than one message a lane', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 40 }), (inputs) => {
        const receiver = makeReceiver({ maxMessageSize: 1_000 }, [])
        for (const input of inputs) receiver.handleInput(input)
      })
    )
  })

  it('waits for credit with messages, and lets replies overtake them', () => {
    const outbox = new Outbox(true)
    const size = 60_000
    for (let index = 0; index < 6; index++) outbox.enqueue(outgoing(new Uint8Array(size)))
    let sent = 0
    while (outbox.nextFrame() !== undefined) sent++
    assert.equal(sent, Math.floor(INITIAL_CREDIT_BYTES / (size + 1 + FRAME_COST_BYTES)))
    outbox.enqueue(outgoing(new Uint8Array(10), { kind: 'response', id: 1 }))
    const reply = decodeChannelFrame(outbox.nextFrame() ?? new Uint8Array(0))
    assert.equal(reply?.type === 'begin' && reply.header.kind, 'response')
    assert.equal(outbox.isReady, false)
    outbox.setCredit(INITIAL_CREDIT_BYTES + size + 100)
    assert.equal(outbox.isReady, true)
  })

  it('does not begin a split message before the receiver has told its limits', () => {
    const outbox = new Outbox(true)
    outbox.enqueue(outgoing(new Uint8Array(100_000)))
    assert.equal(outbox.isReady, false)
    outbox.setCredit(INITIAL_CREDIT_BYTES)
    assert.equal(outbox.isReady, true)
  })

  it('ignores credit that an older frame takes back', () => {
    const outbox = new Outbox(true)
    outbox.setCredit(INITIAL_CREDIT_BYTES * 4)
    outbox.setCredit(INITIAL_CREDIT_BYTES)
    for (let index = 0; index < 10; index++) outbox.enqueue(outgoing(new Uint8Array(60_000)))
    let sent = 0
    while (outbox.nextFrame() !== undefined) sent++
    assert.equal(sent, 10)
  })

  it('takes messages back; of one in the middle the peer is told first', () => {
    const outbox = new Outbox(true)
    outbox.setCredit(10 * INITIAL_CREDIT_BYTES)
    const received: IncomingMessage[] = []
    const receiver = makeReceiver({}, received)
    const messages = [10, 200_000, 5, 7].map((size) => outgoing(new Uint8Array(size)))
    for (const message of messages) outbox.enqueue(message)
    const pass = (): void => receiver.handleInput(outbox.nextFrame() ?? assert.fail('no frame'))
    pass()
    pass()
    for (const message of messages.slice(0, 3)) outbox.remove(message)
    while (outbox.isReady) pass()
    assert.deepEqual(
      received.map(({ body }) => body.length),
      [10, 7]
    )
    assert.equal(outbox.queuedBytes, 0)
    assert.equal(outbox.isEmpty, true)
  })
})

describe('ChannelReceiver', () => {
  it('lets replies go that nobody waits for, whole or in parts, and goes on with the next', () => {
    const received: IncomingMessage[] = []
    const problems: string[] = []
    const receiver = makeReceiver({}, received, {
      isAwaited: (id) => id === 7,
      violation: (problem) => problems.push(problem)
    })
    const begin = (id: number, total: number, length: number): Uint8Array =>
      encodeChannelFrame({
        type: 'begin',
        header: { kind: 'response', id },
        empty: false,
        total,
        end: length === total,
        body: new Uint8Array(length)
      })
    const more = (length: number, end: boolean): Uint8Array =>
      encodeChannelFrame({ type: 'continue', lane: 'replies', end, body: new Uint8Array(length) })
    const frames = [
      ...[begin(1, 4, 4), begin(2, 100, 40), more(30, false), more(30, true)],
      ...[begin(7, 100, 40), more(60, true)],
      ...[begin(3, 100, 40), more(70, true)]
    ]
    for (const frame of frames) receiver.handleInput(frame)
    assert.deepEqual(
      received.map(({ header, body }) => [header, body.length]),
      [[{ kind: 'response', id: 7 }, 100]]
    )
    assert.deepEqual(problems, ['the fragments do not add up to the length announced'])
  })
})

function makeReceiver(
  options: ChannelOptions,
  received: IncomingMessage[],
  listener: Partial<ReceiverListener> = {}
): ChannelReceiver {
  return new ChannelReceiver(
    resolveChannelOptions('x', options),
    {
      deliver: (message) => received.push(message),
      cancel: () => {},
      credit: () => {},
      violation: () => {},
      unreadMessages: () => 0,
      isAwaited: () => true,
      refuse: () => {},
      onRoom: () => {},
      ...listener
    },
    new ReceiveBudget()
  )
}

describe('Reassembler', () => {
  const begin = (total: number, length: number, end = false): Parameters<Reassembler['push']>[0] => ({
    type: 'begin',
    header: { kind: 'message' },
    empty: false,
    total,
    end,
    body: new Uint8Array(length)
  })
  const more = (length: number, end = false): Parameters<Reassembler['push']>[0] => ({
    type: 'continue',
    lane: 'messages',
    end,
    body: new Uint8Array(length)
  })

  const violations: [what: string, frames: Parameters<Reassembler['push']>[0][]][] = [
    ['a fragment without a beginning', [more(1)]],
    ['a beginning inside a message', [begin(10, 5), begin(1, 1, true)]],
    ['more than the limit', [begin(101, 10)]],
    ['more than announced', [begin(10, 5), more(6)]],
    ['an end too early', [begin(10, 5), more(4, true)]],
    ['no end where it belongs', [begin(10, 5), more(5)]],
    ['a first fragment that is all of it', [begin(10, 10)]],
    ['an empty fragment', [begin(10, 5), more(0)]]
  ]
  it('keeps nothing of what is not wanted, and counts what each fragment costs of what is', () => {
    for (const isWanted of [false, true]) {
      const reassembler = new Reassembler(100)
      const costs = [begin(100, 10), more(1), more(1), more(88, true)].map((frame) => {
        reassembler.push(frame, isWanted)
        return reassembler.bufferedCost
      })
      assert.deepEqual(
        costs,
        isWanted
          ? [10 + FRAME_COST_BYTES, 11 + 2 * FRAME_COST_BYTES, 12 + 3 * FRAME_COST_BYTES, 0]
          : [0, 0, 0, 0]
      )
    }
  })

  for (const [what, frames] of violations) {
    it(`calls ${what} a violation`, () => {
      const reassembler = new Reassembler(100)
      const outcomes = frames.map((frame) => reassembler.push(frame).outcome)
      assert.equal(outcomes.at(-1), 'violation')
    })
  }
})

describe('SendScheduler', () => {
  class Source implements SendSource {
    readonly priority: SendSource['priority']
    readonly lowWatermarkBytes = 1_000
    bufferedBytes = 0
    sent = 0
    queued: number
    constructor(priority: SendSource['priority'], queued = Infinity) {
      this.priority = priority
      this.queued = queued
    }

    get canSend(): boolean {
      return this.queued > 0
    }

    sendFrame(): number {
      this.queued--
      this.sent++
      this.bufferedBytes += 1_000
      return 1_000
    }
  }

  it('shares by weight among busy channels (RFC 8835 §4.1)', () => {
    const scheduler = new SendScheduler(1_500_000)
    const sources = (['very-low', 'low', 'medium', 'high'] as const).map((priority) => new Source(priority))
    for (const source of sources) scheduler.add(source)
    scheduler.pump()
    const [veryLow = 0, low = 0, medium = 0, high = 0] = sources.map(({ sent }) => sent)
    assert.ok(Math.abs(low / veryLow - 2) < 0.1)
    assert.ok(Math.abs(medium / low - 2) < 0.1)
    assert.ok(Math.abs(high / medium - 2) < 0.1)
  })

  it('keeps to the budget, but a channel with nothing buffered may always send', () => {
    const scheduler = new SendScheduler(10_000)
    const bulk = new Source('low')
    scheduler.add(bulk)
    scheduler.pump()
    assert.equal(bulk.sent, 10)
    const chat = new Source('medium', 1)
    scheduler.add(chat)
    scheduler.pump()
    assert.equal(chat.sent, 1)
    assert.equal(bulk.sent, 10)
  })

  it('gives no share back to a channel that was idle', () => {
    const scheduler = new SendScheduler(1_000_000)
    const idle = new Source('medium', 1)
    const busy = new Source('medium', 400)
    scheduler.add(idle)
    scheduler.add(busy)
    scheduler.pump()
    idle.queued = Infinity
    busy.queued = Infinity
    const before = { idle: idle.sent, busy: busy.sent }
    scheduler.pump()
    assert.ok(busy.sent - before.busy > (idle.sent - before.idle) * 0.9)
  })
})

describe('MessageQueue', () => {
  it('gives each message to one reader, in order, and ends after the last', async () => {
    const taken: number[] = []
    const queue = new MessageQueue<number>((value) => taken.push(value))
    const waiting = queue.next()
    for (let value = 0; value < 3_000; value++) queue.push(value)
    queue.end(undefined)
    const received = [await waiting]
    for (let result = await queue.next(); result.done !== true; result = await queue.next())
      received.push(result)
    assert.deepEqual(
      received.map(({ value }) => value),
      Array.from({ length: 3_000 }, (_, index) => index)
    )
    assert.deepEqual(taken.length, 3_000)
  })

  it('gives what is left before the error', async () => {
    const queue = new MessageQueue<number>(() => {})
    queue.push(1)
    queue.end(new Error('lost'))
    assert.deepEqual(await queue.next(), { done: false, value: 1 })
    await assert.rejects(queue.next(), /lost/)
  })
})

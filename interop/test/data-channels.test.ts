import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'mocha'
import { assertArrived } from '../support/assert-arrived.ts'
import { HearsayStack } from '../support/hearsay-stack.ts'
import { OTHER_STACKS } from '../support/other-stacks.ts'
import { Pair } from '../support/pair.ts'
import type { Stack } from '../support/peer-host.ts'
import { digestOf, payloadOf, type ChannelReport, type Plan, type PlannedMessage } from '../support/plan.ts'

/** Around every size at which something changes: empty, one, one packet, several, one SCTP window, 256 KiB. */
const SIZES = [0, 1, 13, 1200, 1201, 16_384, 65_535, 65_536, 262_143, 262_144]

const binary = SIZES.map((size): PlannedMessage => ({ kind: 'binary', size }))
const text = SIZES.map((size): PlannedMessage => ({ kind: 'text', size }))
const mixed = binary.flatMap((message, index) => [message, text[index]])

const plan: Plan = {
  channels: [
    { label: 'bytes', init: {}, messages: binary },
    { label: 'grüße 🦀', init: { protocol: 'x-text/1' }, messages: text },
    { label: 'unordered', init: { ordered: false }, messages: mixed },
    { label: 'agreed', init: { negotiated: true, id: 100 }, messages: mixed },
    { label: 'small', init: {}, messages: Array.from({ length: 500 }, () => ({ kind: 'binary', size: 64 })) },
    { label: 'bounded', init: { maxRetransmits: 20 }, messages: [{ kind: 'text', size: 5 }] },
    {
      label: 'timed',
      // Longer than a test may take: what is late on a busy machine would be dropped, as it should.
      init: { maxPacketLifeTime: 65_000, ordered: false },
      messages: [{ kind: 'text', size: 5 }]
    }
  ]
}

for (const { name, start, tellsProperties, keepsOrder, restartsIce } of OTHER_STACKS) {
  describe(`@hearsay/webrtc with ${name}`, function () {
    this.timeout(60_000)
    const hearsay = new HearsayStack()
    const running = new AsyncDisposableStack()
    let other: Stack
    let pair: Pair

    before(async function () {
      other = running.use(await start(this))
    })

    afterEach(async function () {
      if (this.currentTest?.state === 'failed') console.error(await pair.story())
      await pair[Symbol.asyncDispose]()
    })

    after(async () => {
      await running.disposeAsync()
    })

    const directions: [string, () => Promise<Pair>][] = [
      ['offering', () => Pair.open(hearsay, other)],
      ['answering', () => Pair.open(other, hearsay)]
    ]
    for (const [role, open] of directions) {
      it(`carries every message unharmed on channels of every kind, ${role}`, async () => {
        pair = await open()
        pair.start(plan)
        const { offerer, answerer } = await pair.reports()
        const [ours, theirs] = role === 'offering' ? [offerer, answerer] : [answerer, offerer]
        await assertReceived(ours, true)
        await assertReceived(theirs, keepsOrder)
        assertProperties(ours)
        if (tellsProperties) assertProperties(theirs)
      })

      it(`sees the other side close, ${role}`, async () => {
        pair = await open()
        pair.start({ channels: plan.channels.slice(0, 1) })
        await pair.reports()
        pair.answerer.host.send({ type: 'close' })
        await pair.offerer.next('closed')
      })

      it(`tells the other side that it closes, ${role}`, async () => {
        pair = await open()
        pair.start({ channels: plan.channels.slice(0, 1) })
        await pair.reports()
        pair.offerer.host.send({ type: 'close' })
        await pair.answerer.next('closed')
      })

      if (restartsIce) {
        it(`carries on through an ICE restart, ${role}`, async () => {
          const [channel] = plan.channels
          pair = await open()
          pair.start({ channels: [channel] })
          await pair.reports()
          const [before] = await Promise.all([pair.offerer.next('stable'), pair.answerer.next('stable')])
          pair.offerer.host.send({ type: 'restart-ice' })
          const [after] = await Promise.all([pair.offerer.next('stable'), pair.answerer.next('stable')])
          assert.notEqual(after.localUfrag, before.localUfrag)
          assert.notEqual(after.remoteUfrag, before.remoteUfrag)
          for (const side of [pair.offerer, pair.answerer]) side.host.send({ type: 'exchange' })
          for (const reports of Object.values(await pair.reports())) {
            assert.equal(reports[0].received.length, 2 * channel.messages.length)
            assert.deepEqual(reports[0].received.slice(channel.messages.length), await digestsOf(0))
          }
        })
      }
    }
  })
}

/** What each side has to receive on a channel of the plan. */
function digestsOf(channel: number): Promise<string[]> {
  const { messages } = plan.channels[channel]
  return Promise.all(
    messages.map((message, index) => digestOf(message.kind, payloadOf(channel, index, message)))
  )
}

/** Everything came, once, unchanged, and in order where order was promised and is kept. */
async function assertReceived(channels: readonly ChannelReport[], keepsOrder: boolean): Promise<void> {
  for (const [number, { label, init }] of plan.channels.entries()) {
    const inOrder = init.ordered !== false && keepsOrder
    assertArrived(channels[number].received, await digestsOf(number), { inOrder, label })
  }
}

/** A channel is what the offerer asked for, also on the side that heard of it by DCEP. */
function assertProperties(channels: readonly ChannelReport[]): void {
  for (const [number, { label, init }] of plan.channels.entries()) {
    const { id, ...properties } = channels[number]
    assert.deepEqual(
      { ...properties, received: [] },
      {
        label,
        protocol: init.protocol ?? '',
        ordered: init.ordered ?? true,
        negotiated: init.negotiated ?? false,
        maxRetransmits: init.maxRetransmits ?? null,
        maxPacketLifeTime: init.maxPacketLifeTime ?? null,
        received: []
      }
    )
    assert.ok(id !== null && (init.id === undefined || id === init.id), label)
  }
  assert.equal(new Set(channels.map(({ id }) => id)).size, channels.length)
}

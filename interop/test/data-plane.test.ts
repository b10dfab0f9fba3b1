import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'mocha'
import { assertArrived } from '../support/assert-arrived.ts'
import { HearsayStack } from '../support/hearsay-stack.ts'
import { OTHER_STACKS } from '../support/other-stacks.ts'
import { Pair } from '../support/pair.ts'
import type { Stack } from '../support/peer-host.ts'
import { digestOf, payloadOf, type Plan, type PlannedMessage } from '../support/plan.ts'
import { ProcessStack } from '../support/process-stack.ts'

/** `npm run interop:full` sets it: whole volumes, minutes instead of seconds. */
const FULL = process.env.INTEROP_FULL === '1'
const BULK_BYTES = FULL ? 200_000_000 : 8_000_000
const CHANNELS = FULL ? 1000 : 120
const AT_ONCE = 20
const SIZES = [0, 1, 65_536, 262_144]
const MESSAGE = 65_536

const messages = (count: number, size: number): PlannedMessage[] =>
  Array.from({ length: count }, () => ({ kind: 'binary', size }))

const bulk: Plan = {
  channels: [{ label: 'bulk', init: {}, messages: messages(Math.ceil(BULK_BYTES / MESSAGE), MESSAGE) }]
}

/** What keeps a connection open that a test is about. */
const carrier: Plan = { channels: [{ label: 'carrier', init: {}, messages: messages(1, 1) }] }

const combinations: Plan = {
  channels: [true, false].flatMap((ordered) =>
    [
      { reliability: {}, size: 2000 },
      // Sent once: in one packet, since a timeout between two would give the message up.
      { reliability: { maxRetransmits: 0 }, size: 500 },
      { reliability: { maxRetransmits: 7 }, size: 2000 },
      // Longer than a test may take.
      { reliability: { maxPacketLifeTime: 65_000 }, size: 2000 }
    ].flatMap(({ reliability, size }) =>
      (['very-low', 'low', 'medium', 'high'] as const).map((priority) => {
        const init = { ordered, ...reliability, priority }
        return { label: JSON.stringify(init), init, messages: messages(3, size) }
      })
    )
  )
}

const digests = new Map<string, Promise<readonly string[]>>()

/** What each side has to receive on a channel of a plan, computed once. */
function digestsOf(plan: Plan, channel: number): Promise<readonly string[]> {
  const { label, messages } = plan.channels[channel]
  let lines = digests.get(label)
  if (lines === undefined) {
    lines = Promise.all(
      messages.map((message, index) => digestOf(message.kind, payloadOf(channel, index, message)))
    )
    digests.set(label, lines)
  }
  return lines
}

for (const { name, start, tellsProperties, keepsOrder } of OTHER_STACKS) {
  describe(`the data plane with ${name}`, function () {
    this.timeout(FULL ? 600_000 : 60_000)
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

    for (const role of ['offering', 'answering'] as const) {
      const open = async (plan: Plan): Promise<void> => {
        pair = await (role === 'offering' ? Pair.open(hearsay, other) : Pair.open(other, hearsay))
        pair.start(plan)
      }

      it(`moves ${BULK_BYTES / 1e6} MB each way at once, ${role}`, async () => {
        await open(bulk)
        const expected = await digestsOf(bulk, 0)
        for (const [report] of Object.values(await pair.reports())) {
          assert.deepEqual(report.received, expected)
        }
      })

      it(`carries every combination of order, reliability and priority, ${role}`, async () => {
        await open(combinations)
        const ours = role === 'offering' ? 'offerer' : 'answerer'
        for (const [side, report] of Object.entries(await pair.reports())) {
          for (const [number, { label, init }] of combinations.channels.entries()) {
            const inOrder = init.ordered !== false && (keepsOrder || side === ours)
            const expected = await digestsOf(combinations, number)
            assertArrived(report[number].received, expected, { inOrder, label })
          }
        }
      })

      it(`opens and closes ${CHANNELS} channels from either side, ids used again, ${role}`, async () => {
        await open(carrier)
        await pair.reports()
        for (const side of [pair.offerer, pair.answerer]) {
          side.host.send({ type: 'churn', channels: CHANNELS, atOnce: AT_ONCE })
          const { channels, ids } = await side.next('churned')
          assert.equal(channels, CHANNELS)
          assert.ok(ids < CHANNELS, `${ids} ids`)
        }
      })

      it(`sends messages as long as was negotiated, and refuses one that is longer, ${role}`, async () => {
        await open(carrier)
        await pair.reports()
        const ours = role === 'offering' ? pair.offerer : pair.answerer
        const theirs = role === 'offering' ? pair.answerer : pair.offerer
        for (const side of tellsProperties ? [ours, theirs] : [ours]) {
          side.host.send({ type: 'measure', sizes: SIZES })
          const { maxMessageSize, read, error } = await side.next('measured')
          assert.ok(maxMessageSize >= 262_144)
          const expected = [...SIZES, maxMessageSize].map((size) =>
            digestOf('binary', new Uint8Array(size).fill(size))
          )
          assert.deepEqual(read, await Promise.all(expected))
          assert.equal(error, 'TypeError')
        }
      })
    }

    // It takes a stack up to half a minute to miss its peer (RFC 7675); in the short run one of them will do.
    if (FULL || name === '@roamhq/wrtc') {
      it('notices when the other one is killed, and is missed when it is killed itself', async () => {
        const killable = new ProcessStack('@hearsay/webrtc')
        const deaths = [
          { pair: await Pair.open(killable, other), victim: 'offerer' },
          { pair: await Pair.open(other, killable), victim: 'answerer' },
          { pair: await Pair.open(hearsay, other), victim: 'answerer' },
          { pair: await Pair.open(other, hearsay), victim: 'offerer' }
        ] as const
        pair = deaths[0].pair
        await Promise.all(
          deaths.map(async ({ pair, victim }) => {
            pair.start(carrier)
            await pair.reports()
            const survivor = victim === 'offerer' ? pair.answerer : pair.offerer
            await pair[victim].host[Symbol.asyncDispose]()
            await survivor.next('lost')
            await survivor.host[Symbol.asyncDispose]()
          })
        )
      })
    }
  })
}

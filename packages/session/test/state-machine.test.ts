import assert from 'node:assert/strict'
import fc from 'fast-check'
import { closeReason } from '../src/close-reason.ts'
import type { SessionEvent, SessionEventType, SessionStateName } from '../src/state/session-state.ts'
import { SessionStateMachine } from '../src/state/state-machine.ts'
import { TRANSITIONS } from '../src/state/transition-table.ts'

const EVENT_TYPES: SessionEventType[] = [
  'dial',
  'offer-received',
  'answer-received',
  'answer-sent',
  'hello-verified',
  'suspected',
  'heard-again',
  'close',
  'goodbye',
  'torn-down'
]

const anyEvent: fc.Arbitrary<SessionEvent> = fc
  .constantFrom(...EVENT_TYPES)
  .map((type) =>
    type === 'close' || type === 'goodbye' ? { type, reason: closeReason('normal', '', 'local') } : { type }
  )

describe('SessionStateMachine', () => {
  it('takes any order of events: never throws, follows the table, keeps a consistent bounded history', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 100 }), (events) => {
        const machine = new SessionStateMachine(0, 16, () => {})
        let expected: SessionStateName = 'idle'
        let ignored = 0
        events.forEach((event, index) => {
          const to: SessionStateName | undefined = TRANSITIONS[expected][event.type]
          assert.equal(machine.transition(event, index), to !== undefined)
          if (to === undefined) ignored++
          else expected = to
          assert.equal(machine.state.name, expected)
        })
        assert.equal(machine.ignoredEvents, ignored)
        assert.ok(machine.history.length <= 16)
        machine.history.forEach(({ from, to, event, reason }, index) => {
          assert.equal(TRANSITIONS[from][event], to)
          assert.notEqual(reason, '')
          const next = machine.history[index + 1]
          if (next !== undefined) assert.equal(next.from, to)
        })
        assert.equal(machine.history.at(-1)?.to ?? 'idle', expected)
      })
    )
  })

  it('reaches closed from every state by close and torn-down, and nothing leads out of it', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), fc.array(anyEvent), (before, after) => {
        const machine = new SessionStateMachine(0, 64, () => {})
        for (const event of before) machine.transition(event, 0)
        machine.transition({ type: 'close', reason: closeReason('shutdown') }, 1)
        machine.transition({ type: 'torn-down' }, 2)
        assert.equal(machine.state.name, 'closed')
        for (const event of after) assert.equal(machine.transition(event, 3), false)
      })
    )
  })

  it('keeps the first close reason until the end', () => {
    const machine = new SessionStateMachine(0, 64, () => {})
    machine.transition({ type: 'close', reason: closeReason('shutdown', 'tea') }, 0)
    machine.transition({ type: 'goodbye', reason: closeReason('normal', '', 'remote') }, 0)
    machine.transition({ type: 'torn-down' }, 0)
    assert.deepEqual(machine.state, { name: 'closed', reason: closeReason('shutdown', 'tea') })
  })

  it('tells the listener of each transition once, with the state already changed', () => {
    const seen: string[] = []
    const machine = new SessionStateMachine(0, 64, ({ from, to }, state) => {
      assert.equal(state.name, to)
      seen.push(`${from}>${to}`)
    })
    machine.transition({ type: 'dial' }, 0)
    machine.transition({ type: 'hello-verified' }, 0)
    machine.transition({ type: 'answer-received' }, 0)
    assert.deepEqual(seen, ['idle>signaling', 'signaling>connecting'])
  })

  it('adds up how long it was in each state', () => {
    const machine = new SessionStateMachine(100, 64, () => {})
    machine.transition({ type: 'dial' }, 150)
    machine.transition({ type: 'answer-received' }, 170)
    const durations = machine.durationsMs(200)
    assert.deepEqual([durations.idle, durations.signaling, durations.connecting], [50, 20, 30])
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DEFAULT_LIVENESS } from '../src/constants.ts'
import { Liveness, type LivenessOutput } from '../src/control/liveness.ts'

/** Runs a `Liveness` until `end`, with its timer called `lateMs` late each time. */
function run(liveness: Liveness, start: number, end: number, lateMs = 0): [number, LivenessOutput][] {
  const outputs: [number, LivenessOutput][] = []
  let now = start
  for (;;) {
    const due = liveness.pollTimeout(now)
    if (due === undefined || due > end) return outputs
    now = Math.max(now, due + lateMs)
    liveness.handleTimeout(now)
    for (let output = liveness.pollOutput(); output !== undefined; output = liveness.pollOutput()) {
      outputs.push([now, output])
    }
  }
}

describe('Liveness', () => {
  it('while data moves: pings after 1 s, suspects after 2.5 s, gives up 2.5 s later', () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0)
    const outputs = run(liveness, 0, 60_000)
    assert.deepEqual(outputs.slice(0, 2), [
      [1_000, 'ping'],
      [2_000, 'ping']
    ])
    assert.deepEqual(
      outputs.filter(([, output]) => output !== 'ping'),
      [
        [2_500, 'suspected'],
        [5_000, 'lost']
      ]
    )
  })

  it('while alert: pings after 2 s and suspects after 5 s without data, and no longer after', () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0)
    liveness.handleAlert(true, 0)
    liveness.handleHeard(30_000)
    assert.deepEqual(run(liveness, 30_000, 36_000).slice(0, 3), [
      [32_000, 'ping'],
      [34_000, 'ping'],
      [35_000, 'suspected']
    ])
    liveness.handleHeard(36_000)
    liveness.handleAlert(false, 36_000)
    const [suspected] = run(liveness, 36_000, 100_000).filter(([, output]) => output === 'suspected')
    assert.deepEqual(suspected, [76_000, 'suspected'])
  })

  it('while alert: is not kept from suspecting by what is sent meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 7_000 }), { minLength: 1 }), (pauses) => {
        const liveness = new Liveness(DEFAULT_LIVENESS, 0)
        liveness.handleAlert(true, 0)
        liveness.handleHeard(10_000)
        let now = 10_000
        const outputs: [number, LivenessOutput][] = []
        for (const pause of [...pauses, 10_000]) {
          outputs.push(...run(liveness, now, now + pause))
          now += pause
          liveness.handleData(now)
        }
        const at = outputs.find(([, output]) => output === 'suspected')?.[0] ?? Infinity
        assert.ok(at >= 12_500 && at <= 15_000, String(at))
      })
    )
  })

  it('asks once a beat where two ask each other', () => {
    const sides = [false, true].map((yields) => new Liveness({ ...DEFAULT_LIVENESS, yields }, 0))
    const pings = [0, 0]
    for (let now = 0; now <= 600_000; now += 10) {
      for (const [index, side] of sides.entries()) {
        side.handleTimeout(now)
        for (let output = side.pollOutput(); output !== undefined; output = side.pollOutput()) {
          assert.equal(output, 'ping')
          pings[index]++
          for (const both of sides) both.handleHeard(now)
        }
      }
    }
    assert.deepEqual(pings, [4 + Math.floor((600_000 - 5_000) / 15_000), 0])
  })

  it('when idle: pings every 15 s, suspects after 40 s', () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0)
    liveness.handleHeard(10_000)
    const outputs = run(liveness, 10_000, 100_000)
    assert.deepEqual(
      outputs.filter(([, output]) => output !== 'ping'),
      [
        [50_000, 'suspected'],
        [52_500, 'lost']
      ]
    )
    assert.deepEqual(outputs.slice(0, 2), [
      [25_000, 'ping'],
      [40_000, 'ping']
    ])
  })

  it('counts silence from the moment an idle session wakes', () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0)
    liveness.handleHeard(10_000)
    liveness.handleData(20_000)
    const [, suspected] = run(liveness, 20_000, 100_000).filter(([, output]) => output !== 'ping')
    assert.deepEqual(run(liveness, 20_000, 100_000).concat(suspected === undefined ? [] : [suspected])[0], [
      25_000,
      'lost'
    ])
  })

  it('never suspects a peer that answers every ping', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 50 }), (gaps) => {
        const liveness = new Liveness(DEFAULT_LIVENESS, 0)
        let now = 0
        for (const gap of gaps) {
          const end = now + gap
          for (
            let due = liveness.pollTimeout(now);
            due !== undefined && due <= end;
            due = liveness.pollTimeout(now)
          ) {
            now = due
            liveness.handleTimeout(now)
            for (let output = liveness.pollOutput(); output !== undefined; output = liveness.pollOutput()) {
              assert.equal(output, 'ping')
              liveness.handleHeard(now)
            }
          }
          now = end
          liveness.handleData(now)
        }
      })
    )
  })

  it('does not take its own standstill for silence of the peer', () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0)
    liveness.pollTimeout(0)
    liveness.handleTimeout(8_000)
    assert.notEqual(liveness.pollOutput(), 'suspected')
    liveness.handleHeard(8_010)
    assert.equal(run(liveness, 8_010, 9_500).filter(([, output]) => output !== 'ping').length, 0)
  })
})

/**
 * `npm run fuzz -- [TARGET…] [--seconds N] [--seed N]`: feeds mutated inputs to every target, or to those whose names
 * begin as given, until it is interrupted or its time is over. Saves inputs that fail, and then exits with 1.
 */
import { randomInt } from 'node:crypto'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { saveFailure } from './failure-store.ts'
import { Fuzzer } from './fuzzer.ts'
import { TARGETS } from './targets/index.ts'

/** How long a target has its turn, in milliseconds. */
const TURN_MS = 500

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string' }, seed: { type: 'string' } }
})
const seed = count('seed', values.seed) ?? randomInt(2 ** 31)
const endsAt = Date.now() + (count('seconds', values.seconds) ?? Number.POSITIVE_INFINITY) * 1000
const chosen = TARGETS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((prefix) => name.startsWith(prefix))
)
if (chosen.length === 0) {
  throw new Error(`no target begins like that; there are ${TARGETS.map(({ name }) => name).join(', ')}`)
}

let interrupted = false
process.once('SIGINT', () => {
  interrupted = true
})
console.log(`seed ${String(seed)}; interrupt with ctrl-c`)
const all = chosen.map((target) => new Fuzzer(target, seed))
const running = new Set(all)
while (running.size > 0 && !interrupted && Date.now() < endsAt) {
  for (const fuzzer of running) {
    if (!(await takeTurn(fuzzer))) running.delete(fuzzer)
    if (interrupted || Date.now() >= endsAt) break
    // Signals are heard between two turns only.
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
for (const { target, inputs, shapes } of all) {
  console.log(`${target.name}: ${String(inputs)} inputs led to ${String(shapes)} different things`)
}
if (running.size < all.length) process.exitCode = 1

/** @returns false where it has failed */
async function takeTurn(fuzzer: Fuzzer): Promise<boolean> {
  const turnEndsAt = Math.min(endsAt, Date.now() + TURN_MS)
  while (Date.now() < turnEndsAt) {
    const failure = await fuzzer.step()
    if (failure === undefined) continue
    const file = relative(process.cwd(), saveFailure(fuzzer.target.name, failure.input))
    console.error(
      `${fuzzer.target.name} failed with seed ${String(seed)}; the input is in ${file}`,
      failure.error
    )
    return false
  }
  return true
}

function count(option: string, text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : Number(text)
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value
  throw new Error(`--${option} must be a whole number, not '${String(text)}'`)
}

import { parseArgs } from 'node:util'
import { contenders } from './stacks/stack.ts'
import type { ContenderName } from './stacks/stack.ts'

/** What the command line asks for. */
export interface Arguments {
  readonly name: string
  readonly json: string | undefined
  readonly quick: boolean
  readonly contenders: readonly ContenderName[]
  readonly rounds: number | undefined
  readonly only: string | undefined
}

/**
 * Reads the command line; `undefined` where it asks for help.
 *
 * @throws {TypeError} with a message for a person, if it cannot be used
 */
export function parseArguments(args: readonly string[], names: readonly string[]): Arguments | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      contenders: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (values.help) return undefined
  const [name] = positionals
  if (positionals.length !== 1 || !names.includes(name)) {
    throw new TypeError(`Name one benchmark of ${names.join(', ')}`)
  }
  return {
    name,
    json: values.json,
    quick: values.quick,
    contenders: values.contenders === undefined ? contenders : values.contenders.split(',').map(toContender),
    rounds: values.rounds === undefined ? undefined : toRounds(values.rounds),
    only: values.only
  }
}

function toContender(name: string): ContenderName {
  const contender = contenders.find((known) => known === name)
  if (contender === undefined) {
    throw new TypeError(`No contender is called "${name}"; there are ${contenders.join(', ')}`)
  }
  return contender
}

function toRounds(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new TypeError(`--rounds takes a whole number from 1; got "${text}"`)
  }
  return rounds
}

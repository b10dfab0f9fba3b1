import type { SeededRandom } from '@hearsay/testing'

/** Bytes at which lengths, varints, signs and flags turn over. */
const TURNING_POINTS = [0x00, 0x01, 0x0f, 0x10, 0x20, 0x40, 0x7f, 0x80, 0xfe, 0xff]

type Mutation = (input: Uint8Array, random: SeededRandom, other: Uint8Array) => Uint8Array

const MUTATIONS: readonly Mutation[] = [
  // One bit.
  (input, random) => edit(input, random, (byte) => byte ^ (1 << random.integer(0, 7))),
  // One byte, to where something turns over.
  (input, random) => edit(input, random, () => random.pick(TURNING_POINTS)),
  // A little more or less.
  (input, random) => edit(input, random, (byte) => byte + random.integer(-4, 4)),
  // Some bytes more.
  (input, random) => splice(input, random, 0, random.bytes(random.integer(1, 8))),
  // A long varint, or one without an end.
  (input, random) => splice(input, random, 0, new Uint8Array(random.integer(1, 11)).fill(0xff)),
  // Some bytes fewer.
  (input, random) => splice(input, random, random.integer(1, 8), new Uint8Array(0)),
  // The beginning alone.
  (input, random) => input.slice(0, random.integer(0, input.length)),
  // A part again.
  (input, random) => splice(input, random, 0, part(input, random)),
  // A part of another.
  (input, random, other) => splice(input, random, random.integer(0, 16), part(other, random)),
  // One after the other.
  (input, _random, other) => Uint8Array.from([...input, ...other]),
  // Something else altogether.
  (_input, random) => random.bytes(random.integer(0, 64))
]

/** An input with one to a few mutations, of at most `maxBytes`. */
export function mutate(
  input: Uint8Array,
  random: SeededRandom,
  other: Uint8Array,
  maxBytes: number
): Uint8Array {
  let result = input
  for (let left = random.integer(1, random.pick([1, 2, 4, 8])); left > 0; left--) {
    result = random.pick(MUTATIONS)(result, random, other)
  }
  return result.slice(0, maxBytes)
}

function edit(input: Uint8Array, random: SeededRandom, change: (byte: number) => number): Uint8Array {
  const output = input.slice()
  const index = random.integer(0, Math.max(0, input.length - 1))
  if (index < output.length) output[index] = change(output[index])
  return output
}

function splice(input: Uint8Array, random: SeededRandom, remove: number, insert: Uint8Array): Uint8Array {
  const at = random.integer(0, input.length)
  return Uint8Array.from([...input.subarray(0, at), ...insert, ...input.subarray(at + remove)])
}

function part(input: Uint8Array, random: SeededRandom): Uint8Array {
  const start = random.integer(0, input.length)
  return input.subarray(start, start + random.integer(0, 64))
}

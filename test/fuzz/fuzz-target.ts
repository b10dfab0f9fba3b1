import assert from 'node:assert/strict'

/** Something that takes bytes from strangers, and what must hold whatever they are. */
export interface FuzzTarget {
  /** `package/decoder`: what `npm run fuzz` is given. */
  readonly name: string
  /** Good inputs, one of each kind that is known there: mutations start from them. */
  readonly corpus: readonly Uint8Array[]
  /** Inputs are no longer, in bytes. @default 4096 */
  readonly maxBytes?: number
  /**
   * Feeds one input. Throws where something does not hold.
   *
   * @returns what came of it, undefined where it was refused. Inputs of which something of a new shape came are kept
   *   and mutated further. May be a promise.
   */
  run(input: Uint8Array): unknown
}

export interface DecoderTarget<Value> {
  readonly name: string
  readonly maxBytes?: number
  readonly decode: (bytes: Uint8Array) => Value | undefined
  readonly encode: (value: Value) => Uint8Array
  readonly values: readonly Value[]
}

/** A decoder that neither throws, nor writes on its input, nor makes much of little, nor takes what it cannot repeat. */
export function decoderTarget<Value>(init: DecoderTarget<Value>): FuzzTarget {
  const { name, maxBytes, decode, encode, values } = init
  return {
    name,
    corpus: values.map(encode),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    run: (input) => {
      const buffer = surrounded(input)
      const value = decode(buffer.subarray(MARGIN, MARGIN + input.length))
      assert.equal(Buffer.compare(buffer, surrounded(input)), 0, 'it has written on its input, or beside it')
      assertModest(value, input.length)
      if (value !== undefined) {
        assert.deepEqual(decode(encode(value)), value, 'what was decoded does not survive another round')
      }
      return value
    }
  }
}

/** Bytes before and behind an input. */
const MARGIN = 8

/** An input in a larger buffer, as it often is: whoever takes its whole `buffer` reads what is not there. */
function surrounded(input: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(MARGIN + input.length + MARGIN).fill(0xa5)
  buffer.set(input, MARGIN)
  return buffer
}

/** What was made of an input must not be much more than the input. */
export function assertModest(value: unknown, inputBytes: number): void {
  const weight = weigh(value)
  assert.ok(
    weight <= 32 * inputBytes + 1024,
    `${String(weight)} bytes were made of ${String(inputBytes)} bytes`
  )
}

/** About how many bytes a value holds on to. */
function weigh(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength + 16
  if (typeof value === 'string') return value.length + 8
  return typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, each) => sum + 8 + weigh(each), 16)
    : 8
}

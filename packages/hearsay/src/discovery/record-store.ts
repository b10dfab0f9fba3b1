import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import type { KeyQuery, Pair, Query } from 'interface-datastore'

/** What strangers may make us keep below one key. */
export interface RecordBound {
  readonly prefix: string
  /** Records kept at most. */
  readonly maxRecords: number
  /** Records kept at most under one parent, such as the providers of one room: a lookup is answered with all. */
  readonly maxPerParent: number
}

/** A larger record is not taken: what stands in its place stays. */
const MAX_RECORD_BYTES = 16 * 1024

/** The keys that one bound holds for, those first that were written or read the longest ago. */
interface Bounded extends RecordBound {
  readonly keys: Set<string>
  readonly byParent: Map<string, Set<string>>
}

/**
 * A datastore in memory for a DHT node: strangers write to it, so what they write is bounded, and the oldest goes
 * first. Looking up what is under one key takes no look at the others.
 */
export class RecordStore extends BaseDatastore {
  readonly #values = new Map<string, Uint8Array>()
  readonly #bounds: readonly Bounded[]

  constructor(bounds: readonly RecordBound[]) {
    super()
    this.#bounds = bounds.map((bound) => ({ ...bound, keys: new Set(), byParent: new Map() }))
  }

  override put(key: Key, value: Uint8Array): Key {
    if (value.length > MAX_RECORD_BYTES) return key
    const name = key.toString()
    this.#forget(name)
    this.#values.set(name, value)
    this.#remember(name)
    return key
  }

  override get(key: Key): Uint8Array {
    const name = key.toString()
    const value = this.#values.get(name)
    // The name of this error is how the users of a datastore know an absent key.
    if (value === undefined) throw new NotFoundError()
    this.#forget(name)
    this.#values.set(name, value)
    this.#remember(name)
    return value
  }

  override has(key: Key): boolean {
    return this.#values.has(key.toString())
  }

  override delete(key: Key): void {
    this.#forget(key.toString())
  }

  override *_all({ prefix }: Query): Generator<Pair> {
    for (const key of this.#keys(prefix)) yield { key: new Key(key), value: this.#values.get(key)! }
  }

  override *_allKeys({ prefix }: KeyQuery): Generator<Key> {
    for (const key of this.#keys(prefix)) yield new Key(key)
  }

  #keys(prefix = ''): string[] {
    const siblings = this.#bounds
      .map(({ byParent }) => byParent.get(prefix))
      .find((keys) => keys !== undefined)
    return [...(siblings ?? this.#values.keys())]
  }

  #remember(key: string): void {
    const bound = this.#boundOf(key)
    if (bound === undefined) return
    const { keys, byParent, maxRecords, maxPerParent } = bound
    const parent = parentOf(key)
    const siblings = byParent.get(parent) ?? new Set()
    byParent.set(parent, siblings)
    siblings.add(key)
    keys.add(key)
    if (siblings.size > maxPerParent) this.#forgetFirst(siblings)
    if (keys.size > maxRecords) this.#forgetFirst(keys)
  }

  #forgetFirst(keys: ReadonlySet<string>): void {
    const [first] = keys
    if (first !== undefined) this.#forget(first)
  }

  #forget(key: string): void {
    this.#values.delete(key)
    const bound = this.#boundOf(key)
    if (bound?.keys.delete(key) !== true) return
    const siblings = bound.byParent.get(parentOf(key))
    siblings?.delete(key)
    if (siblings?.size === 0) bound.byParent.delete(parentOf(key))
  }

  #boundOf(key: string): Bounded | undefined {
    return this.#bounds.find(({ prefix }) => key.startsWith(`${prefix}/`))
  }
}

function parentOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/'))
}

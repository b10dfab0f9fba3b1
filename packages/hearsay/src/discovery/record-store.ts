import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import type { KeyQuery, Pair, Query } from 'interface-datastore'

export interface RecordStoreOptions {
  /** What the bounds hold for: keys below this one. */
  readonly prefix: string
  /** Records kept at most, about 200 bytes each. @default 65_536 */
  readonly maxRecords?: number
  /** Records kept under one key, such as the providers of one room; a lookup is answered with all. @default 64 */
  readonly maxPerKey?: number
}

/**
 * A datastore in memory for a DHT node: strangers write to it, so what they write is bounded, and the oldest goes
 * first. Looking up what is under one key takes no look at the others.
 */
export class RecordStore extends BaseDatastore {
  readonly #prefix: string
  readonly #maxRecords: number
  readonly #maxPerKey: number
  readonly #values = new Map<string, Uint8Array>()
  /** The bounded keys, the oldest first. */
  readonly #records = new Set<string>()
  /** The same by parent. */
  readonly #byParent = new Map<string, Set<string>>()

  constructor({ prefix, maxRecords = 65_536, maxPerKey = 64 }: RecordStoreOptions) {
    super()
    this.#prefix = `${prefix}/`
    this.#maxRecords = maxRecords
    this.#maxPerKey = maxPerKey
  }

  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString()
    this.#forget(name)
    this.#values.set(name, value)
    if (name.startsWith(this.#prefix)) this.#remember(name)
    return key
  }

  override get(key: Key): Uint8Array {
    const value = this.#values.get(key.toString())
    // The name of this error is how the users of a datastore know an absent key.
    if (value === undefined) throw new NotFoundError()
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

  #keys(prefix: string | undefined): string[] {
    return [...(this.#byParent.get(prefix ?? '') ?? this.#values.keys())]
  }

  #remember(key: string): void {
    const parent = parentOf(key)
    const siblings = this.#byParent.get(parent) ?? new Set()
    this.#byParent.set(parent, siblings)
    siblings.add(key)
    this.#records.add(key)
    if (siblings.size > this.#maxPerKey) this.#forgetFirst(siblings)
    if (this.#records.size > this.#maxRecords) this.#forgetFirst(this.#records)
  }

  #forgetFirst(keys: ReadonlySet<string>): void {
    const [first] = keys
    if (first !== undefined) this.#forget(first)
  }

  #forget(key: string): void {
    this.#values.delete(key)
    if (!this.#records.delete(key)) return
    const parent = parentOf(key)
    const siblings = this.#byParent.get(parent)
    siblings?.delete(key)
    if (siblings?.size === 0) this.#byParent.delete(parent)
  }
}

function parentOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/'))
}

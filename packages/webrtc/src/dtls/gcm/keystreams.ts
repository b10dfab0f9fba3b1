import { createCipheriv, type Cipheriv } from 'node:crypto'
import type { TrafficKeys } from '../key-schedule.ts'
import { BATCH, BLOCK_LENGTH, type GcmModule, type Station } from './gcm-module.ts'

const ZERO_BLOCK = new Uint8Array(BLOCK_LENGTH)

let owners = 0

/**
 * The keystreams of one direction of a connection. Nonces come one after the other, so they are made in batches, ahead
 * of their use: one call into AES for many records, and none to set a key up. Batches grow while they are used up, so
 * that a quiet connection makes little for nothing.
 */
export class Keystreams {
  readonly #gcm: GcmModule
  readonly #key: Uint8Array
  /** The four bytes of the nonce that come from the key block. */
  readonly #iv: number
  readonly #owner = ++owners
  #aes: Cipheriv | undefined
  #station: Station | undefined
  /** First nonce of the batch; the two halves of its eight explicit bytes. */
  #high = 0
  #low = 0
  #count = 0
  /** Blocks a record. */
  #blocks = 0
  #longest = 0
  #nextCount = 1

  constructor(gcm: GcmModule, { key, iv }: TrafficKeys) {
    this.#gcm = gcm
    this.#key = key
    this.#iv = Buffer.from(iv).readInt32BE()
  }

  /** Where the table of H is; after `find()`. */
  get table(): number {
    return this.#station?.table ?? 0
  }

  /** Where the keystream of a nonce is, `blocks` blocks of it; until the next call for any connection. */
  find(high: number, low: number, blocks: number): number {
    const { keystream } = this.#takeStation()
    if (blocks > this.#longest) this.#longest = blocks
    if (high === this.#high) {
      const index = low - this.#low
      if (index >= 0 && index < this.#count && blocks <= this.#blocks) {
        return keystream + index * this.#blocks * BLOCK_LENGTH
      }
      if (index === this.#count) {
        this.#beginBatch(low, keystream)
        return keystream
      }
    }
    const { single } = this.#gcm
    this.#make(high, low, 1, blocks, single)
    return single
  }

  /** The nonce belongs to an authentic record: where it lies ahead of the batch, the next one begins behind it. */
  note(high: number, low: number): void {
    if (high === this.#high && low < this.#low + this.#count) return
    this.#high = high
    this.#low = low + 1
    this.#count = 0
  }

  #beginBatch(low: number, keystream: number): void {
    this.#low = low
    this.#count = Math.min(this.#nextCount, 2 ** 32 - low)
    this.#blocks = this.#longest
    this.#longest = 0
    this.#nextCount = Math.min(2 * this.#nextCount, BATCH)
    this.#make(this.#high, low, this.#count, this.#blocks, keystream)
  }

  #make(high: number, low: number, records: number, blocks: number, to: number): void {
    this.#gcm.makeKeystream(this.#encrypt, this.#iv, high, low, records, blocks, to)
  }

  readonly #encrypt = (blocks: Uint8Array): Uint8Array<ArrayBuffer> => {
    this.#aes ??= createCipheriv('aes-128-ecb', this.#key, null).setAutoPadding(false)
    return this.#aes.update(blocks)
  }

  #takeStation(): Station {
    let station = this.#station
    if (station?.owner === this.#owner) {
      this.#gcm.touch(station)
    } else {
      station = this.#gcm.takeStation(this.#owner, this.#encrypt(ZERO_BLOCK))
      this.#station = station
      this.#low += this.#count
      this.#count = 0
      this.#nextCount = 1
    }
    return station
  }
}

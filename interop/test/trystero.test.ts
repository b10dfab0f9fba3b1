import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, it } from 'mocha'
import { digestOf } from '../support/plan.ts'
import type { TrysteroInput, TrysteroOutput } from '../support/trystero-peer.ts'

/** A trystero peer in its thread, and what it told. */
class TrysteroPeer {
  readonly #worker = new Worker(new URL('../support/trystero-peer.ts', import.meta.url))
  readonly #outputs: TrysteroOutput[] = []

  constructor() {
    this.#worker.on('message', (output: TrysteroOutput) => this.#outputs.push(output))
  }

  send(input: TrysteroInput): void {
    this.#worker.postMessage(input)
  }

  /** The first `count` outputs of a type. */
  async outputs<Type extends TrysteroOutput['type']>(
    type: Type,
    count: number
  ): Promise<Extract<TrysteroOutput, { type: Type }>[]> {
    for (;;) {
      const found = this.#outputs.filter(
        (output): output is Extract<TrysteroOutput, { type: Type }> => output.type === type
      )
      if (found.length >= count) return found
      await once(this.#worker, 'message')
    }
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}

describe('trystero, unchanged, with @hearsay/webrtc as its rtcPolyfill', function () {
  this.timeout(60_000)
  const peers: TrysteroPeer[] = []

  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.stop()))
  })

  it('joins three peers, carries text with metadata and binary of 1 MiB, and sees one leave', async () => {
    peers.push(new TrysteroPeer(), new TrysteroPeer(), new TrysteroPeer())
    const [first, second, third] = peers
    const ids = await Promise.all(peers.map(async (peer) => (await peer.outputs('self', 1))[0].id))
    for (const [index, peer] of peers.entries()) {
      const joined = (await peer.outputs('join', 2)).map(({ id }) => id)
      assert.deepEqual(joined.sort(), ids.filter((_, other) => other !== index).sort())
    }

    const bytes = new Uint8Array(randomBytes(1 << 20))
    first.send({ type: 'send', text: 'grüße 🦀', bytes })
    const digest = await digestOf('binary', bytes)
    for (const peer of [second, third]) {
      assert.deepEqual(await peer.outputs('text', 1), [
        { type: 'text', id: ids[0], text: 'grüße 🦀', lang: { lang: 'de' } }
      ])
      assert.deepEqual(await peer.outputs('bytes', 1), [{ type: 'bytes', id: ids[0], digest }])
    }

    third.send({ type: 'leave' })
    for (const peer of [first, second]) {
      assert.deepEqual(await peer.outputs('leave', 1), [{ type: 'leave', id: ids[2] }])
    }
  })
})

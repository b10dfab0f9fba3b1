import assert from 'node:assert/strict'
import { DTLS_1_2 } from '../../../src/dtls/protocol.ts'
import { encodeRecord } from '../../../src/dtls/record.ts'
import type { Pair } from './pair.ts'

/** A plaintext record that anybody could make. */
export function forged(
  type: number,
  fragment: Uint8Array,
  { epoch = 0, sequenceNumber = 0, version = DTLS_1_2 } = {}
): Uint8Array {
  return encodeRecord({ type, version, epoch, sequenceNumber, fragment })
}

/** Neither end may take the other's data for its own unless both saw the same handshake. */
export function assertNoMixUp({ client, server, network }: Pair): void {
  const isConnected = [client.state === 'connected', server.state === 'connected']
  if (!isConnected.some(Boolean)) return
  assert.deepEqual(isConnected, [true, true])
  client.send(Uint8Array.of(1))
  server.send(Uint8Array.of(2))
  network.drain()
  network.run()
  assert.deepEqual(
    network.received('server').map((data) => [...data]),
    [[1]]
  )
  assert.deepEqual(
    network.received('client').map((data) => [...data]),
    [[2]]
  )
}

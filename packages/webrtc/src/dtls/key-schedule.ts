import type { CipherSuite } from './cipher-suites.ts'
import { concatBytes } from './byte-writer.ts'
import { prf } from './prf.ts'

/** RFC 5246, section 8.1. */
const MASTER_SECRET_LENGTH = 48

/** RFC 5246, section 7.4.9. */
const VERIFY_DATA_LENGTH = 12

/** Key and fixed part of the nonce for one direction. */
export interface TrafficKeys {
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

/**
 * @param sessionHash of all messages through ClientKeyExchange (RFC 7627, section 4)
 */
export function deriveExtendedMasterSecret(preMasterSecret: Uint8Array, sessionHash: Uint8Array): Uint8Array {
  return prf(preMasterSecret, 'extended master secret', sessionHash, MASTER_SECRET_LENGTH)
}

/** The key block, cut for AEAD suites: no MAC keys (RFC 5246, section 6.3). */
export function deriveTrafficKeys(
  suite: CipherSuite,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array
): { client: TrafficKeys; server: TrafficKeys } {
  const { keyLength, fixedIvLength } = suite
  const seed = concatBytes(serverRandom, clientRandom)
  const block = prf(masterSecret, 'key expansion', seed, 2 * (keyLength + fixedIvLength))
  const ivs = 2 * keyLength
  return {
    client: { key: block.slice(0, keyLength), iv: block.slice(ivs, ivs + fixedIvLength) },
    server: { key: block.slice(keyLength, ivs), iv: block.slice(ivs + fixedIvLength) }
  }
}

/** The body of Finished (RFC 5246, section 7.4.9). */
export function deriveVerifyData(
  sender: 'client' | 'server',
  masterSecret: Uint8Array,
  transcriptHash: Uint8Array
): Uint8Array {
  return prf(masterSecret, `${sender} finished`, transcriptHash, VERIFY_DATA_LENGTH)
}

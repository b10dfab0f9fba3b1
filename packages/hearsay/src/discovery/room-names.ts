import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import type { Room } from '@hearsay/signaling'

/** Multicodec of SHA-256: its digests have 32 bytes, and DHT nodes take no others as they stand. */
const SHA2_256 = 0x12

/** A service name has 15 characters at most (RFC 6335 section 5.1): these, after one letter, are 70 bits of the key. */
const TAG_CHARACTERS = 14

/** The key of the provider records of a room's members. No content has this digest: it is a name only. */
export function providerKeyOf({ dhtKey }: Pick<Room, 'dhtKey'>): CID {
  return CID.createV1(raw.code, Digest.create(SHA2_256, dhtKey))
}

/** The DNS-SD service type by which a room's members ask for each other on the local network (RFC 6763 section 7). */
export function serviceTypeOf({ mdnsKey }: Pick<Room, 'mdnsKey'>): string {
  const tag = base32.encode(mdnsKey).slice(1, 1 + TAG_CHARACTERS)
  return `_h${tag}._udp.local`
}

import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { INSTANCE_BYTES, publicKeyOf } from '@hearsay/signaling'
import { PresenceRecord as Codec } from './pb/presence-record.js'

/** What a member says of itself to its room. */
export interface PresenceRecord {
  readonly instance: Uint8Array
  /** Rises with every record of this instance; 1 or more. */
  readonly sequence: number
  readonly ttlMs: number
  /** Multiaddrs of its overlay listeners, in binary form; at most `MAX_ADDRESSES`. */
  readonly addresses: readonly Uint8Array[]
  /** Peer IDs of members that pass envelopes on to it; at most `MAX_INTRODUCERS`. */
  readonly introducers: readonly string[]
  /** Names of what it does for others; at most `MAX_SERVICES`. */
  readonly services: readonly string[]
  /** It says goodbye. */
  readonly gone: boolean
  /** Counter of the last of this instance's broadcasts that is old, so that none up to it is fresh any more; 0 before. */
  readonly settled: number
}

/** More listeners than this are not announced: every member pays for each of them with every renewal. */
export const MAX_ADDRESSES = 16

/** A multiaddr of a relayed WebSocket address with a peer ID takes about 150 bytes. */
export const MAX_ADDRESS_BYTES = 256

/** A sender tries two or three; every member pays for each of them with every renewal. */
export const MAX_INTRODUCERS = 4

export const MAX_SERVICES = 16
/** Among the services: connects to nobody unbidden, so that nobody waits for it to. */
export const PASSIVE_SERVICE = 'passive'

const MAX_SERVICE_LENGTH = 64

const PUBLIC_KEY_BYTES = 32

export function encodePresenceRecord(record: PresenceRecord): Uint8Array {
  return Codec.encode({
    instance: Uint8Array.from(record.instance),
    sequence: record.sequence,
    ttlSeconds: Math.ceil(record.ttlMs / 1_000),
    addresses: record.addresses.slice(0, MAX_ADDRESSES).map((address) => Uint8Array.from(address)),
    introducers: record.introducers.slice(0, MAX_INTRODUCERS).map((peerId) => publicKeyOf(peerId)),
    services: [...record.services],
    gone: record.gone,
    settled: record.settled
  })
}

/** Reads what a stranger sent: `undefined` for anything but a sound record. */
export function decodePresenceRecord(bytes: Uint8Array): PresenceRecord | undefined {
  let message: Codec
  try {
    message = Codec.decode(bytes, {
      limits: { addresses: MAX_ADDRESSES, introducers: MAX_INTRODUCERS, services: MAX_SERVICES }
    })
  } catch {
    return undefined
  }
  const sound =
    message.instance.length === INSTANCE_BYTES &&
    message.sequence > 0 &&
    Number.isSafeInteger(message.settled) &&
    message.addresses.every(({ length }) => length > 0 && length <= MAX_ADDRESS_BYTES) &&
    message.introducers.every(({ length }) => length === PUBLIC_KEY_BYTES) &&
    message.services.every(isServiceName)
  if (!sound) return undefined
  const { instance, sequence, ttlSeconds, addresses, services, gone, settled } = message
  const introducers = message.introducers.map(peerIdOf)
  return { instance, sequence, ttlMs: ttlSeconds * 1_000, addresses, introducers, services, gone, settled }
}

function peerIdOf(publicKey: Uint8Array): string {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}

/** Half a surrogate pair, which protobuf's reader lets through, could not be said again. */
function isServiceName(service: string): boolean {
  return service.length > 0 && service.length <= MAX_SERVICE_LENGTH && service.isWellFormed()
}

import { readUint16, readUint32, writeUint16, writeUint32 } from '../packet/bytes.ts'

/** What two endpoints have agreed: all that a transmission control block is made from. */
export interface AgreedParameters {
  localTag: number
  peerTag: number
  localInitialTsn: number
  peerInitialTsn: number
  peerWindow: number
  outboundStreams: number
  inboundStreams: number
  forwardTsn: boolean
  reConfig: boolean
  /** Packets to the peer may have a zero checksum. */
  zeroChecksum: boolean
}

/** State cookie (RFC 9260 section 5.1.3): all that is needed to make the association when it comes back. */
export interface StateCookie {
  agreed: AgreedParameters
  /** Tags of an association that existed when the cookie was made, 0 where there was none (section 5.2.2). */
  localTieTag: number
  peerTieTag: number
  createdAt: number
}

/** Computes a MAC under a key that only this process has; the same length for every input. */
export type Authenticate = (bytes: Uint8Array) => Uint8Array

const BODY_LENGTH = 41

export function encodeStateCookie(cookie: StateCookie, authenticate: Authenticate): Uint8Array {
  const { agreed } = cookie
  const body = new Uint8Array(BODY_LENGTH)
  writeUint32(body, 0, agreed.localTag)
  writeUint32(body, 4, agreed.peerTag)
  writeUint32(body, 8, agreed.localInitialTsn)
  writeUint32(body, 12, agreed.peerInitialTsn)
  writeUint32(body, 16, agreed.peerWindow)
  writeUint16(body, 20, agreed.outboundStreams)
  writeUint16(body, 22, agreed.inboundStreams)
  writeUint32(body, 24, cookie.localTieTag)
  writeUint32(body, 28, cookie.peerTieTag)
  new DataView(body.buffer).setFloat64(32, cookie.createdAt)
  body[40] = Number(agreed.forwardTsn) | (Number(agreed.reConfig) << 1) | (Number(agreed.zeroChecksum) << 2)
  const mac = authenticate(body)
  const bytes = new Uint8Array(BODY_LENGTH + mac.length)
  bytes.set(body)
  bytes.set(mac, BODY_LENGTH)
  return bytes
}

/** The cookie, where it is one of ours; undefined for a forged one. Its age is for the caller to judge. */
export function decodeStateCookie(bytes: Uint8Array, authenticate: Authenticate): StateCookie | undefined {
  if (bytes.length <= BODY_LENGTH) {
    return undefined
  }
  const body = bytes.slice(0, BODY_LENGTH)
  if (!isEqual(authenticate(body), bytes.subarray(BODY_LENGTH))) {
    return undefined
  }
  return {
    agreed: {
      localTag: readUint32(body, 0),
      peerTag: readUint32(body, 4),
      localInitialTsn: readUint32(body, 8),
      peerInitialTsn: readUint32(body, 12),
      peerWindow: readUint32(body, 16),
      outboundStreams: readUint16(body, 20),
      inboundStreams: readUint16(body, 22),
      forwardTsn: (body[40] & 1) !== 0,
      reConfig: (body[40] & 2) !== 0,
      zeroChecksum: (body[40] & 4) !== 0
    },
    localTieTag: readUint32(body, 24),
    peerTieTag: readUint32(body, 28),
    createdAt: new DataView(body.buffer).getFloat64(32)
  }
}

/** In time that does not depend on where the first difference is. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length || a.length === 0) {
    return false
  }
  let difference = 0
  for (let i = 0; i < a.length; i++) {
    difference |= a[i] ^ b[i]
  }
  return difference === 0
}

import { randomBytes } from 'node:crypto'

/** User name fragment and password of one ICE generation. */
export interface IceCredentials {
  readonly usernameFragment: string
  readonly password: string
}

/**
 * 48 and 144 random bits, in base64, whose alphabet is that of ICE: RFC 8445 §5.3 asks for at least 24 and 128.
 * (werift's own have 16 and 88.)
 */
export function createIceCredentials(): IceCredentials {
  return { usernameFragment: randomBytes(6).toString('base64'), password: randomBytes(18).toString('base64') }
}

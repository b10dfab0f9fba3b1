import { webSockets } from '@libp2p/websockets'
import { openIdentityDatabase, readIdentityDatabase } from '../identity/identity-database.ts'
import type { Platform } from './platform.ts'

export const platform: Platform = {
  transports: () => [webSockets()],
  // A page cannot listen.
  defaultListen: [],
  // By default a page refuses plain WebSockets and private addresses; a member on the same machine has just those.
  connectionGater: { denyDialMultiaddr: () => false },
  openIdentity: openIdentityDatabase,
  readIdentity: readIdentityDatabase,
  mdns: undefined,
  warn(message, code) {
    console.warn(`${message} [${code}]`)
  }
}

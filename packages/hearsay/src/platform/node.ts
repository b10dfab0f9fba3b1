import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { openIdentityFile } from '../identity/identity-file.ts'
import type { Platform } from './platform.ts'

export const platform: Platform = {
  transports: () => [tcp(), webSockets()],
  defaultListen: ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'],
  connectionGater: undefined,
  openIdentity: openIdentityFile,
  warn(message, code) {
    process.emitWarning(message, { type: 'HearsayWarning', code })
  }
}

import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { openIdentityFile, readIdentityFile } from '../identity/identity-file.ts'
import type { Platform } from './platform.ts'

export const platform: Platform = {
  transports: () => [tcp(), webSockets()],
  defaultListen: ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'],
  connectionGater: undefined,
  openIdentity: openIdentityFile,
  readIdentity: readIdentityFile,
  mdns: async (serviceTag) => {
    const { mdns } = await import('@libp2p/mdns')
    return mdns({ serviceTag })
  },
  warn(message, code) {
    process.emitWarning(message, { type: 'HearsayWarning', code })
  }
}

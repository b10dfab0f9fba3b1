import { multiaddr } from '@multiformats/multiaddr'
import { renderInvite } from '../../src/index.ts'

/** Everything in docs/specs/vectors/invite.json. */
export function inviteVectors(): object[] {
  const key = Uint8Array.from({ length: 32 }, (_, index) => 32 + index)
  const peer = '12D3KooWK1QsL7rAoeLAEyMAWQH86Zej1iUruFgQpA5ALhY2mpAS'
  const bootstrap = [`/ip4/192.0.2.7/tcp/4001/p2p/${peer}`, '/dns4/example.org/tcp/443/wss']
  return [
    { room: 'kitchen', bootstrap: [] },
    { room: 'attic', key, bootstrap },
    { room: 'caf\u00e9', key, bootstrap: [] }
  ].map(({ room, key: roomKey, bootstrap: addresses }) => ({
    room,
    ...(roomKey !== undefined && { key: Buffer.from(roomKey).toString('hex') }),
    bootstrap: addresses,
    multiaddrs: addresses.map((address) => Buffer.from(multiaddr(address).bytes).toString('hex')),
    invite: renderInvite({ room, ...(roomKey !== undefined && { key: roomKey }), bootstrap: addresses })
  }))
}

import type { Carrier, Role } from '../peer/pair.ts'
import type { Remote } from '../support/worker.ts'
import type { Relay } from './relay.ts'

/** Signaling that leads both sides to the relay: of each side's candidates one is passed on, with an address of the relay's. */
export function relayCarrier(relay: Remote<Relay>, flow: number): Carrier {
  const attached = new Set<Role>()
  return {
    description: (sdp) => sdp.replace(/^a=(candidate:.*|end-of-candidates)\r\n/gm, ''),
    async candidate({ candidate, sdpMid }, from) {
      const fields = candidate.split(' ')
      const [, , protocol, , address, port, , type] = fields
      const isUsable = protocol.toLowerCase() === 'udp' && type === 'host' && !address.includes(':')
      if (!isUsable || attached.has(from)) return undefined
      attached.add(from)
      const at = await relay.attach(flow, from, { address, port: Number(port) })
      return { candidate: fields.with(4, at.address).with(5, String(at.port)).join(' '), sdpMid }
    }
  }
}

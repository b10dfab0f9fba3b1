import { once } from 'node:events'
import { defineCommand } from '../command.ts'
import { MESH_OPTIONS } from '../options/mesh-options.ts'
import { EventOutput } from '../terminal/event-output.ts'

export const dht = defineCommand({
  name: 'dht',
  summary: 'run a node of the DHT by which members of any room find each other',
  details: [
    'Keeps what members leave with it for an hour and answers who looks them up; it is in no room and carries no',
    'traffic of any. Members name it with --dht. Runs until SIGINT or SIGTERM.'
  ].join(' '),
  options: {
    dht: {
      ...MESH_OPTIONS.dht,
      description: 'multiaddr of another node of the DHT; may be given again',
      defaultText: 'none: it is the first'
    },
    listen: MESH_OPTIONS.listen,
    identity: MESH_OPTIONS.identity,
    json: MESH_OPTIONS.json
  },
  async run({ values, terminal, signal }) {
    const output = new EventOutput(terminal, values.json)
    const { identity, listen } = values
    {
      const { createDhtNode } = await import('hearsay')
      await using node = await createDhtNode({
        ...(identity !== undefined && { identity }),
        ...(listen.length > 0 && { listen }),
        bootstrap: values.dht,
        signal
      })
      const { peerId, addresses } = node
      output.emit(
        { event: 'ready', peer: peerId, addresses },
        `peer ${peerId} of the DHT; members name one of these with --dht:`,
        ...addresses
      )
      if (!signal.aborted) {
        await once(signal, 'abort')
      }
    }
    output.emit({ event: 'closed' }, 'closed')
  }
})

import { once } from 'node:events'
import { defineCommand } from '../command.ts'
import { followPeers } from '../mesh/follow-peers.ts'
import { openMesh } from '../mesh/open-mesh.ts'
import { MESH_OPTIONS } from '../options/mesh-options.ts'
import { EventOutput } from '../terminal/event-output.ts'

export const up = defineCommand({
  name: 'up',
  summary: 'run a node that stays in a room, through which others enter',
  details: [
    'Joins a room and stays until SIGINT or SIGTERM. Prints the addresses by which others enter, and every connection',
    'that comes and goes.'
  ].join(' '),
  options: MESH_OPTIONS,
  async run(context) {
    const { values, terminal } = context
    const output = new EventOutput(terminal, values.json)
    {
      await using open = await openMesh(context)
      const { mesh, signal } = open
      const { peerId, room, addresses } = mesh
      output.emit(
        { event: 'ready', peer: peerId, room, addresses },
        `peer ${peerId} in room ${room}`,
        ...addresses.map((address) => `listening on ${address}`)
      )
      followPeers(mesh, output)
      if (!signal.aborted) {
        await once(signal, 'abort')
      }
      open.throwIfSuperseded()
    }
    output.emit({ event: 'closed' }, 'closed')
  }
})

import { defineCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { MESH_OPTIONS } from '../options/mesh-options.ts'

export const id = defineCommand({
  name: 'id',
  summary: 'print the peer ID of an identity file, made where it is absent',
  details:
    'Prints the peer ID that a node with this identity file has. A node that uses the file has it locked, and prints its peer ID itself.',
  options: { identity: { ...MESH_OPTIONS.identity, defaultText: 'none: it must be given' } },
  async run({ values, terminal, signal }) {
    const { identity } = values
    if (identity === undefined) {
      throw new UsageError('no identity file given; name one with --identity')
    }
    const { createMesh } = await import('hearsay')
    // A mesh of one that nobody can reach: it opens the file with every check that `up` makes.
    await using mesh = await createMesh({ room: 'id', identity, listen: [], autoConnect: false, signal })
    terminal.stdout.write(`${mesh.peerId}\n`)
  }
})

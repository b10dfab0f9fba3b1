import { defineCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { MESH_OPTIONS } from '../options/mesh-options.ts'

export const id = defineCommand({
  name: 'id',
  summary: 'print the peer ID of an identity file, made where it is absent',
  details: 'Prints the peer ID that a node with this identity file has, also while a node uses it.',
  options: { identity: { ...MESH_OPTIONS.identity, defaultText: 'none: it must be given' } },
  async run({ values, terminal }) {
    const { identity } = values
    if (identity === undefined) {
      throw new UsageError('no identity file given; name one with --identity')
    }
    const { readPeerId } = await import('hearsay')
    terminal.stdout.write(`${await readPeerId(identity)}\n`)
  }
})

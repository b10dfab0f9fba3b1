import { defineCommand } from '../command.ts'
import { MESH_OPTIONS } from '../options/mesh-options.ts'

const DEFAULT_NAME = 'room'

export const roomNew = defineCommand({
  name: 'room new',
  summary: 'make a closed room, and an invite to it',
  details: [
    'Makes a key of 32 random bytes and prints an invite: the name of the room, its key, and the addresses of members',
    'to enter through, if there are any yet. Whoever has the invite can join the room; nobody else can even listen.'
  ].join(' '),
  options: {
    room: {
      ...MESH_OPTIONS.room,
      description: 'what the members call the room; it need not be unique',
      defaultText: DEFAULT_NAME
    },
    bootstrap: MESH_OPTIONS.bootstrap,
    'key-only': {
      type: 'boolean',
      flagOnly: true,
      description: 'print the key alone, for --room-key'
    }
  },
  async run({ values, terminal }) {
    const { generateRoomKey, renderInvite } = await import('hearsay')
    const key = generateRoomKey()
    const { room = DEFAULT_NAME, bootstrap } = values
    const text = values['key-only'] ? key : renderInvite({ room, key, bootstrap })
    terminal.stdout.write(`${text}\n`)
  }
})

import { defineCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { MESH_OPTIONS } from '../options/mesh-options.ts'
import { secretOption } from '../options/secrets.ts'

export const roomInvite = defineCommand({
  name: 'room invite',
  summary: 'make an invite to a room that there is',
  details: [
    'Prints an invite to the room that an earlier invite or a name and a key say, with the addresses given: those that',
    '`hearsay up` prints. Addresses of the earlier invite go, unless no others are given.'
  ].join(' '),
  options: {
    room: MESH_OPTIONS.room,
    'room-key': MESH_OPTIONS['room-key'],
    'room-key-file': MESH_OPTIONS['room-key-file'],
    invite: MESH_OPTIONS.invite,
    'invite-file': MESH_OPTIONS['invite-file'],
    bootstrap: MESH_OPTIONS.bootstrap
  },
  async run(context) {
    const { parseInvite, renderInvite } = await import('hearsay')
    const [earlier, key] = [secretOption('invite', context), secretOption('room-key', context)]
    const { room, bootstrap } = context.values
    if (earlier !== undefined && (room !== undefined || key !== undefined)) {
      throw new UsageError('--invite says which room; leave out --room and --room-key')
    }
    if (earlier === undefined && room === undefined) {
      throw new UsageError('no room given; name one with --room, or give an --invite')
    }
    const known =
      earlier === undefined
        ? { room: room ?? '', ...(key !== undefined && { key }), bootstrap }
        : parseInvite(earlier)
    const text = renderInvite(bootstrap.length === 0 ? known : { ...known, bootstrap })
    context.terminal.stdout.write(`${text}\n`)
  }
})

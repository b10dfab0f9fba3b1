import type { OptionTable } from './option.ts'

/** The options of every command that joins a mesh; the config file holds these too. */
export const MESH_OPTIONS = {
  room: { type: 'string', short: 'r', placeholder: 'NAME', description: 'the room to join' },
  invite: {
    type: 'string',
    placeholder: 'INVITE',
    description:
      'room, key and addresses, as `hearsay room new` prints them, instead of --room; an invite to a closed room is ' +
      'as secret as its key, so prefer the next'
  },
  'invite-file': {
    type: 'string',
    placeholder: 'FILE',
    description: 'file whose first line is the invite'
  },
  bootstrap: {
    type: 'list',
    short: 'b',
    placeholder: 'ADDRESS',
    description: 'multiaddr of a member to enter through; may be given again'
  },
  dht: {
    type: 'list',
    placeholder: 'ADDRESS',
    description:
      'find members, and be found, by a DHT: multiaddr of one of its nodes, which need not be in the room; may be given again'
  },
  'dht-server': {
    type: 'boolean',
    description: 'be a node of the DHT too, for others who can reach this one; see `hearsay dht`'
  },
  mdns: {
    type: 'boolean',
    description: 'find members, and be found, on the local network by multicast DNS'
  },
  listen: {
    type: 'list',
    short: 'l',
    placeholder: 'ADDRESS',
    description: 'multiaddr to listen on, such as /ip4/0.0.0.0/tcp/4001; may be given again'
  },
  identity: {
    type: 'string',
    short: 'i',
    placeholder: 'FILE',
    description: 'keep the identity in this file, made where it is absent',
    defaultText: 'a new identity, kept in memory'
  },
  password: {
    type: 'string',
    placeholder: 'TEXT',
    description:
      "the room's password; other users of this machine can read it on a command line, so prefer the next"
  },
  'password-file': {
    type: 'string',
    placeholder: 'FILE',
    description: "file whose first line is the room's password"
  },
  'room-key': {
    type: 'string',
    placeholder: 'KEY',
    description: "the room's key, as `hearsay room new` prints it; likewise, prefer the next"
  },
  'room-key-file': {
    type: 'string',
    placeholder: 'FILE',
    description: "file whose first line is the room's key"
  },
  'ice-server': {
    type: 'list',
    placeholder: 'URL',
    description: 'a STUN or TURN server, as stun:HOST or turn:USER:SECRET@HOST; may be given again',
    defaultText: 'none'
  },
  'max-connections': {
    type: 'number',
    placeholder: 'COUNT',
    description: 'the most WebRTC connections to hold'
  },
  'overlay-degree': {
    type: 'number',
    placeholder: 'COUNT',
    description: 'overlay neighbours to hold at least'
  },
  json: { type: 'boolean', flagOnly: true, description: 'one event a line on standard output, as JSON' }
} as const satisfies OptionTable

import { once } from 'node:events'
import { defineCommand } from '../command.ts'
import { ChatRoom, type ChatListener } from '../chat/chat-room.ts'
import { followPeers, shortId } from '../mesh/follow-peers.ts'
import { openMesh } from '../mesh/open-mesh.ts'
import { MESH_OPTIONS } from '../options/mesh-options.ts'
import { MOST_SECONDS } from '../options/option.ts'
import { EventOutput } from '../terminal/event-output.ts'
import { readLines } from '../terminal/read-lines.ts'
import { warn, type Terminal } from '../terminal/terminal.ts'
import { UndeliveredError } from '../errors.ts'

const DEFAULT_WAIT_S = 30

export const chat = defineCommand({
  name: 'chat',
  summary: 'send lines of standard input to a room, print what the room says',
  details: [
    'Every line of standard input goes to every member of the room that also runs chat; what they say goes to standard',
    'output, and news of who comes and goes to standard error. When the input has ended and the last line has been',
    'confirmed, chat ends too: `echo hi | hearsay chat --room kitchen --bootstrap ADDRESS`.'
  ].join(' '),
  options: {
    ...MESH_OPTIONS,
    wait: {
      type: 'number',
      flagOnly: true,
      most: MOST_SECONDS,
      placeholder: 'SECONDS',
      description: 'how long a line waits for the first member that hears it',
      defaultText: String(DEFAULT_WAIT_S)
    },
    follow: {
      type: 'boolean',
      short: 'f',
      flagOnly: true,
      description: 'stay when the input has ended, to hear what others say'
    }
  },
  async run(context) {
    const { values, terminal } = context
    const output = new EventOutput(terminal, values.json)
    {
      await using open = await openMesh(context)
      const { mesh, signal } = open
      const listener: ChatListener = {
        message: async (from, text) => {
          output.emit({ event: 'message', from, text }, `${shortId(from)}: ${text}`)
          await output.drained()
        },
        delivered: (to, text) => {
          output.emit({ event: 'delivered', to, text })
        },
        undelivered: (to, text, code) => {
          output.note(
            { event: 'undelivered', to, text, code },
            `${shortId(to)} did not confirm: ${text} (${code})`
          )
        }
      }
      const waitMs = (values.wait ?? DEFAULT_WAIT_S) * 1000
      using room = new ChatRoom(mesh, listener, { waitMs, signal })
      const { peerId, addresses } = mesh
      output.note(
        { event: 'ready', peer: peerId, room: mesh.room, addresses },
        `you are ${shortId(peerId)}; others enter by:`,
        ...addresses
      )
      followPeers(mesh, output)
      for await (const line of readLines(terminal.stdin, signal)) {
        await sayOrTell(room, line, terminal)
      }
      await room.flush()
      if (values.follow && !signal.aborted) {
        await once(signal, 'abort')
      }
      open.throwIfSuperseded()
    }
    output.emit({ event: 'closed' })
  }
})

/** A person at the keyboard is told that nobody heard, and may try again; in a pipe it is the end. */
async function sayOrTell(room: ChatRoom, line: string, terminal: Terminal): Promise<void> {
  try {
    await room.say(line)
  } catch (error) {
    if (!(error instanceof UndeliveredError) || terminal.stdin.isTTY !== true) {
      throw error
    }
    warn(terminal, error.message)
  }
}

import { defineCommand } from '../command.ts'

export const roomNew = defineCommand({
  name: 'room new',
  summary: 'make a key for a closed room',
  details:
    'Prints a new room key: 32 random bytes as text. Whoever has it can join the room; nobody else can even listen.',
  options: {},
  async run({ terminal }) {
    const { generateRoomKey } = await import('hearsay')
    terminal.stdout.write(`${generateRoomKey()}\n`)
  }
})

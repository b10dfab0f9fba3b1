import { defineCommand } from '../command.ts'
import { Demo, type DemoOptions, type DemoResult } from '../demo/scenario.ts'
import { createView } from '../demo/views.ts'
import { DemoFailedError } from '../errors.ts'
import { MOST_SECONDS } from '../options/option.ts'
import { renderTable } from '../terminal/table.ts'
import type { Terminal } from '../terminal/terminal.ts'

const DEFAULT_PEERS = 6

/** Fewer would leave no line to speak of; more would measure this machine, not the mesh. */
const PEERS = { least: 4, most: 20 }

const DEFAULT_DEADLINE_S = 90

export const demo = defineCommand({
  name: 'demo',
  summary: 'show a mesh grow out of a line of processes and survive the death of its entry and of its middle',
  details: [
    'Starts processes of `hearsay chat` on this machine, each told only of the one before it, and watches every pair',
    'of them connect over WebRTC and speak to each other. Then the first one and one in the middle are killed, and',
    'two newcomers enter at the ends of what is left. Ends with a table of all connections, or says what failed and exits with 1.'
  ].join(' '),
  options: {
    peers: {
      type: 'number',
      flagOnly: true,
      ...PEERS,
      placeholder: 'COUNT',
      description: `how many processes to begin with, ${PEERS.least} to ${PEERS.most}`,
      defaultText: String(DEFAULT_PEERS)
    },
    deadline: {
      type: 'number',
      flagOnly: true,
      most: MOST_SECONDS,
      placeholder: 'SECONDS',
      description: 'give up after this time',
      defaultText: String(DEFAULT_DEADLINE_S)
    },
    json: { type: 'boolean', flagOnly: true, description: 'one event a line on standard output, as JSON' }
  },
  async run({ values, terminal, signal }) {
    const peers = values.peers ?? DEFAULT_PEERS
    const deadlineMs = (values.deadline ?? DEFAULT_DEADLINE_S) * 1000
    const result = await show({ peers, deadlineMs, signal }, terminal, values.json)
    terminal.stdout.write(values.json ? resultLine({ ok: true, ...result }) : summary(result))
  }
})

async function show(
  options: Omit<DemoOptions, 'observer'>,
  terminal: Terminal,
  json: boolean
): Promise<DemoResult> {
  using observer = createView(terminal, json)
  try {
    return await new Demo({ ...options, observer }).run()
  } catch (error) {
    if (json && error instanceof DemoFailedError) {
      terminal.stdout.write(resultLine({ ok: false, error: error.message }))
    }
    throw error
  }
}

function resultLine(result: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ event: 'result', ...result })}\n`
}

function summary({ pairs, killed, newcomers }: DemoResult): string {
  const rows = pairs.map(({ pair, path, openedMs, candidates }) => [
    `${pair[0]}–${pair[1]}`,
    path,
    openedMs.toFixed(0),
    candidates.join(' ↔ ')
  ])
  const table = renderTable(['pair', 'offer came by', 'ms to open', 'candidates'], rows, new Set([2]))
  return [
    '',
    table,
    '',
    `${pairs.length} connections, each verified from both ends. Processes ${killed.join(' and ')} were killed;`,
    `processes ${newcomers.join(' and ')} came after that and reached all the others.`,
    ''
  ].join('\n')
}

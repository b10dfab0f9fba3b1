import { COMMON_OPTIONS } from './options/resolve.ts'
import { environmentName, type OptionSpec } from './options/option.ts'
import type { Command } from './command.ts'

/** Width to which help is broken, in columns. */
const WIDTH = 96

export function overviewHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Usage: hearsay COMMAND [OPTIONS]',
    '',
    'A mesh of WebRTC connections with no server in the middle.',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    '  hearsay COMMAND --help   says what a command does and takes',
    '  hearsay --version        prints the version',
    '',
    'An option on the command line goes before the environment (HEARSAY_…), and that before hearsay.config.json.',
    ''
  ].join('\n')
}

export function commandHelp({ name, details, options }: Command): string {
  const rows = Object.entries({ ...options, ...COMMON_OPTIONS }).map(([option, spec]): [string, string] => [
    heading(option, spec),
    explanation(option, spec)
  ])
  const width = Math.max(...rows.map(([left]) => left.length))
  return [
    `Usage: hearsay ${name} [OPTIONS]`,
    '',
    ...details.split('\n').flatMap((line) => wrap(line, WIDTH)),
    '',
    'Options:',
    ...rows.flatMap(([left, right]) =>
      wrap(right, WIDTH - width - 4).map(
        (line, index) => `  ${(index === 0 ? left : '').padEnd(width)}  ${line}`
      )
    ),
    ''
  ].join('\n')
}

function heading(option: string, { short, placeholder }: OptionSpec): string {
  const name = `${short === undefined ? '    ' : `-${short}, `}--${option}`
  return placeholder === undefined ? name : `${name} ${placeholder}`
}

function explanation(option: string, { description, defaultText, flagOnly }: OptionSpec): string {
  const notes = [
    ...(defaultText === undefined ? [] : [`default: ${defaultText}`]),
    ...(flagOnly === true ? [] : [environmentName(option)])
  ]
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

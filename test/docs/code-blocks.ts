import { basename } from 'node:path'

/** One fenced block of a Markdown file. */
export interface CodeBlock {
  /** Path of the document, relative to the root. */
  readonly document: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  readonly language: string
  /** The rest of the info string: `key=value` and bare words. */
  readonly attributes: ReadonlyMap<string, string>
  readonly text: string
}

/** A program that a document shows, put together from one or more blocks. */
export interface DocumentedProgram {
  readonly document: string
  readonly line: number
  /** File name, unique within its document. */
  readonly file: string
  readonly text: string
  /** The program of the same document that runs beside this one; its first line of output is our argument. */
  readonly beside?: string
  /** What becomes of it, beside being type-checked: it runs, is bundled for a page, or neither. */
  readonly use: 'run' | 'bundle' | 'check'
  /** What it must print, where an `output` block follows it. */
  readonly output?: string
}

const FENCE = /^(?<indent> *)(?<fence>`{3,})(?<info>[^`]*)$/

/** Every fenced block of a document, in order. An unclosed fence or one without a language is an error. */
export function extractBlocks(document: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  const lines = markdown.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const opening = FENCE.exec(lines[index])?.groups
    if (opening === undefined) {
      continue
    }
    const start = index
    const body: string[] = []
    for (index++; index < lines.length && lines[index].trim() !== opening.fence; index++) {
      body.push(lines[index].slice(opening.indent.length))
    }
    if (index === lines.length) {
      throw new Error(`${document}:${start + 1}: this code block is not closed`)
    }
    const [language = '', ...words] = opening.info.trim().split(/\s+/)
    if (language === '') {
      throw new Error(`${document}:${start + 1}: name the language of this block`)
    }
    const attributes = new Map(
      words.map((word): [string, string] => {
        const [key = '', value = ''] = word.split('=')
        return [key, value]
      })
    )
    blocks.push({ document, line: start + 1, language, attributes, text: `${body.join('\n')}\n` })
  }
  return blocks
}

const KNOWN_ATTRIBUTES = new Set(['file', 'beside', 'continues', 'browser', 'check'])

/** The programs of a document; CONTRIBUTING.md describes how blocks become programs. */
export function collectPrograms(blocks: readonly CodeBlock[]): DocumentedProgram[] {
  const programs: DocumentedProgram[] = []
  for (const block of blocks) {
    const where = `${block.document}:${block.line}`
    const last = programs.at(-1)
    if (block.language === 'text' && block.attributes.has('output')) {
      if (last === undefined) {
        throw new Error(`${where}: no program comes before this output`)
      }
      programs[programs.length - 1] = { ...last, output: block.text }
    } else if (block.language === 'ts') {
      const unknown = [...block.attributes.keys()].find((key) => !KNOWN_ATTRIBUTES.has(key))
      if (unknown !== undefined) {
        throw new Error(`${where}: ${unknown} is no attribute of a ts block; see CONTRIBUTING.md`)
      }
      if (block.attributes.has('continues')) {
        if (last === undefined) {
          throw new Error(`${where}: nothing comes before this block that it could continue`)
        }
        programs[programs.length - 1] = { ...last, text: `${last.text}\n${block.text}` }
      } else {
        programs.push(toProgram(block))
      }
    }
  }
  for (const { document, line, beside } of programs) {
    if (beside !== undefined && !programs.some(({ file }) => file === beside)) {
      throw new Error(`${document}:${line}: the document has no ${beside}`)
    }
  }
  return programs
}

function toProgram({ document, line, attributes, text }: CodeBlock): DocumentedProgram {
  const beside = attributes.get('beside')
  return {
    document,
    line,
    file: attributes.get('file') ?? `${basename(document, '.md')}-${line}.ts`,
    text,
    ...(beside === undefined ? {} : { beside }),
    use: attributes.has('browser') ? 'bundle' : attributes.has('check') ? 'check' : 'run'
  }
}

/** Addresses in a form that something could connect to: multiaddrs, and URLs of STUN and TURN servers. */
const REACHABLE =
  /\/(?:ip[46]|dns[46]?|dnsaddr)\/(?<host>[^/'"`\s]+)|\b(?:stun|turn)s?:(?<server>[^:?'"`\s]+)/g
const LOOPBACK = /^(?:127(?:\.\d+){3}|0\.0\.0\.0|::1?|\[::1\]|localhost)$/

/** Hosts other than this machine that a program names. Such a program must not run: the tests talk to nobody else. */
export function foreignHosts({ text }: Pick<DocumentedProgram, 'text'>): string[] {
  return [...text.matchAll(REACHABLE)]
    .map(({ groups }) => groups?.host ?? groups?.server ?? '')
    .filter((host) => !LOOPBACK.test(host))
}

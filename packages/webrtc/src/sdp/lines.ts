import { SDP_LIMITS } from './description.ts'
import { SdpError } from './errors.ts'

/** One line of SDP: `<letter>=<value>`. */
export interface SdpLine {
  /** Counted from 1. */
  readonly number: number
  readonly letter: string
  readonly value: string
}

/**
 * Splits a description into its lines, CRLF or LF. Blank lines may stand at the end only, and no line holds a control
 * character.
 *
 * @throws {SdpError} `ERR_SDP_TOO_LARGE` or `ERR_SDP_SYNTAX`
 */
export function splitLines(text: string): SdpLine[] {
  if (text.length > SDP_LIMITS.description) {
    throw new SdpError('ERR_SDP_TOO_LARGE', `a description may have ${SDP_LIMITS.description} characters`)
  }
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  while (lines.at(-1) === '') lines.pop()
  return lines.map((content, index) => {
    const line = index + 1
    if (content.length > SDP_LIMITS.line) {
      throw new SdpError('ERR_SDP_TOO_LARGE', `a line may have ${SDP_LIMITS.line} characters`, { line })
    }
    const letter = content.charAt(0)
    if (!/^[a-z]$/.test(letter) || content.charAt(1) !== '=' || hasControlCharacter(content)) {
      throw new SdpError('ERR_SDP_SYNTAX', 'not "<letter>=<value>"', { line })
    }
    return { number: line, letter, value: content.slice(2) }
  })
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x20 || unit === 0x7f) return true
  }
  return false
}

/** Attributes that are read, and thus may stand only once in a level; `candidate` alone may repeat. */
const SINGLE_ATTRIBUTES = new Set([
  'end-of-candidates',
  'fingerprint',
  'ice-lite',
  'ice-options',
  'ice-pwd',
  'ice-ufrag',
  'max-message-size',
  'mid',
  'sctp-port',
  'setup'
])

/** The lines of one level, session or section, by what they are. */
export class SdpLevel {
  readonly #lines: readonly SdpLine[]
  readonly #attributes = new Map<string, SdpLine[]>()

  /** @throws {SdpError} `ERR_SDP_DUPLICATE` or, for a second fingerprint, `ERR_SDP_FINGERPRINT` */
  constructor(lines: readonly SdpLine[]) {
    this.#lines = lines
    for (const { number, letter, value } of lines) {
      if (letter !== 'a') continue
      const colon = value.indexOf(':')
      const name = colon === -1 ? value : value.slice(0, colon)
      const known = this.#attributes.get(name)
      const line = { number, letter, value: colon === -1 ? '' : value.slice(colon + 1) }
      if (known === undefined) this.#attributes.set(name, [line])
      else if (!SINGLE_ATTRIBUTES.has(name)) known.push(line)
      else {
        const code = name === 'fingerprint' ? 'ERR_SDP_FINGERPRINT' : 'ERR_SDP_DUPLICATE'
        throw new SdpError(code, `a=${name} stands twice`, { line: number })
      }
    }
  }

  /** The one line of a letter. */
  requireLine(letter: string): SdpLine {
    const [line, again] = this.#lines.filter((each) => each.letter === letter)
    if (line === undefined) throw new SdpError('ERR_SDP_MISSING', `${letter}= is missing`)
    if (again !== undefined) {
      throw new SdpError('ERR_SDP_DUPLICATE', `${letter}= stands twice`, { line: again.number })
    }
    return line
  }

  /** The attribute's line, its value being what follows the colon. */
  get(name: string): SdpLine | undefined {
    return this.#attributes.get(name)?.[0]
  }

  /** The attribute's line; `media` is what an error points at where it is missing. */
  require(name: string, media: SdpLine): SdpLine {
    const line = this.get(name)
    if (line === undefined) {
      throw new SdpError('ERR_SDP_MISSING', `the section needs a=${name}`, { line: media.number })
    }
    return line
  }

  all(name: string): readonly SdpLine[] {
    return this.#attributes.get(name) ?? []
  }
}

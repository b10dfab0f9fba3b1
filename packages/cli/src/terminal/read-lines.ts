import { CliError } from '../errors.ts'
import type { Readable } from 'node:stream'

/** Characters of one line at most: a line is held in memory and is one message. */
export const MAX_LINE_LENGTH = 65_536

/** A line of input is longer than a message may be. */
export class LineTooLongError extends CliError {
  static override readonly name = 'LineTooLongError'

  constructor() {
    super(
      'ERR_LINE_TOO_LONG',
      `a line of the input is longer than ${MAX_LINE_LENGTH} characters; break it up, for example with fold`
    )
  }
}

/**
 * The lines of a stream, without their ends; text after the last end counts as a line. Reads no further than it is
 * asked, so that whoever writes into the stream is held back.
 *
 * @throws {LineTooLongError}
 */
export async function* readLines(
  stream: Readable,
  signal: AbortSignal
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  const abort = (): void => {
    stream.destroy()
  }
  signal.addEventListener('abort', abort)
  let rest = ''
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      for (const line of parts) {
        yield checked(line)
      }
      checked(rest)
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error
    }
    return
  } finally {
    signal.removeEventListener('abort', abort)
  }
  rest += decoder.decode()
  if (rest !== '') {
    yield checked(rest)
  }
}

function checked(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  if (text.length > MAX_LINE_LENGTH) {
    throw new LineTooLongError()
  }
  return text
}

import type { Readable, Writable } from 'node:stream'

/** The streams and the environment of the command, handed in so that tests can look at them. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
}

/** For people, beside the output: always on standard error. */
export function warn({ stderr }: Pick<Terminal, 'stderr'>, text: string): void {
  stderr.write(`hearsay: warning: ${printable(text)}\n`)
}

/**
 * Text of others, fit for a terminal: control characters could move the cursor, set the title or forge lines.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu, '\u{fffd}')
}

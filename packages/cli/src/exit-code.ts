import { UsageError } from './errors.ts'

/** What the command tells the shell. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** Unknown command, unknown option, or a value that cannot be used. */
  usage: 2,
  /** 128 + SIGINT, as shells count. */
  interrupted: 130
} as const

/** Codes of the library's errors that are mistakes in what the user asked, not failures on the way. */
const USAGE_CODES = new Set([
  'ERR_INVALID_OPTION',
  'ERR_UNKNOWN_OPTION',
  'ERR_INVALID_MULTIADDR',
  'ERR_INVALID_INVITE',
  'ERR_INVALID_ROOM'
])

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError || USAGE_CODES.has(errorCodeOf(error) ?? '') ? EXIT.usage : EXIT.failed
}

/** The stable `code` of an error, where it has one. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

import { AlertDescription } from './protocol.ts'

/** RFC 5246, section 7.2. */
export interface Alert {
  readonly level: number
  readonly description: number
}

export function encodeAlert(level: number, description: number): Uint8Array {
  return Uint8Array.of(level, description)
}

export function decodeAlert(bytes: Uint8Array): Alert | undefined {
  const [level, description] = bytes
  if (bytes.length !== 2 || level === undefined || description === undefined) return undefined
  return { level, description }
}

/** For messages to people. */
export function alertName(description: number): string {
  const known = Object.entries(AlertDescription).find(([, number]) => number === description)
  return known === undefined ? `alert ${description}` : `${known[0]} (alert ${description})`
}

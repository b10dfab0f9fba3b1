/** How long to wait before the next attempt. */
export interface BackoffOptions {
  readonly baseMs: number
  readonly maxMs: number
}

/**
 * Exponential backoff with jitter: between half and all of `baseMs` × 2^`failures`, at most `maxMs`. The jitter keeps
 * peers that failed together from coming back together.
 *
 * @param failures - failed attempts so far, from 1
 * @param random - uniform in [0, 1)
 */
export function backoffMs(options: BackoffOptions, failures: number, random: number): number {
  // 2^30 is beyond any maximum; larger exponents would only leave the safe integers.
  const full = Math.min(options.baseMs * 2 ** Math.min(failures - 1, 30), options.maxMs)
  return full * (0.5 + random / 2)
}

/**
 * When a process with a kept identity says that it started: now, or just after the process before it where the clock was
 * set back. Of two processes with one identity the one that started later is believed.
 *
 * @param kept what the process before it had noted, as text; whatever else is in its place counts as nothing
 * @param now milliseconds since the Unix epoch
 */
export function laterStart(kept: string | undefined, now: number): number {
  const last = /^\d{1,16}\n?$/.test(kept ?? '') ? Number(kept) : 0
  return Number.isSafeInteger(last + 1) ? Math.max(Math.floor(now), last + 1) : Math.floor(now)
}

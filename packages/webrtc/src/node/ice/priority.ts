import type { CandidateType } from '../../candidates/index.ts'

/** RFC 8445 §5.1.2.2. */
const TYPE_PREFERENCES: Readonly<Record<CandidateType, number>> = {
  host: 126,
  prflx: 110,
  srflx: 100,
  relay: 2
}
/** Which of several addresses comes first: RFC 8421 §4 wants IPv6 and IPv4 alternating, IPv6 first. */
const MAX_LOCAL_PREFERENCE = 65_535

/** The priority of a local candidate; `index` counts the addresses of its family, from 0. */
export function candidatePriority(type: CandidateType, address: string, index: number): number {
  const local = MAX_LOCAL_PREFERENCE - 2 * index - (address.includes(':') ? 0 : 1)
  return TYPE_PREFERENCES[type] * 2 ** 24 + local * 2 ** 8 + 255
}

/** The priority of a pair (RFC 8445 §6.1.2.3): `controlling` and `controlled` are those of the two candidates. */
export function pairPriority(controlling: number, controlled: number): bigint {
  const [low, high] = controlling < controlled ? [controlling, controlled] : [controlled, controlling]
  return (BigInt(low) << 32n) + 2n * BigInt(high) + (controlling > controlled ? 1n : 0n)
}

import { AddressRanges, type AddressPreset } from './address-range.ts'
import { parseAddress } from './address.ts'
import type { CandidateProtocol, CandidateType, IceCandidate } from './candidate.ts'
import { CandidateError } from './errors.ts'

/** A trait by which candidates are put in order. */
export type CandidateTrait = CandidateType | CandidateProtocol | 'ipv4' | 'ipv6'

/** Which candidates pass, how many, and in what order. Without any member: all that could work, best first. */
export interface CandidatePolicy {
  /** @default every type */
  readonly types?: readonly CandidateType[]
  /** @default UDP and TCP */
  readonly protocols?: readonly CandidateProtocol[]
  /** Only addresses in these ranges: CIDR, single addresses, presets. @default every address */
  readonly allow?: readonly (AddressPreset | (string & {}))[]
  /** No address in these ranges; wins over `allow`. @default ['unspecified', 'multicast']: no peer can be there */
  readonly deny?: readonly (AddressPreset | (string & {}))[]
  /** Whether mDNS names pass, whose address nobody knows yet. @default true */
  readonly mdns?: boolean
  /** How many are left at most; of each type that passes, the best one stays. @default 64 */
  readonly maxCount?: number
  /**
   * Traits, the strongest first: candidates that have one go before those that do not. Where this leaves a tie, the
   * higher ICE priority goes first, which already puts relays last. @default none
   */
  readonly prefer?: readonly CandidateTrait[]
}

const DEFAULT_DENY: readonly AddressPreset[] = ['unspecified', 'multicast']
const DEFAULT_MAX_COUNT = 64
const TYPES: readonly CandidateType[] = ['host', 'srflx', 'prflx', 'relay']
const PROTOCOLS: readonly CandidateProtocol[] = ['udp', 'tcp']
const TRAITS: readonly CandidateTrait[] = [...TYPES, ...PROTOCOLS, 'ipv4', 'ipv6']

/** A candidate policy made ready: checked once, then applied to any number of candidates. */
export class CandidateFilter {
  readonly #types: ReadonlySet<string>
  readonly #protocols: ReadonlySet<string>
  readonly #allow: AddressRanges | undefined
  readonly #deny: AddressRanges
  readonly #mdns: boolean
  readonly #maxCount: number
  readonly #prefer: readonly CandidateTrait[]

  /** @throws {CandidateError} `ERR_CANDIDATE_POLICY`, naming the member at fault */
  constructor(policy: CandidatePolicy = {}) {
    this.#types = oneOf(policy.types ?? TYPES, TYPES, 'types')
    this.#protocols = oneOf(policy.protocols ?? PROTOCOLS, PROTOCOLS, 'protocols')
    this.#allow = policy.allow === undefined ? undefined : new AddressRanges(policy.allow, 'allow')
    this.#deny = new AddressRanges(policy.deny ?? DEFAULT_DENY, 'deny')
    this.#mdns = policy.mdns ?? true
    this.#maxCount = policy.maxCount ?? DEFAULT_MAX_COUNT
    if (!Number.isInteger(this.#maxCount) || this.#maxCount < 0) {
      throw new CandidateError('ERR_CANDIDATE_POLICY', 'maxCount: must be an integer, 0 or more')
    }
    this.#prefer = [...oneOf(policy.prefer ?? [], TRAITS, 'prefer')]
  }

  /** Whether a candidate passes by its type, protocol and address. */
  accepts(candidate: IceCandidate): boolean {
    if (!this.#types.has(candidate.type) || !this.#protocols.has(candidate.protocol)) return false
    const address = parseAddress(candidate.address)
    if (address === undefined) return this.#mdns
    return (this.#allow?.has(address) ?? true) && !this.#deny.has(address)
  }

  /** The candidates that pass, in order, without duplicates, at most `maxCount`. */
  apply(candidates: readonly IceCandidate[]): IceCandidate[] {
    const ordered = candidates
      .filter((candidate) => this.accepts(candidate))
      .sort((one, other) => this.#compare(one, other))
    return this.#cut(withoutDuplicates(ordered))
  }

  #compare(one: IceCandidate, other: IceCandidate): number {
    for (const trait of this.#prefer) {
      const difference = Number(hasTrait(other, trait)) - Number(hasTrait(one, trait))
      if (difference !== 0) return difference
    }
    return other.priority - one.priority
  }

  /** The best of each type comes first into the count: eight interfaces must not push out the only relay. */
  #cut(ordered: readonly IceCandidate[]): IceCandidate[] {
    if (ordered.length <= this.#maxCount) return [...ordered]
    const bestOfType = TYPES.flatMap((type) => ordered.find((candidate) => candidate.type === type) ?? [])
    const kept = new Set([...bestOfType.sort((one, other) => this.#compare(one, other)), ...ordered])
    const chosen = new Set([...kept].slice(0, this.#maxCount))
    return ordered.filter((candidate) => chosen.has(candidate))
  }
}

function oneOf<Value extends string>(
  given: readonly Value[],
  known: readonly Value[],
  where: string
): Set<Value> {
  const index = given.findIndex((value) => !known.includes(value))
  if (index !== -1) {
    throw new CandidateError('ERR_CANDIDATE_POLICY', `${where}[${index}]: must be one of ${known.join(', ')}`)
  }
  return new Set(given)
}

function hasTrait(candidate: IceCandidate, trait: CandidateTrait): boolean {
  switch (trait) {
    case 'ipv4':
      return parseAddress(candidate.address)?.length === 4
    case 'ipv6':
      return parseAddress(candidate.address)?.length === 16
    case 'udp':
    case 'tcp':
      return candidate.protocol === trait
    default:
      return candidate.type === trait
  }
}

/** Of candidates for the same transport address, the first (RFC 8445 §5.1.3). */
function withoutDuplicates(candidates: readonly IceCandidate[]): IceCandidate[] {
  const seen = new Set<string>()
  return candidates.filter(({ protocol, tcpType, address, port, usernameFragment }) => {
    const key = `${protocol} ${tcpType ?? ''} ${address} ${port} ${usernameFragment ?? ''}`
    return !seen.has(key) && seen.add(key)
  })
}

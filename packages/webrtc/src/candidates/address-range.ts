import { parseAddress, unmapAddress, type AddressBytes } from './address.ts'
import { CandidateError } from './errors.ts'

/**
 * Ranges that have a name here: `loopback` 127.0.0.0/8 and ::1; `link-local` 169.254.0.0/16 and fe80::/10; `private`
 * RFC 1918 and fc00::/7; `shared` 100.64.0.0/10, behind a carrier's NAT (RFC 6598); `unspecified` 0.0.0.0/8 and ::;
 * `multicast` 224.0.0.0/4, ff00::/8 and the broadcast address; `ipv4` and `ipv6` all of a family.
 */
export type AddressPreset =
  'ipv4' | 'ipv6' | 'link-local' | 'loopback' | 'multicast' | 'private' | 'shared' | 'unspecified'

const PRESETS: ReadonlyMap<string, readonly string[]> = new Map<AddressPreset, readonly string[]>([
  ['ipv4', ['0.0.0.0/0']],
  ['ipv6', ['::/0']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['multicast', ['224.0.0.0/4', '255.255.255.255/32', 'ff00::/8']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  ['shared', ['100.64.0.0/10']],
  ['unspecified', ['0.0.0.0/8', '::/128']]
])

interface Prefix {
  readonly bytes: AddressBytes
  readonly bits: number
}

/** A set of addresses, made of ranges in CIDR form (`10.0.0.0/8`, `2001:db8::/32`), single addresses and presets. */
export class AddressRanges {
  readonly #prefixes: readonly Prefix[]

  /** @throws {CandidateError} `ERR_CANDIDATE_POLICY`; the message begins with `where` and the index at fault */
  constructor(ranges: readonly string[], where = 'ranges') {
    this.#prefixes = ranges.flatMap((range, index) =>
      (PRESETS.get(range) ?? [range]).map((cidr) => parsePrefix(cidr, `${where}[${index}]`))
    )
  }

  /** True for an address in one of the ranges. An IPv4-mapped IPv6 address counts as IPv4. */
  has(address: AddressBytes): boolean {
    const bytes = unmapAddress(address)
    return this.#prefixes.some((prefix) => bytes.length === prefix.bytes.length && startsWith(bytes, prefix))
  }
}

function parsePrefix(text: string, where: string): Prefix {
  const match = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text)
  const bytes = parseAddress(match?.[1] ?? '')
  if (bytes === undefined) throw badRange(text, where)
  const bits = match?.[2] === undefined ? bytes.length * 8 : Number(match[2])
  if (bits > bytes.length * 8) throw badRange(text, where)
  return { bytes, bits }
}

function badRange(text: string, where: string): CandidateError {
  const known = [...PRESETS.keys()].join(', ')
  return new CandidateError(
    'ERR_CANDIDATE_POLICY',
    `${where}: ${JSON.stringify(text)} is no range like 10.0.0.0/8 or fd00::/8, no address, and none of ${known}`
  )
}

function startsWith(address: AddressBytes, { bytes, bits }: Prefix): boolean {
  const whole = bits >> 3
  for (let index = 0; index < whole; index++) {
    if (address[index] !== bytes[index]) return false
  }
  const rest = 8 - (bits & 7)
  return rest === 8 || address[whole] >> rest === bytes[whole] >> rest
}

/** An IP address as its bytes in network order: 4 of IPv4, 16 of IPv6. */
export type AddressBytes = Uint8Array

const IPV4_MAPPED_PREFIX_BYTES = 12

/**
 * Reads an IPv4 address (four decimal numbers, no leading zeros) or an IPv6 address (RFC 4291 §2.2, without brackets
 * or zone). Returns `undefined` for anything else.
 */
export function parseAddress(text: string): AddressBytes | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Writes an address in its canonical form: dotted decimal, or RFC 5952. */
export function formatAddress(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join('.')
  if (isIpv4Mapped(bytes)) return `::ffff:${bytes.subarray(IPV4_MAPPED_PREFIX_BYTES).join('.')}`
  const groups = Array.from({ length: 8 }, (_, index) => groupAt(bytes, index))
  const gap = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  if (gap.length < 2) return hex.join(':')
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.length).join(':')}`
}

/** The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), any other address as it is. */
export function unmapAddress(bytes: AddressBytes): AddressBytes {
  return isIpv4Mapped(bytes) ? bytes.subarray(IPV4_MAPPED_PREFIX_BYTES) : bytes
}

function isIpv4Mapped(bytes: AddressBytes): boolean {
  return (
    bytes.length === 16 &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff &&
    bytes.subarray(0, 10).every((byte) => byte === 0)
  )
}

function groupAt(bytes: AddressBytes, index: number): number {
  return ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)
}

/** The first of the longest runs of zero groups, which RFC 5952 §4.2 writes as `::`. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  })
  return best
}

function parseIpv4(text: string): AddressBytes | undefined {
  const parts = text.split('.', 5)
  if (parts.length !== 4 || text.length > 15) return undefined
  const bytes = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    bytes[index] = Number(part)
  }
  return bytes
}

function parseIpv6(text: string): AddressBytes | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = parseGroups(halves[1] ?? '', true)
  if (head === undefined || tail === undefined) return undefined
  const given = head.length + tail.length
  if (halves.length === 1 ? given !== 16 : given > 14) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

/** The bytes of colon-separated groups; the last may be dotted decimal where the address ends with them. */
function parseGroups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (/^[\dA-Fa-f]{1,4}$/.test(group)) {
      const value = parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
      continue
    }
    const ipv4 = endsAddress && index === groups.length - 1 ? parseIpv4(group) : undefined
    if (ipv4 === undefined) return undefined
    bytes.push(...ipv4)
  }
  return bytes
}

import { canonicalCandidateAddress } from './candidate-address.ts'
import type { CandidateProtocol, CandidateTcpType, CandidateType, IceCandidate } from './candidate.ts'
import { CandidateError } from './errors.ts'
import { isIceChars } from './ice-chars.ts'

/** UTF-16 units of a candidate line. The longest that any stack writes stay below 300. */
export const MAX_CANDIDATE_LENGTH = 1024

const MAX_UINT32 = 0xffff_ffff
const MAX_PORT = 65_535

/** Port that RFC 8839 §5.1 names for a related address that is kept private. */
const DISCARD_PORT = 9

/**
 * Reads one candidate line, `candidate:…` or `a=candidate:…` (RFC 8839 §5.1, RFC 6544 §4.5). Addresses come out
 * canonical. Extensions other than `tcptype` and `ufrag` are dropped, and so is the related address of a host
 * candidate; where another type has none that can be used, it reads as the unspecified address, port 9.
 *
 * @throws {CandidateError} `ERR_CANDIDATE_SYNTAX` or, for what should be ignored, `ERR_CANDIDATE_UNSUPPORTED`
 */
export function parseCandidate(line: string): IceCandidate {
  if (line.length > MAX_CANDIDATE_LENGTH) throw syntax(`longer than ${MAX_CANDIDATE_LENGTH} characters`)
  const tokens = /^(?:a=)?candidate:(.*)$/i.exec(line)?.[1]?.trimEnd().split(' ')
  if (tokens === undefined) throw syntax('does not begin with "candidate:"')
  const [foundation, component, transport, priority, address, port, typ, type, ...extensions] = tokens
  if (foundation === undefined || !isIceChars(foundation, 1, 32))
    throw syntax('foundation is not 1 to 32 ice-chars')
  const componentId = readNumber(component, 'component', 256)
  const priorityValue = readNumber(priority, 'priority', MAX_UINT32)
  const portValue = readNumber(port, 'port', MAX_PORT)
  if (address === undefined || address === '') throw syntax('address is missing')
  if (typ !== 'typ' || type === undefined) throw syntax('type is missing')
  const known = readExtensions(extensions)

  if (componentId !== 1) throw unsupported(`component ${componentId}: data channels use component 1 only`)
  if (portValue === 0) throw unsupported('port 0')
  const canonical = canonicalCandidateAddress(address)
  if (canonical === undefined) throw unsupported('address is neither IPv4, IPv6 nor an mDNS name')
  const candidateType = readType(type)
  return {
    foundation,
    ...readTransport(transport ?? '', known.get('tcptype')),
    priority: priorityValue,
    address: canonical,
    port: portValue,
    type: candidateType,
    ...(candidateType === 'host' ? {} : readRelated(canonical, known.get('raddr'), known.get('rport'))),
    ...readUsernameFragment(known.get('ufrag'))
  }
}

const KNOWN_EXTENSIONS = new Set(['raddr', 'rport', 'tcptype', 'ufrag'])

function readExtensions(tokens: readonly string[]): Map<string, string> {
  const known = new Map<string, string>()
  for (let index = 0; index < tokens.length; index += 2) {
    const name = tokens[index]
    const value = tokens[index + 1]
    if (name === undefined || name === '' || value === undefined || value === '') {
      throw syntax('extensions do not come in pairs of a name and a value')
    }
    if (!KNOWN_EXTENSIONS.has(name)) continue
    if (known.has(name)) throw syntax(`${name} stands twice`)
    known.set(name, value)
  }
  return known
}

function readNumber(text: string | undefined, field: string, max: number): number {
  if (text === undefined || !/^\d{1,10}$/.test(text) || Number(text) > max) {
    throw syntax(`${field} is not a number from 0 to ${max}`)
  }
  return Number(text)
}

function readTransport(
  transport: string,
  tcpType: string | undefined
): { protocol: CandidateProtocol; tcpType?: CandidateTcpType } {
  switch (transport.toLowerCase()) {
    case 'udp':
      return { protocol: 'udp' }
    case 'tcp':
      if (tcpType !== 'active' && tcpType !== 'passive' && tcpType !== 'so') {
        throw unsupported('a TCP candidate needs tcptype active, passive or so')
      }
      return { protocol: 'tcp', tcpType }
    default:
      throw unsupported('transport is neither UDP nor TCP')
  }
}

function readType(type: string): CandidateType {
  switch (type) {
    case 'host':
    case 'srflx':
    case 'prflx':
    case 'relay':
      return type
    default:
      throw unsupported('type is none of host, srflx, prflx and relay')
  }
}

/** The related address is for diagnostics only (RFC 8839 §5.1), so that a useless one does not spoil a candidate. */
function readRelated(
  address: string,
  raddr: string | undefined,
  rport: string | undefined
): { relatedAddress: string; relatedPort: number } {
  const relatedAddress = raddr === undefined ? undefined : canonicalCandidateAddress(raddr)
  if (
    relatedAddress === undefined ||
    rport === undefined ||
    !/^\d{1,5}$/.test(rport) ||
    Number(rport) > MAX_PORT
  ) {
    return hiddenRelated(address)
  }
  return { relatedAddress, relatedPort: Number(rport) }
}

/** What stands for a related address that is not told (RFC 8839 §5.1), in the family of the candidate. */
export function hiddenRelated(address: string): { relatedAddress: string; relatedPort: number } {
  return { relatedAddress: address.includes(':') ? '::' : '0.0.0.0', relatedPort: DISCARD_PORT }
}

function readUsernameFragment(ufrag: string | undefined): { usernameFragment?: string } {
  if (ufrag === undefined) return {}
  if (!isIceChars(ufrag, 4, 256)) throw syntax('ufrag is not 4 to 256 ice-chars')
  return { usernameFragment: ufrag }
}

function syntax(what: string): CandidateError {
  return new CandidateError('ERR_CANDIDATE_SYNTAX', `not an ICE candidate: ${what}`)
}

function unsupported(what: string): CandidateError {
  return new CandidateError('ERR_CANDIDATE_UNSUPPORTED', `ICE candidate to be ignored: ${what}`)
}

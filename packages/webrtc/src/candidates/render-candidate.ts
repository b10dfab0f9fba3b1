import { canonicalCandidateAddress } from './candidate-address.ts'
import type { IceCandidate } from './candidate.ts'
import { CandidateError } from './errors.ts'
import { isIceChars } from './ice-chars.ts'
import { hiddenRelated } from './parse-candidate.ts'

/**
 * Writes a candidate as `candidate:…`, the form of `RTCIceCandidate.candidate` and, behind `a=`, of SDP. Every member
 * is checked, so that no value can put foreign text into a line. A candidate that is not of type `host` and has no
 * related address is written with an unspecified one, which RFC 8839 §5.1 demands.
 *
 * @throws {CandidateError} `ERR_CANDIDATE_INVALID`
 */
export function renderCandidate(candidate: IceCandidate): string {
  checkCandidate(candidate)
  const { foundation, protocol, priority, address, port, type } = candidate
  let line = `candidate:${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}`
  if (type !== 'host') {
    const hidden = hiddenRelated(address)
    const relatedAddress = candidate.relatedAddress ?? hidden.relatedAddress
    line += ` raddr ${relatedAddress} rport ${candidate.relatedPort ?? hidden.relatedPort}`
  }
  if (candidate.tcpType !== undefined) line += ` tcptype ${candidate.tcpType}`
  if (candidate.usernameFragment !== undefined) line += ` ufrag ${candidate.usernameFragment}`
  return line
}

const TYPES: readonly string[] = ['host', 'srflx', 'prflx', 'relay']
const TCP_TYPES: readonly (string | undefined)[] = ['active', 'passive', 'so']

/**
 * Checks every member of a candidate value, also of one that no compiler has seen.
 *
 * @throws {CandidateError} `ERR_CANDIDATE_INVALID`, naming the member
 */
export function checkCandidate(candidate: IceCandidate): void {
  const { foundation, protocol, priority, address, port, type, tcpType } = candidate
  const { relatedAddress, relatedPort, usernameFragment } = candidate
  check(typeof foundation === 'string' && isIceChars(foundation, 1, 32), 'foundation')
  check(isInteger(priority, 0, 0xffff_ffff), 'priority')
  check(isCanonical(address), 'address')
  check(isInteger(port, 1, 65_535), 'port')
  check(TYPES.includes(type), 'type')
  check(protocol === 'udp' ? tcpType === undefined : TCP_TYPES.includes(tcpType), 'tcpType')
  check(['udp', 'tcp'].includes(protocol), 'protocol')
  check(relatedAddress === undefined || isCanonical(relatedAddress), 'relatedAddress')
  check(relatedPort === undefined || isInteger(relatedPort, 0, 65_535), 'relatedPort')
  check((relatedAddress === undefined) === (relatedPort === undefined), 'relatedPort')
  check(
    usernameFragment === undefined ||
      (typeof usernameFragment === 'string' && isIceChars(usernameFragment, 4, 256)),
    'usernameFragment'
  )
}

function isCanonical(address: unknown): boolean {
  return typeof address === 'string' && canonicalCandidateAddress(address) === address
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max
}

function check(holds: boolean, member: string): void {
  if (!holds)
    throw new CandidateError('ERR_CANDIDATE_INVALID', `cannot write this ICE candidate: bad ${member}`)
}

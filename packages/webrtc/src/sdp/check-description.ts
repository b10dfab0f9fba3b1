import type { IceCandidate } from '../candidates/candidate.ts'
import { isIceChars } from '../candidates/ice-chars.ts'
import { checkCandidate } from '../candidates/render-candidate.ts'
import { ICE_OPTIONS, SDP_LIMITS, type SdpDataSection, type SdpDescription } from './description.ts'
import { SdpError } from './errors.ts'
import { isFingerprint } from './fingerprint.ts'

/**
 * Checks every member of a description value, also of one that no compiler has seen.
 *
 * @throws {SdpError} `ERR_SDP_VALUE`, naming the member
 */
export function checkDescription({ sessionId, sessionVersion, data }: SdpDescription): void {
  check(
    typeof sessionId === 'string' && /^(?:0|[1-9]\d{0,18})$/.test(sessionId) && BigInt(sessionId) < 1n << 63n,
    'sessionId'
  )
  check(isInteger(sessionVersion, 0, 999_999_999_999_999), 'sessionVersion')
  if (data === undefined) return
  check(typeof data.mid === 'string' && /^[\w!#$%&'*+.^`{|}~-]{1,16}$/.test(data.mid), 'mid')
  check(['UDP/DTLS/SCTP', 'TCP/DTLS/SCTP'].includes(data.protocol), 'protocol')
  if (!data.rejected) checkSection(data)
}

function checkSection(data: SdpDataSection): void {
  check(typeof data.iceUfrag === 'string' && isIceChars(data.iceUfrag, 4, 256), 'iceUfrag')
  check(typeof data.icePwd === 'string' && isIceChars(data.icePwd, 22, 256), 'icePwd')
  const known = ICE_OPTIONS.filter((option) => data.iceOptions.includes(option))
  check(data.iceOptions.join() === known.join(), 'iceOptions')
  check(isFingerprint(data.fingerprint), 'fingerprint')
  check(['actpass', 'active', 'passive'].includes(data.setup), 'setup')
  check(isInteger(data.sctpPort, 1, 65_535), 'sctpPort')
  check(isInteger(data.maxMessageSize, 0, 0xffff_ffff), 'maxMessageSize')
  checkCandidates(data.candidates)
}

/** @throws {SdpError} `ERR_SDP_VALUE` */
export function checkCandidates(candidates: readonly IceCandidate[]): void {
  if (candidates.length > SDP_LIMITS.candidates) {
    throw new SdpError('ERR_SDP_VALUE', `more than ${SDP_LIMITS.candidates} candidates`)
  }
  for (const candidate of candidates) {
    try {
      checkCandidate(candidate)
    } catch (cause) {
      throw new SdpError('ERR_SDP_VALUE', (cause as Error).message, { cause })
    }
  }
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max
}

function check(holds: boolean, member: string): void {
  if (!holds) throw new SdpError('ERR_SDP_VALUE', `cannot write this description: bad ${member}`)
}

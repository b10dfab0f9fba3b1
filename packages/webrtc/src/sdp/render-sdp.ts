import { isIceChars } from '../candidates/ice-chars.ts'
import { renderCandidate } from '../candidates/render-candidate.ts'
import {
  ICE_OPTIONS,
  SDP_LIMITS,
  type SdpDataSection,
  type SdpDescription,
  type SdpRejectedSection
} from './description.ts'
import { SdpError } from './errors.ts'
import { formatFingerprint, isFingerprint } from './fingerprint.ts'

/**
 * Writes a description as JSEP demands (RFC 9429 §5.2.1), with CRLF. `parseSdp(renderSdp(x))` equals `x`. Every
 * member is checked first, so that no value can put a line of its own into the text.
 *
 * The `m=` line says port 9 and `c=` an unspecified address, as in trickle ICE (RFC 8840 §4.1.1), also where
 * candidates are known: agents take them from `a=candidate`.
 *
 * @throws {SdpError} `ERR_SDP_VALUE`
 */
export function renderSdp(description: SdpDescription): string {
  checkDescription(description)
  const { sessionId, sessionVersion, data } = description
  const lines = ['v=0', `o=- ${sessionId} ${sessionVersion} IN IP4 127.0.0.1`, 's=-', 't=0 0']
  if (data?.rejected === true) lines.push(...rejectedLines(data))
  else if (data !== undefined) lines.push(...dataLines(data))
  return `${lines.join('\r\n')}\r\n`
}

function rejectedLines({ mid, protocol }: SdpRejectedSection): string[] {
  return [`m=application 0 ${protocol} webrtc-datachannel`, 'c=IN IP4 0.0.0.0', `a=mid:${mid}`]
}

function dataLines(data: SdpDataSection): string[] {
  return [
    `a=group:BUNDLE ${data.mid}`,
    ...(data.iceLite ? ['a=ice-lite'] : []),
    `m=application 9 ${data.protocol} webrtc-datachannel`,
    'c=IN IP4 0.0.0.0',
    ...data.candidates.map((candidate) => `a=${renderCandidate(candidate)}`),
    ...(data.endOfCandidates ? ['a=end-of-candidates'] : []),
    `a=ice-ufrag:${data.iceUfrag}`,
    `a=ice-pwd:${data.icePwd}`,
    ...(data.iceOptions.length > 0 ? [`a=ice-options:${data.iceOptions.join(' ')}`] : []),
    `a=fingerprint:${formatFingerprint(data.fingerprint)}`,
    `a=setup:${data.setup}`,
    `a=mid:${data.mid}`,
    `a=sctp-port:${data.sctpPort}`,
    `a=max-message-size:${data.maxMessageSize}`
  ]
}

/**
 * Checks every member of a description value but the candidates', which `renderCandidate` checks.
 *
 * @throws {SdpError} `ERR_SDP_VALUE`, naming the member
 */
export function checkDescription({ sessionId, sessionVersion, data }: SdpDescription): void {
  check(/^(?:0|[1-9]\d{0,18})$/.test(sessionId) && BigInt(sessionId) < 1n << 63n, 'sessionId')
  check(isInteger(sessionVersion, 0, 999_999_999_999_999), 'sessionVersion')
  if (data === undefined) return
  check(/^[\w!#$%&'*+.^`{|}~-]{1,16}$/.test(data.mid), 'mid')
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
  check(data.candidates.length <= SDP_LIMITS.candidates, 'candidates')
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max
}

function check(holds: boolean, member: string): void {
  if (!holds) throw new SdpError('ERR_SDP_VALUE', `cannot write this description: bad ${member}`)
}

import { renderCandidate } from '../candidates/render-candidate.ts'
import { checkDescription } from './check-description.ts'
import {
  SDP_LIMITS,
  type SdpDataSection,
  type SdpDescription,
  type SdpRejectedSection
} from './description.ts'
import { SdpError } from './errors.ts'
import { formatFingerprint } from './fingerprint.ts'

/**
 * Writes a description as JSEP demands (RFC 9429 §5.2.1), with CRLF. `parseSdp(renderSdp(x))` equals `x`. Every
 * member is checked first, so that no value can put a line of its own into the text.
 *
 * The `m=` line says port 9 and `c=` an unspecified address, as in trickle ICE (RFC 8840 §4.1.1), also where
 * candidates are known: agents take them from `a=candidate`.
 *
 * @throws {SdpError} `ERR_SDP_VALUE`, or `ERR_SDP_TOO_LARGE` for what `parseSdp` would not take
 */
export function renderSdp(description: SdpDescription): string {
  checkDescription(description)
  const { sessionId, sessionVersion, data } = description
  const lines = ['v=0', `o=- ${sessionId} ${sessionVersion} IN IP4 127.0.0.1`, 's=-', 't=0 0']
  if (data?.rejected === true) lines.push(...rejectedLines(data))
  else if (data !== undefined) lines.push(...dataLines(data))
  const text = `${lines.join('\r\n')}\r\n`
  if (text.length > SDP_LIMITS.description) {
    throw new SdpError('ERR_SDP_TOO_LARGE', `a description may have ${SDP_LIMITS.description} characters`)
  }
  return text
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

import type { CandidateFilter } from '@hearsay/webrtc'
import { munge, parseSdp, renderSdp, type SdpDataSection, type SdpDescription } from '@hearsay/webrtc'
import { NegotiationError } from '../errors.ts'
import type { SessionDescriptionLike } from '../peer-connection.ts'

/** A description of which the data section is known to be there. */
export interface UsableDescription {
  readonly description: SdpDescription
  readonly data: SdpDataSection
}

/** What is sent of a local description: parsed, stripped of what nobody needs, its candidates filtered and ordered. */
export function outgoingDescription(
  local: SessionDescriptionLike | null,
  filter: CandidateFilter
): UsableDescription {
  const type = local?.type
  if (local === null || (type !== 'offer' && type !== 'answer')) {
    throw new NegotiationError('the peer connection has no local description')
  }
  return usable(munge(parseSdp(local.sdp, { type }), { candidates: filter }), type)
}

/**
 * What is handed to the peer connection of a remote description: rendered anew from its checked value, so that no
 * foreign text reaches a parser below.
 *
 * @throws {NegotiationError} it has no usable data section
 */
export function incomingDescription(
  remote: SdpDescription,
  type: 'offer' | 'answer',
  filter: CandidateFilter
): UsableDescription & { readonly sdp: string } {
  const result = usable(munge(remote, { candidates: filter }), type)
  return { ...result, sdp: renderSdp(result.description) }
}

function usable(description: SdpDescription, type: 'offer' | 'answer'): UsableDescription {
  const { data } = description
  if (data === undefined || data.rejected)
    throw new NegotiationError(`the ${type} has no data-channel section`)
  if (type === 'answer' && data.setup === 'actpass') {
    throw new NegotiationError('the answer does not choose a DTLS role (RFC 8842 §5.3)')
  }
  return { description, data }
}

import { CandidateFilter, type CandidatePolicy } from '../candidates/candidate-filter.ts'
import type { IceCandidate } from '../candidates/candidate.ts'
import { hiddenRelated } from '../candidates/parse-candidate.ts'
import type { SdpDataSection, SdpDescription } from './description.ts'

/** What `munge` changes. */
export interface MungePolicy {
  /** Which candidates stay, and in what order; or a filter that was made ready. @default all, best first */
  readonly candidates?: CandidatePolicy | CandidateFilter
  /** The message size to announce, in bytes; 0 means any. @default what the description says */
  readonly maxMessageSize?: number
  /**
   * Whether the related addresses of reflexive and relayed candidates stay. Only people who debug read them, and a
   * relayed candidate tells the peer by them what the relay was to hide. @default false
   */
  readonly relatedAddresses?: boolean
}

/**
 * Returns another description, changed as the policy says; the one given stays as it is. Candidates of another ICE
 * generation go (their `ufrag` is not the section's), and so does the `ufrag` of the rest, which repeats the
 * section's. Unneeded lines are no matter here: `parseSdp` has dropped them.
 *
 * @throws {CandidateError} `ERR_CANDIDATE_POLICY`
 */
export function munge(description: SdpDescription, policy: MungePolicy = {}): SdpDescription {
  const { data } = description
  if (data === undefined || data.rejected) return description
  const filter =
    policy.candidates instanceof CandidateFilter ? policy.candidates : new CandidateFilter(policy.candidates)
  const ofGeneration = data.candidates.filter((candidate) => isOfGeneration(candidate, data))
  return {
    ...description,
    data: {
      ...data,
      maxMessageSize: policy.maxMessageSize ?? data.maxMessageSize,
      candidates: filter.apply(
        ofGeneration.map((candidate) => trim(candidate, policy.relatedAddresses ?? false))
      )
    }
  }
}

function isOfGeneration({ usernameFragment }: IceCandidate, { iceUfrag }: SdpDataSection): boolean {
  return usernameFragment === undefined || usernameFragment === iceUfrag
}

/** The candidate without its `ufrag` and, unless they stay, without what its related address tells. */
function trim(candidate: IceCandidate, relatedAddresses: boolean): IceCandidate {
  const { foundation, protocol, priority, address, port, type, tcpType, relatedAddress, relatedPort } =
    candidate
  return {
    foundation,
    protocol,
    ...(tcpType === undefined ? {} : { tcpType }),
    priority,
    address,
    port,
    type,
    ...(relatedAddress === undefined
      ? {}
      : relatedAddresses
        ? { relatedAddress, relatedPort }
        : hiddenRelated(address))
  }
}

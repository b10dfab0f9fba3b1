import { Candidate } from 'werift'
import type { CandidateType, IceCandidate } from '../../candidates/index.ts'

/** werift's form of a candidate. */
export function toWerift(candidate: IceCandidate): Candidate {
  const { foundation, protocol, priority, address, port, type, relatedAddress, relatedPort } = candidate
  return new Candidate(foundation, 1, protocol, priority, address, port, type, relatedAddress, relatedPort)
}

/** Our form of werift's candidate. Candidates have no zone, which the address of a neighbour comes with. */
export function fromWerift(candidate: Candidate): IceCandidate {
  const { foundation, priority, host, port, type, relatedAddress, relatedPort } = candidate
  return {
    foundation,
    protocol: 'udp',
    priority,
    address: host.split('%', 1)[0],
    port,
    type: type as CandidateType,
    ...(relatedAddress === undefined || relatedPort === undefined ? {} : { relatedAddress, relatedPort })
  }
}

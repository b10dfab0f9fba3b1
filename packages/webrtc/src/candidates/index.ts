export type { CandidateProtocol, CandidateTcpType, CandidateType, IceCandidate } from './candidate.ts'
export { CandidateError, type CandidateErrorCode } from './errors.ts'
export { MAX_CANDIDATE_LENGTH, parseCandidate } from './parse-candidate.ts'
export { renderCandidate } from './render-candidate.ts'

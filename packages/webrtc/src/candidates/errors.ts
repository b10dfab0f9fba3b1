/** Stable codes of `CandidateError`. */
export type CandidateErrorCode =
  /** The line does not follow the grammar of RFC 8839 §5.1. */
  | 'ERR_CANDIDATE_SYNTAX'
  /** Well-formed, but of a transport, component, type or address form that is not spoken here: to be ignored. */
  | 'ERR_CANDIDATE_UNSUPPORTED'
  /** A value handed to `renderCandidate` is not a candidate. */
  | 'ERR_CANDIDATE_INVALID'
  /** A candidate policy cannot be used; the message names the member at fault. */
  | 'ERR_CANDIDATE_POLICY'

/** A candidate line, value or policy that cannot be used. */
export class CandidateError extends Error {
  static override readonly name = 'CandidateError'
  override readonly name = 'CandidateError'
  readonly code: CandidateErrorCode

  constructor(code: CandidateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

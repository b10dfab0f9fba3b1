/** Stable codes of `SdpError`. */
export type SdpErrorCode =
  /** The description, a line or a list in it is longer than `SDP_LIMITS` allows. */
  | 'ERR_SDP_TOO_LARGE'
  /** A line is not `<letter>=<value>`, or its value does not follow the grammar of its RFC. */
  | 'ERR_SDP_SYNTAX'
  /** A section that is not a WebRTC data-channel section, or more than one section. */
  | 'ERR_SDP_MEDIA'
  /** A line or attribute that a data-channel section cannot do without is missing. */
  | 'ERR_SDP_MISSING'
  /** A line or attribute that may stand once stands twice, or the same at two levels with two values. */
  | 'ERR_SDP_DUPLICATE'
  /** Not exactly one sha-256 fingerprint of 32 bytes. */
  | 'ERR_SDP_FINGERPRINT'
  /** `a=setup` does not fit: unknown, or `actpass` in an answer. */
  | 'ERR_SDP_SETUP'
  /** A value handed to `renderSdp` or `encodeDescription` is out of its range. */
  | 'ERR_SDP_VALUE'
  /** Bytes handed to `decodeDescription` are not a compact description. */
  | 'ERR_SDP_COMPACT'

/** A session description that cannot be used. */
export class SdpError extends Error {
  static override readonly name = 'SdpError'
  override readonly name = 'SdpError'
  readonly code: SdpErrorCode
  /** Number of the offending line, counted from 1; absent where no single line is at fault. */
  readonly line?: number

  constructor(code: SdpErrorCode, message: string, options?: ErrorOptions & { line?: number }) {
    super(options?.line === undefined ? message : `line ${options.line}: ${message}`, options)
    this.code = code
    if (options?.line !== undefined) this.line = options.line
  }
}

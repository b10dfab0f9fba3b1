/** What a `DtlsError` is about. */
export type DtlsErrorCode =
  'ERR_DTLS_FINGERPRINT' | 'ERR_DTLS_OPTION' | 'ERR_DTLS_STATE' | 'ERR_DTLS_DATA_TOO_LONG'

/** A mistake of the caller; what the network does wrong becomes an event or a count instead. */
export class DtlsError extends Error {
  override readonly name = 'DtlsError'
  readonly code: DtlsErrorCode

  constructor(code: DtlsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

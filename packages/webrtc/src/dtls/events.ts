/** Why a connection failed. Stable strings, fit for logs and metrics labels. */
export type DtlsFailureReason =
  | 'timeout'
  | 'malformed-message'
  | 'unexpected-message'
  | 'no-common-parameters'
  | 'no-extended-master-secret'
  | 'fingerprint-mismatch'
  | 'bad-certificate'
  | 'bad-key-share'
  | 'bad-signature'
  | 'bad-finished'
  | 'alert-received'
  | 'limit-reached'

/** What became of the connection; taken out with `DtlsConnection.pollEvent()`. */
export type DtlsEvent =
  /** The peer proved that it holds the key of the fingerprinted certificate; data may flow. */
  | {
      readonly type: 'connected'
      /** The peer's certificate, DER. */
      readonly remoteCertificate: Uint8Array
      /** IANA name, as `RTCTransportStats.dtlsCipher` wants it. */
      readonly cipherSuite: string
      /** Name of the key agreement group, as `RTCTransportStats.tlsGroup` wants it. */
      readonly group: string
    }
  /** One application record. The bytes belong to whoever takes the event. */
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** The peer closed: an authenticated close_notify arrived. Nothing follows. */
  | { readonly type: 'closed' }
  /** The connection is over, or never came to be. Nothing follows. */
  | { readonly type: 'failed'; readonly reason: DtlsFailureReason; readonly message: string }

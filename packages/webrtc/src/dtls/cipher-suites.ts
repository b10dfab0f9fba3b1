/** A cipher suite with ephemeral ECDH, an AEAD and SHA-256. */
export interface CipherSuite {
  readonly id: number
  /** IANA name. */
  readonly name: string
  /** Key type of the server's certificate. */
  readonly authentication: 'ecdsa' | 'rsa'
  readonly aead: 'aes-128-gcm' | 'chacha20-poly1305'
  readonly keyLength: number
  /** Bytes of the nonce that come from the key block. */
  readonly fixedIvLength: number
}

const AES_128_GCM = { aead: 'aes-128-gcm', keyLength: 16, fixedIvLength: 4 } as const
const CHACHA20_POLY1305 = { aead: 'chacha20-poly1305', keyLength: 32, fixedIvLength: 12 } as const

/**
 * In order of preference. AES-128-GCM is the one that every WebRTC stack has (RFC 8827, section 6.5) and the
 * fastest here. AES-256 would only bring a second hash into the key schedule.
 */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  { id: 0xc02b, name: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', authentication: 'ecdsa', ...AES_128_GCM },
  {
    id: 0xcca9,
    name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    authentication: 'ecdsa',
    ...CHACHA20_POLY1305
  },
  { id: 0xc02f, name: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', authentication: 'rsa', ...AES_128_GCM },
  {
    id: 0xcca8,
    name: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    authentication: 'rsa',
    ...CHACHA20_POLY1305
  }
]

/** Says in a ClientHello what an empty renegotiation_info says (RFC 5746, section 3.3). */
export const EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff

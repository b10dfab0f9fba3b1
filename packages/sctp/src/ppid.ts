/**
 * Payload protocol identifiers of WebRTC (RFC 8831 section 8). SCTP has no empty messages: an empty string or
 * binary message travels as one zero byte under its own identifier (RFC 8831 section 6.6).
 */
export const Ppid = {
  /** Data Channel Establishment Protocol, RFC 8832. */
  dcep: 50,
  string: 51,
  binary: 53,
  stringEmpty: 56,
  binaryEmpty: 57
} as const

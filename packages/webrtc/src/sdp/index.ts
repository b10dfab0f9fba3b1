export {
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_SCTP_PORT,
  ICE_OPTIONS,
  SDP_LIMITS,
  type IceOption,
  type SdpDataSection,
  type SdpDescription,
  type SdpProtocol,
  type SdpRejectedSection,
  type SdpSetup
} from './description.ts'
export { SdpError, type SdpErrorCode } from './errors.ts'
export { parseSdp, type ParseSdpOptions } from './parse-sdp.ts'
export { renderSdp } from './render-sdp.ts'
export { decodeCandidates, encodeCandidates } from './compact-candidate.ts'
export { decodeDescription, encodeDescription } from './compact-description.ts'
export { munge, type MungePolicy } from './munge.ts'

import {
  CandidateError,
  decodeCandidates,
  decodeDescription,
  encodeCandidates,
  encodeDescription,
  parseCandidate,
  parseSdp,
  renderCandidate,
  renderSdp,
  SdpError,
  type CandidateBatch,
  type IceCandidate,
  type SdpDescription
} from '@hearsay/webrtc'
import { decoderTarget, type FuzzTarget } from '../fuzz-target.ts'

const HOST: IceCandidate = {
  foundation: '1',
  protocol: 'udp',
  priority: 2_122_260_223,
  address: '192.0.2.7',
  port: 54_321,
  type: 'host'
}

const REFLEXIVE: IceCandidate = {
  ...HOST,
  foundation: '2',
  priority: 1_686_052_607,
  address: '2001:db8::1',
  type: 'srflx',
  relatedAddress: '192.0.2.7',
  relatedPort: 54_321
}

export const CANDIDATES: CandidateBatch = { candidates: [HOST, REFLEXIVE], endOfCandidates: true }

export const DESCRIPTION: SdpDescription = {
  sessionId: '4611731400430051336',
  sessionVersion: 2,
  data: {
    rejected: false,
    mid: '0',
    protocol: 'UDP/DTLS/SCTP',
    iceUfrag: 'abcd',
    icePwd: 'p'.repeat(24),
    iceOptions: ['trickle'],
    iceLite: false,
    fingerprint: new Uint8Array(32).fill(7),
    setup: 'actpass',
    sctpPort: 5000,
    maxMessageSize: 65_536,
    candidates: [HOST],
    endOfCandidates: false
  }
}

const utf8 = new TextEncoder()
const text = new TextDecoder()

/** What the function gives, or undefined where it throws the error that it is documented to throw. */
function unlessRefused<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SdpError || error instanceof CandidateError) return undefined
    throw error
  }
}

export const webrtcTargets: readonly FuzzTarget[] = [
  decoderTarget<SdpDescription>({
    name: 'webrtc/compact-description',
    decode: (bytes) => unlessRefused(() => decodeDescription(bytes)),
    encode: encodeDescription,
    values: [DESCRIPTION]
  }),
  decoderTarget<CandidateBatch>({
    name: 'webrtc/compact-candidates',
    decode: (bytes) => unlessRefused(() => decodeCandidates(bytes)),
    encode: encodeCandidates,
    values: [CANDIDATES, { candidates: [], endOfCandidates: false }]
  }),
  decoderTarget<SdpDescription>({
    name: 'webrtc/sdp',
    decode: (bytes) => unlessRefused(() => parseSdp(text.decode(bytes))),
    encode: (description) => utf8.encode(renderSdp(description)),
    values: [DESCRIPTION]
  }),
  decoderTarget<IceCandidate>({
    name: 'webrtc/candidate',
    decode: (bytes) => unlessRefused(() => parseCandidate(text.decode(bytes))),
    encode: (candidate) => utf8.encode(renderCandidate(candidate)),
    values: [HOST, REFLEXIVE]
  })
]

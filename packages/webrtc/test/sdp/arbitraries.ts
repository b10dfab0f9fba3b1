import fc from 'fast-check'
import {
  ICE_OPTIONS,
  type SdpDataSection,
  type SdpDescription,
  type SdpProtocol,
  type SdpRejectedSection,
  type SdpSetup
} from '../../src/sdp/index.ts'
import { iceCandidate, iceChars } from '../candidates/arbitraries.ts'

const mid = fc.string({
  unit: fc.constantFrom(...Array.from('az09AZ-_.!#$%&*+^`{|}~')),
  minLength: 1,
  maxLength: 16
})
const protocol = fc.constantFrom<SdpProtocol>('UDP/DTLS/SCTP', 'TCP/DTLS/SCTP')

const dataSection: fc.Arbitrary<SdpDataSection> = fc.record(
  {
    rejected: fc.constant(false as const),
    mid,
    protocol,
    iceUfrag: iceChars(4, 256),
    icePwd: iceChars(22, 256),
    iceOptions: fc.subarray([...ICE_OPTIONS]),
    iceLite: fc.boolean(),
    fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    setup: fc.constantFrom<SdpSetup>('actpass', 'active', 'passive'),
    sctpPort: fc.integer({ min: 1, max: 65_535 }),
    maxMessageSize: fc.integer({ min: 0, max: 0xffff_ffff }),
    candidates: fc.array(iceCandidate, { maxLength: 64 }),
    endOfCandidates: fc.boolean()
  },
  { noNullPrototype: true }
)

const rejectedSection: fc.Arbitrary<SdpRejectedSection> = fc.record(
  {
    rejected: fc.constant(true as const),
    mid,
    protocol
  },
  { noNullPrototype: true }
)

/** Every description value that `parseSdp` can give. */
export const sdpDescription: fc.Arbitrary<SdpDescription> = fc.record(
  {
    sessionId: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }).map(String),
    sessionVersion: fc.integer({ min: 0, max: 999_999_999_999_999 }),
    data: fc.oneof({ weight: 9, arbitrary: dataSection }, { weight: 1, arbitrary: rejectedSection })
  },
  { requiredKeys: ['sessionId', 'sessionVersion'], noNullPrototype: true }
)

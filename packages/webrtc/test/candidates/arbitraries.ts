import fc from 'fast-check'
import { formatAddress } from '../../src/candidates/address.ts'
import type { IceCandidate } from '../../src/candidates/index.ts'

const ICE_CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function iceChars(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...Array.from(ICE_CHARS)), minLength, maxLength })
}

/** Addresses with the runs of zeros that RFC 5952 is about. */
export const ipAddress: fc.Arbitrary<string> = fc
  .oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc
      .array(fc.constantFrom(0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
      .map((bytes) => Uint8Array.from(bytes))
  )
  .map(formatAddress)

const mdnsName = fc.oneof(
  fc.uuid().map((uuid) => `${uuid}.local`),
  fc.constantFrom('printer.local', 'a.local', '0-1.local')
)

const port = fc.integer({ min: 1, max: 65_535 })

const related = fc.record({
  relatedAddress: fc.oneof(ipAddress, mdnsName),
  relatedPort: fc.integer({ min: 0, max: 65_535 })
})

const transport = fc.oneof(
  fc.constant({ protocol: 'udp' } as const),
  fc.record({ protocol: fc.constant('tcp' as const), tcpType: fc.constantFrom('active', 'passive', 'so') })
)

const kind = fc.oneof(
  fc.constant({ type: 'host' } as const),
  fc
    .record({ type: fc.constantFrom('srflx', 'prflx', 'relay') })
    .chain((type) => related.map((at) => ({ ...type, ...at })))
)

/** Every candidate value that `parseCandidate` can give. */
export const iceCandidate: fc.Arbitrary<IceCandidate> = fc
  .tuple(
    fc.record({
      foundation: iceChars(1, 32),
      priority: fc.integer({ min: 0, max: 0xffff_ffff }),
      address: fc.oneof(ipAddress, mdnsName),
      port
    }),
    transport,
    kind,
    fc.oneof(fc.constant({}), fc.record({ usernameFragment: iceChars(4, 20) }))
  )
  .map(([base, ...parts]) => Object.assign({}, base, ...parts) as IceCandidate)

import { decodeAddresses, encodeQuestion } from '../../../packages/webrtc/src/node/ice/mdns.ts'
import { assertModest, type FuzzTarget } from '../fuzz-target.ts'

const NAME = '1f4712db-ea17-4bcf-a596-105139dfd8bf.local'

/** A response with these A records for one name, which all but the first point back to (RFC 1035 §4.1). */
function response(addresses: readonly (readonly number[])[]): Uint8Array {
  const [header, name] = [encodeQuestion(NAME).subarray(0, 12), encodeQuestion(NAME).subarray(12, -4)]
  header.writeUInt16BE(0x8400, 2)
  header.writeUInt16BE(0, 4)
  header.writeUInt16BE(addresses.length, 6)
  const records = addresses.map((address, index) =>
    Buffer.concat([
      index === 0 ? name : Buffer.of(0xc0, 12),
      Buffer.of(0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, ...address)
    ])
  )
  return Buffer.concat([header, ...records])
}

/** What anybody on the local network may say. */
export const mdnsTargets: readonly FuzzTarget[] = [
  {
    name: 'webrtc/mdns',
    corpus: [[[192, 0, 2, 1]], [[192, 0, 2, 1], [192, 0, 2, 2]]].map(response), // prettier-ignore
    run: (input) => {
      const addresses = decodeAddresses(Buffer.from(input))
      assertModest(addresses, input.length)
      return addresses.length === 0 ? undefined : addresses
    }
  }
]

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  authenticatedPart,
  readStun,
  STUN_HEADER_LENGTH
} from '../../../packages/webrtc/src/node/ice/stun-reader.ts'
import { assertModest, type FuzzTarget } from '../fuzz-target.ts'

const PASSWORD = 'a password of ICE'
const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const BINDING_ERROR = 0x0111

type Attribute = readonly [type: number, value: Uint8Array]

/** A message with these attributes; with a password also MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 §14.5, §14.7). */
function message(type: number, attributes: readonly Attribute[], password?: string): Buffer {
  let bytes = Buffer.alloc(STUN_HEADER_LENGTH, 7)
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt32BE(0x2112a442, 4)
  const append = (attribute: number, length: number, value: () => Uint8Array): void => {
    const padded = (length + 3) & ~3
    bytes.writeUInt16BE(bytes.length - STUN_HEADER_LENGTH + 4 + padded, 2)
    const bytesOfValue = value()
    const header = Buffer.alloc(4)
    header.writeUInt16BE(attribute, 0)
    header.writeUInt16BE(length, 2)
    bytes = Buffer.concat([bytes, header, bytesOfValue, Buffer.alloc(padded - length)])
  }
  for (const [attribute, value] of attributes) append(attribute, value.length, () => value)
  if (password === undefined) {
    bytes.writeUInt16BE(bytes.length - STUN_HEADER_LENGTH, 2)
    return bytes
  }
  append(0x0008, 20, () => createHmac('sha1', password).update(bytes).digest())
  append(0x8028, 4, () => {
    const fingerprint = Buffer.alloc(4)
    fingerprint.writeUInt32BE((crc32(bytes) ^ 0x5354554e) >>> 0)
    return fingerprint
  })
  return bytes
}

const username: Attribute = [0x0006, Buffer.from('abcd:efgh')]
const priority: Attribute = [0x0024, Buffer.from([0x6e, 0, 1, 0xff])]
const controlling: Attribute = [0x802a, Buffer.alloc(8, 3)]
const useCandidate: Attribute = [0x0025, Buffer.alloc(0)]
const mappedAddress: Attribute = [0x0020, Buffer.from([0, 1, 0x21, 0x12, 0x5e, 0x12, 0xa4, 0x43])]
const roleConflict: Attribute = [0x0009, Buffer.from([0, 0, 4, 87, 0x52])]

export const stunTargets: readonly FuzzTarget[] = [
  {
    name: 'webrtc/stun',
    corpus: [
      message(BINDING_REQUEST, [username, priority, controlling, useCandidate], PASSWORD),
      message(BINDING_SUCCESS, [mappedAddress], PASSWORD),
      message(BINDING_ERROR, [roleConflict], PASSWORD),
      message(BINDING_REQUEST, [])
    ],
    run: (input) => {
      const data = Buffer.from(input)
      const envelope = readStun(data)
      if (envelope === undefined) return undefined
      assertModest(envelope, input.length)
      const part = authenticatedPart(data, envelope, PASSWORD)
      if (part !== undefined) {
        assert.ok(part.length <= data.length)
        assert.equal(readStun(part)?.integrityOffset, envelope.integrityOffset)
      }
      assert.equal(authenticatedPart(data, envelope, 'another password'), undefined)
      return { ...envelope, isAuthentic: part !== undefined }
    }
  }
]

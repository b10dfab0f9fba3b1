import { concatBytes } from '../../../src/dtls/byte-writer.ts'
import { decodeFragments, encodeMessage } from '../../../src/dtls/handshake-message.ts'
import type { HandshakeMessage } from '../../../src/dtls/handshake-message.ts'
import { ContentType } from '../../../src/dtls/protocol.ts'
import { decodeRecords, encodeRecord } from '../../../src/dtls/record.ts'
import type { DtlsRecord } from '../../../src/dtls/record.ts'

/** What a man in the middle makes of a record; `undefined` loses it. */
export function rewriteRecords(
  datagram: Uint8Array,
  rewrite: (record: DtlsRecord) => DtlsRecord | undefined
): Uint8Array {
  const rewritten = decodeRecords(datagram).records.map(rewrite)
  return concatBytes(...rewritten.flatMap((record) => (record === undefined ? [] : [encodeRecord(record)])))
}

/** What a man in the middle makes of each plaintext message, which must stand whole in a record of its own. */
export function rewriteMessages(
  datagram: Uint8Array,
  rewrite: (message: HandshakeMessage) => HandshakeMessage | undefined
): Uint8Array {
  return rewriteRecords(datagram, (record) => {
    if (record.type !== ContentType.handshake || record.epoch !== 0) return record
    const [fragment] = decodeFragments(record.fragment) ?? []
    if (fragment === undefined) return record
    const message = rewrite({ type: fragment.type, sequence: fragment.sequence, body: fragment.bytes })
    return message === undefined ? undefined : { ...record, fragment: encodeMessage(message) }
  })
}

/** The plaintext messages in a datagram, whole ones only. */
export function plaintextMessages(datagram: Uint8Array): HandshakeMessage[] {
  const messages: HandshakeMessage[] = []
  rewriteMessages(datagram, (message) => {
    messages.push(message)
    return message
  })
  return messages
}

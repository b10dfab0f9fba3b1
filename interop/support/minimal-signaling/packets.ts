/** docs/specs/signaling.md, "Envelope" and "Transport". */
import { encodeFields, Message } from './encoding.ts'
import type { SessionSecrets } from './handshake.ts'
import { open, seal } from './noise.ts'
import type { Role } from './rooms.ts'

export const KIND = { message1: 1, message2: 2, retry: 3, transport: 4 } as const

export interface MinimalEnvelope {
  readonly recipient: Uint8Array
  readonly session: Uint8Array
  readonly kind: number
  readonly number: number
  readonly body: Uint8Array
}

export interface MinimalPacket {
  readonly received: number
  readonly missing: Uint8Array
  readonly firstMessage: number
  readonly messages: readonly Uint8Array[]
  readonly close: boolean
  readonly proofs: readonly Uint8Array[]
}

export function encodeMinimalEnvelope({
  recipient,
  session,
  kind,
  number,
  body
}: MinimalEnvelope): Uint8Array {
  return encodeFields([
    [1, 1],
    [2, recipient],
    [3, session],
    [4, kind],
    [5, number],
    [6, body]
  ])
}

export function decodeMinimalEnvelope(bytes: Uint8Array): MinimalEnvelope {
  const message = new Message(bytes)
  if (message.number(1) !== 1) throw new Error('another version')
  return {
    recipient: message.bytes(2),
    session: message.bytes(3),
    kind: message.number(4),
    number: message.number(5),
    body: message.bytes(6)
  }
}

export function encodeMinimalPacket(packet: MinimalPacket): Uint8Array {
  return encodeFields([
    [1, packet.received],
    [2, packet.missing],
    [3, packet.firstMessage],
    ...packet.messages.map((each) => [4, each, 'always'] as const),
    [5, packet.close ? 1 : 0],
    ...packet.proofs.map((each) => [6, each] as const)
  ])
}

export function decodeMinimalPacket(bytes: Uint8Array): MinimalPacket {
  const message = new Message(bytes)
  return {
    received: message.number(1),
    missing: message.bytes(2),
    firstMessage: message.number(3),
    messages: message.all(4),
    close: message.number(5) === 1,
    proofs: message.all(6)
  }
}

export function sealPacket(
  secrets: SessionSecrets,
  from: Role,
  number: number,
  plaintext: Uint8Array
): Uint8Array {
  return seal(keyOf(secrets, from), number, secrets.session, plaintext)
}

/** Throws where the packet is not authentic. */
export function openPacket(
  secrets: SessionSecrets,
  from: Role,
  number: number,
  body: Uint8Array
): Uint8Array {
  return open(keyOf(secrets, from), number, secrets.session, body)
}

function keyOf({ initiatorKey, responderKey }: SessionSecrets, from: Role): Uint8Array {
  return from === 'initiator' ? initiatorKey : responderKey
}

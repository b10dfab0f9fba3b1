import { advanceClient, beginClientHandshake } from '../../../src/dtls/client-handshake.ts'
import { createAeadRecordProtection } from '../../../src/dtls/aead-record-protection.ts'
import type { DtlsRole } from '../../../src/dtls/connection-init.ts'
import type { DtlsEvent } from '../../../src/dtls/events.ts'
import { parseFingerprint } from '../../../src/dtls/fingerprint.ts'
import type { DtlsFingerprint } from '../../../src/dtls/fingerprint.ts'
import { packFlight } from '../../../src/dtls/flight.ts'
import type { Flight } from '../../../src/dtls/flight.ts'
import { decodeFragments } from '../../../src/dtls/handshake-message.ts'
import type { HandshakeMessage } from '../../../src/dtls/handshake-message.ts'
import { HandshakeContext } from '../../../src/dtls/handshake.ts'
import type { HandshakeStep, LocalCertificate } from '../../../src/dtls/handshake.ts'
import { ContentType } from '../../../src/dtls/protocol.ts'
import type { HandshakeType } from '../../../src/dtls/protocol.ts'
import { Reassembler } from '../../../src/dtls/reassembler.ts'
import { RecordReader } from '../../../src/dtls/record-reader.ts'
import { RecordWriter } from '../../../src/dtls/record-writer.ts'
import { decodeRecords } from '../../../src/dtls/record.ts'
import { advanceServer } from '../../../src/dtls/server-handshake.ts'
import { isHandshake, isServer } from '../../../src/dtls/state.ts'
import type { DtlsState } from '../../../src/dtls/state.ts'
import type { Endpoint } from './virtual-network.ts'

/** A message that an impostor sends instead of an honest one. */
export interface Replacement {
  readonly type: HandshakeType
  readonly body: Uint8Array
}

/** What to send instead of an honest message: nothing, it or another, or several. */
export type Tamper = (honest: Replacement) => readonly Replacement[]

/** Everything it says enters its own transcript as said: its Finished fits its lies. */
class LyingContext extends HandshakeContext {
  readonly said = new Map<HandshakeMessage, HandshakeMessage[]>()
  readonly #tamper: Tamper

  constructor(certificate: LocalCertificate, remoteFingerprint: Uint8Array, tamper: Tamper) {
    super(certificate, remoteFingerprint, (length) => crypto.getRandomValues(new Uint8Array(length)))
    this.#tamper = tamper
  }

  override compose(type: HandshakeType, body: Uint8Array): HandshakeMessage {
    const honest: HandshakeMessage = { type, sequence: -1, body }
    const messages = this.#tamper({ type, body }).map((lie) => super.compose(lie.type, lie.body))
    this.said.set(honest, messages)
    return honest
  }
}

/**
 * A peer that follows the handshake with the true logic and own keys but says what `tamper` has it say. It
 * neither retransmits nor times anything.
 */
export class Impostor implements Endpoint {
  readonly #role: DtlsRole
  readonly #context: LyingContext
  readonly #reshape: (flight: Flight) => Flight
  readonly #earlyData: Uint8Array | undefined
  readonly #writer = new RecordWriter()
  readonly #reader = new RecordReader()
  readonly #plaintextMessages = new Reassembler()
  readonly #protectedMessages = new Reassembler()
  readonly #datagrams: Uint8Array[] = []
  #state: DtlsState = { name: 'new' }
  #nextSequence = 0

  constructor(init: {
    role: DtlsRole
    certificate: LocalCertificate
    remoteFingerprint: DtlsFingerprint
    tamper?: Tamper
    /** Changes how a flight is sent, unseen by the transcript. */
    reshape?: (flight: Flight) => Flight
    /** Application data to send as soon as there are keys. */
    earlyData?: Uint8Array
  }) {
    this.#role = init.role
    const tamper = init.tamper ?? ((honest) => [honest])
    this.#context = new LyingContext(init.certificate, parseFingerprint(init.remoteFingerprint), tamper)
    this.#reshape = init.reshape ?? ((flight) => flight)
    this.#earlyData = init.earlyData
  }

  get state(): string {
    return this.#state.name
  }

  start(): void {
    if (this.#role === 'client') this.#take(beginClientHandshake(this.#context))
    else this.#state = { name: 'await-client-hello' }
  }

  handleDatagram(datagram: Uint8Array): void {
    for (const record of decodeRecords(datagram).records) {
      if (record.type !== ContentType.handshake) continue
      const isProtected = record.epoch === 1
      const opened = isProtected ? this.#reader.open(record) : undefined
      const plaintext = opened?.kind === 'opened' ? opened.plaintext : record.fragment
      const messages = isProtected ? this.#protectedMessages : this.#plaintextMessages
      for (const fragment of decodeFragments(plaintext) ?? []) messages.add(fragment, this.#nextSequence)
      this.#advance()
    }
  }

  handleTimeout(): void {}

  pollTimeout(): undefined {
    return undefined
  }

  pollDatagram(): Uint8Array | undefined {
    return this.#datagrams.shift()
  }

  pollEvent(): DtlsEvent | undefined {
    return undefined
  }

  #advance(): void {
    for (;;) {
      const state = this.#state
      const sequence = this.#nextSequence
      const message = this.#plaintextMessages.take(sequence) ?? this.#protectedMessages.take(sequence)
      if (message === undefined || !isHandshake(state)) return
      this.#nextSequence++
      this.#context.transcript.append(message)
      this.#take(
        isServer(state)
          ? advanceServer(state, message, this.#context)
          : advanceClient(state, message, this.#context)
      )
    }
  }

  #take(step: HandshakeStep): void {
    if (step.kind === 'failed') {
      this.#state = { name: 'failed', reason: step.reason }
      return
    }
    this.#state = step.state
    if (step.keys !== undefined) {
      const protection = createAeadRecordProtection(step.keys)
      this.#writer.protect(protection)
      this.#reader.protect(protection)
      if (this.#earlyData !== undefined) {
        this.#datagrams.push(this.#writer.protected(ContentType.applicationData, this.#earlyData))
      }
    }
    if (step.flight === undefined) return
    const flight = step.flight.flatMap((item): Flight => {
      if (item.kind !== 'handshake') return [item]
      return (this.#context.said.get(item.message) ?? []).map((message) => ({ ...item, message }))
    })
    this.#datagrams.push(...packFlight(this.#reshape(flight), this.#writer, 1200))
  }
}

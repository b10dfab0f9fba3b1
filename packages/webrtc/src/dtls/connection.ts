import { alertName, decodeAlert, encodeAlert } from './alert.ts'
import { advanceClient, beginClientHandshake } from './client-handshake.ts'
import { checkInit } from './connection-init.ts'
import type { DtlsConnectionInit, DtlsRole, DtlsSettings } from './connection-init.ts'
import { noDrops } from './drop-counts.ts'
import type { DropCounts, DropReason } from './drop-counts.ts'
import { DtlsError } from './errors.ts'
import type { DtlsEvent, DtlsFailureReason } from './events.ts'
import { packFlight } from './flight.ts'
import { FlightSender } from './flight-sender.ts'
import { decodeFragments } from './handshake-message.ts'
import { HandshakeContext } from './handshake.ts'
import type { HandshakeStep } from './handshake.ts'
import { NAMED_GROUP_NAMES } from './key-exchange.ts'
import { MessageInbox } from './message-inbox.ts'
import { AlertDescription, AlertLevel, ContentType } from './protocol.ts'
import { PROTECTED_EPOCH } from './record-protection.ts'
import { RecordReader } from './record-reader.ts'
import { RecordWriter } from './record-writer.ts'
import { MAX_PLAINTEXT_LENGTH, decodeRecords } from './record.ts'
import type { DtlsRecord } from './record.ts'
import { advanceServer } from './server-handshake.ts'
import { isFinal, isFinishedDue, isHandshake, isServer, mayFollow } from './state.ts'
import type { Agreed, DtlsState, DtlsStateName } from './state.ts'

/** Protected records kept until their keys or the peer's Finished are there: a first burst that overtook. */
const MAX_EARLY_RECORDS = 16

/** Datagrams and events not yet taken out; more than any one datagram or flight can bring about. */
const MAX_QUEUE_LENGTH = 4096

/** RFC 9147, section 4.5.3: beyond so many forgeries AEAD tags are no longer worth trusting. */
const MAX_FORGERIES = 2 ** 36

/**
 * One end of a DTLS 1.2 association, without I/O: hand in datagrams and the time, take out datagrams,
 * events and the time of the next timeout. Drain `pollDatagram()` and `pollEvent()` after every call.
 * What is implemented and why: docs/specs/dtls.md.
 */
export class DtlsConnection {
  readonly #settings: DtlsSettings
  readonly #context: HandshakeContext
  readonly #writer = new RecordWriter()
  readonly #reader = new RecordReader()
  readonly #sender: FlightSender
  readonly #inbox = new MessageInbox()
  readonly #datagrams: Uint8Array[] = []
  readonly #events: DtlsEvent[] = []
  readonly #drops = noDrops()
  #retransmissions = 0
  #state: DtlsState = { name: 'new' }
  #deadline: number | undefined
  #earlyRecords: DtlsRecord[] = []
  #earlyData: Uint8Array[] = []
  #plaintextAlert: number | undefined

  /** @throws {DtlsError} if the fingerprint or a number is not usable */
  constructor(init: DtlsConnectionInit) {
    this.#settings = checkInit(init)
    const { certificate, remoteFingerprint, randomBytes } = this.#settings
    this.#context = new HandshakeContext(certificate, remoteFingerprint, randomBytes)
    this.#sender = new FlightSender(this.#settings.initialRetransmissionTimeoutMs, this.#settings.mtu)
  }

  get role(): DtlsRole {
    return this.#settings.role
  }

  get state(): DtlsStateName {
    return this.#state.name
  }

  /** What was left aside, by reason. */
  get drops(): DropCounts {
    return this.#drops
  }

  /** Flights sent again. */
  get retransmissions(): number {
    return this.#retransmissions
  }

  /** Largest `data` that `send()` puts into a datagram of `mtu` bytes; 0 until connected. */
  get maxDataLength(): number {
    return this.#state.name === 'connected' ? this.#settings.mtu - this.#writer.protectedOverhead : 0
  }

  /**
   * Begins the handshake: a client sends its ClientHello, a server's time begins to run. A server that was not
   * started is by the first datagram. Times are milliseconds of any one clock that does not go back.
   */
  start(now: number): void {
    if (this.#state.name !== 'new') return
    this.#deadline = now + this.#settings.handshakeTimeoutMs
    if (this.role === 'client') this.#take(beginClientHandshake(this.#context), now)
    else this.#transition({ name: 'await-client-hello' })
  }

  /**
   * Takes a datagram that came from the peer's ICE-validated address. Never throws; keeps no reference.
   *
   * @param onData takes application data as they come, in the place of `data` events, which cost a copy: the bytes
   *   are another's when it returns. Data come as events all the same while others wait before them.
   */
  handleDatagram(datagram: Uint8Array, now: number, onData?: (data: Uint8Array) => void): void {
    if (this.role === 'server') this.start(now)
    if (this.#state.name === 'new' || isFinal(this.#state)) {
      this.#drop('not-open')
      return
    }
    const { records, malformed } = decodeRecords(datagram)
    if (malformed) this.#drop('malformed')
    for (const record of records) this.#handleRecord(record, now, onData)
  }

  /** To be called once the time of `pollTimeout()` has come; does nothing before. */
  handleTimeout(now: number): void {
    if (this.#deadline !== undefined && now >= this.#deadline) {
      const alert = this.#plaintextAlert
      const hint = alert === undefined ? '' : ` An unauthenticated alert said: ${alertName(alert)}.`
      this.#fail('timeout', `No DTLS handshake within ${this.#settings.handshakeTimeoutMs} ms.${hint}`)
      return
    }
    const { dueAt } = this.#sender
    if (dueAt === undefined || now < dueAt) return
    this.#sender.noteTimeout(now)
    this.#retransmit()
  }

  /** When `handleTimeout()` is due, or undefined if nothing is. */
  pollTimeout(): number | undefined {
    const { dueAt } = this.#sender
    if (dueAt === undefined || this.#deadline === undefined) return dueAt ?? this.#deadline
    return Math.min(dueAt, this.#deadline)
  }

  /** The next datagram to send. */
  pollDatagram(): Uint8Array | undefined {
    return this.#datagrams.shift()
  }

  /** The next event. */
  pollEvent(): DtlsEvent | undefined {
    return this.#events.shift()
  }

  /**
   * Sends one application record, in a datagram of its own.
   *
   * @throws {DtlsError} ERR_DTLS_STATE unless connected, ERR_DTLS_DATA_TOO_LONG beyond 2^14 bytes
   */
  send(data: Uint8Array): void {
    if (this.#state.name !== 'connected') {
      throw new DtlsError(
        'ERR_DTLS_STATE',
        `Data can be sent only once the "connected" event came; the state is ${this.#state.name}.`
      )
    }
    if (data.length > MAX_PLAINTEXT_LENGTH) {
      throw new DtlsError(
        'ERR_DTLS_DATA_TOO_LONG',
        `A record holds ${MAX_PLAINTEXT_LENGTH} bytes at most; ${data.length} were given: split them.`
      )
    }
    if (this.#mayNumber()) this.#queueDatagram(this.#writer.protected(ContentType.applicationData, data))
  }

  /** Where data for `sealBuffer()` are to be written, or undefined unless connected. Asked for anew each time. */
  get buffer(): Uint8Array | undefined {
    return this.#state.name === 'connected' ? this.#writer.buffer : undefined
  }

  /**
   * Makes a datagram of the first `length` bytes of `buffer`, which nobody else may write to in between.
   *
   * @returns undefined unless connected; the bytes are used again for the next datagram of any connection, unless
   *   `keepSealed()` is called at once
   */
  sealBuffer(length: number): Uint8Array | undefined {
    if (this.#state.name !== 'connected' || !this.#mayNumber()) return undefined
    return this.#writer.sealBuffer(ContentType.applicationData, length)
  }

  /** The datagram of the last `sealBuffer()` is still to be sent, and is left alone until `release()`. */
  keepSealed(): void {
    this.#writer.keepSealed()
  }

  /** A datagram that was kept has been sent. */
  release(datagram: Uint8Array): void {
    this.#writer.release(datagram)
  }

  /** Sends close_notify and is closed; idempotent. Brings about no event. */
  close(): void {
    if (isFinal(this.#state)) return
    if (this.#state.name !== 'new') this.#sendAlert(AlertLevel.warning, AlertDescription.closeNotify)
    this.#end({ name: 'closed' })
  }

  #mayNumber(): boolean {
    if (!this.#writer.isExhausted) return true
    this.#fail('limit-reached', 'All 2^48 record numbers are used up; make a new connection.')
    return false
  }

  #handleRecord(record: DtlsRecord, now: number, onData?: (data: Uint8Array) => void): void {
    if (isFinal(this.#state)) this.#drop('not-open')
    else if (record.epoch === 0) this.#handlePlaintext(record, now)
    else if (record.epoch === PROTECTED_EPOCH) this.#handleProtected(record, now, onData)
    else this.#drop('epoch')
  }

  #handlePlaintext({ type, fragment }: DtlsRecord, now: number): void {
    // Once connected nothing that is due comes in plaintext, so nothing forged can have an effect.
    if (!isHandshake(this.#state)) {
      this.#drop('plaintext')
      return
    }
    switch (type) {
      case ContentType.handshake:
        this.#handleFragments(fragment, false, now)
        return
      case ContentType.changeCipherSpec:
        // The epoch of a record says as much, and cannot be lost, reordered or forged to effect.
        return
      case ContentType.alert:
        this.#plaintextAlert = decodeAlert(fragment)?.description
        this.#drop('plaintext-alert')
        return
      default:
        this.#drop('malformed')
    }
  }

  #handleProtected(record: DtlsRecord, now: number, onData?: (data: Uint8Array) => void): void {
    if (!this.#reader.isProtecting) {
      if (this.#earlyRecords.length >= MAX_EARLY_RECORDS) this.#drop('overflow')
      else this.#earlyRecords.push({ ...record, fragment: record.fragment.slice() })
      return
    }
    const opened = this.#reader.open(record)
    if (opened.kind === 'dropped') {
      this.#drop(opened.reason)
      if (this.#drops.undecryptable > MAX_FORGERIES) {
        this.#fail('limit-reached', 'Too many forged records came; make a new connection.')
      }
      return
    }
    switch (record.type) {
      case ContentType.applicationData:
        this.#handleData(opened.plaintext, onData)
        return
      case ContentType.handshake:
        this.#handleFragments(opened.plaintext.slice(), true, now)
        return
      case ContentType.alert:
        this.#handleAlert(opened.plaintext)
        return
      default:
        this.#drop('malformed')
    }
  }

  #handleData(data: Uint8Array, onData: ((data: Uint8Array) => void) | undefined): void {
    if (this.#state.name === 'connected') {
      if (onData !== undefined && this.#events.length === 0) onData(data)
      else this.#emit({ type: 'data', data: data.slice() })
    }
    // Data may overtake Finished; who it is from is known only after that.
    else if (this.#earlyData.length < MAX_EARLY_RECORDS) this.#earlyData.push(data.slice())
    else this.#drop('overflow')
  }

  #handleAlert(plaintext: Uint8Array): void {
    const alert = decodeAlert(plaintext)
    if (alert === undefined) {
      this.#drop('malformed')
    } else if (alert.description === AlertDescription.closeNotify) {
      this.#sendAlert(AlertLevel.warning, AlertDescription.closeNotify)
      this.#end({ name: 'closed' })
      this.#emit({ type: 'closed' })
    } else if (alert.level === AlertLevel.fatal) {
      this.#fail('alert-received', `The peer ended the connection: ${alertName(alert.description)}.`)
    }
  }

  #handleFragments(plaintext: Uint8Array, isProtected: boolean, now: number): void {
    const fragments = decodeFragments(plaintext)
    if (fragments === undefined) {
      this.#drop('malformed')
      return
    }
    for (const fragment of fragments) {
      if (isFinal(this.#state)) return
      const outcome = this.#inbox.add(fragment, isProtected)
      if (outcome === 'dropped') this.#drop('handshake')
      else if (outcome === 'kept') this.#takeMessages(now)
      else if (this.#sender.noteRepeat(now)) this.#retransmit()
    }
  }

  /** Takes the messages that are due and whole. */
  #takeMessages(now: number): void {
    for (let state = this.#state; isHandshake(state); state = this.#state) {
      const message = this.#inbox.take(isFinishedDue(state))
      if (message === undefined) return
      this.#context.transcript.append(message)
      const step = isServer(state)
        ? advanceServer(state, message, this.#context)
        : advanceClient(state, message, this.#context)
      this.#take(step, now)
    }
  }

  #take(step: HandshakeStep, now: number): void {
    if (step.kind === 'failed') {
      this.#sendAlert(AlertLevel.fatal, step.alert)
      this.#fail(step.reason, step.message)
      return
    }
    if (step.keys !== undefined) {
      const protection = this.#settings.createRecordProtection(step.keys)
      this.#writer.protect(protection)
      this.#reader.protect(protection)
    }
    this.#transition(step.state)
    if (step.flight !== undefined) {
      this.#sender.begin(step.flight, step.state.name !== 'connected', now)
      this.#inbox.noteAnswered()
      this.#transmit()
    }
    if (step.state.name === 'connected') this.#connected(step.state.agreed)
    if (step.keys !== undefined) {
      const early = this.#earlyRecords
      this.#earlyRecords = []
      for (const record of early) this.#handleRecord(record, now)
    }
  }

  #connected({ peer, suite, group }: Agreed): void {
    this.#deadline = undefined
    // Nothing answers the server's last flight, but a client that repeats its Finished did not get it.
    if (this.role === 'client') this.#sender.stop()
    this.#inbox.close()
    this.#context.transcript.clear()
    this.#emit({
      type: 'connected',
      remoteCertificate: peer.der,
      cipherSuite: suite.name,
      group: NAMED_GROUP_NAMES[group]
    })
    for (const data of this.#earlyData) this.#emit({ type: 'data', data })
    this.#earlyData = []
  }

  #transmit(): void {
    const { flight, mtu } = this.#sender
    if (flight === undefined) return
    for (const datagram of packFlight(flight, this.#writer, mtu)) this.#queueDatagram(datagram)
  }

  #retransmit(): void {
    this.#retransmissions++
    this.#transmit()
  }

  #sendAlert(level: number, description: number): void {
    const alert = encodeAlert(level, description)
    if (!this.#writer.isProtecting) this.#queueDatagram(this.#writer.plaintext(ContentType.alert, alert))
    else if (!this.#writer.isExhausted) this.#queueDatagram(this.#writer.protected(ContentType.alert, alert))
  }

  #fail(reason: DtlsFailureReason, message: string): void {
    this.#end({ name: 'failed', reason })
    this.#emit({ type: 'failed', reason, message })
  }

  #end(state: Extract<DtlsState, { name: 'closed' | 'failed' }>): void {
    this.#transition(state)
    this.#deadline = undefined
    this.#sender.stop()
    this.#inbox.close()
    this.#context.transcript.clear()
    this.#earlyRecords = []
    this.#earlyData = []
  }

  /** All changes of state pass here. */
  #transition(state: DtlsState): void {
    if (!mayFollow(this.#state, state))
      throw new Error(`State ${state.name} cannot follow ${this.#state.name}.`)
    this.#state = state
  }

  #queueDatagram(datagram: Uint8Array): void {
    if (this.#datagrams.length >= MAX_QUEUE_LENGTH) this.#drop('overflow')
    else this.#datagrams.push(datagram)
  }

  #emit(event: DtlsEvent): void {
    if (event.type === 'data' && this.#events.length >= MAX_QUEUE_LENGTH) this.#drop('overflow')
    else this.#events.push(event)
  }

  #drop(reason: DropReason): void {
    this.#drops[reason]++
  }
}

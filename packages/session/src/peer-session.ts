import type { IncomingOffer } from '@hearsay/signaling'
import { CandidateFilter, RTCPeerConnection } from '@hearsay/webrtc'
import { TypedEventEmitter } from 'main-event'
import { ChannelSet } from './channels/channel-set.ts'
import type { Channel, MessageHandler, RequestOptions } from './channels/channel.ts'
import type { ChannelOptions } from './channels/channel-options.ts'
import { systemClock, type Clock } from './clock.ts'
import { closeReason, formatCloseReason, isGraceful, type CloseReason } from './close-reason.ts'
import {
  DEFAULT_HISTORY_LENGTH,
  DEFAULT_LABEL,
  DEFAULT_LIVENESS,
  DEFAULT_SESSION_BUFFER_BYTES,
  DEFAULT_TIMEOUTS,
  type SessionTimeouts
} from './constants.ts'
import type { ControlFrame } from './control/control-frame.ts'
import { Heartbeat } from './control/heartbeat.ts'
import type { LivenessOutput } from './control/liveness.ts'
import type { SessionError } from './errors.ts'
import { AbortError, SessionClosedError, SessionStateError } from './errors.ts'
import { Farewell } from './farewell.ts'
import { silentLogger, type SessionLogger } from './logger.ts'
import { Negotiator } from './negotiation/negotiator.ts'
import type { DialSessionOptions, PeerSessionEvents, PeerSessionInit } from './peer-session-init.ts'
import { readSelectedCandidatePair, type SelectedCandidatePair } from './selected-candidate-pair.ts'
import { SetupTimer, type SessionStats } from './session-stats.ts'
import { errorOfClose } from './session-failure.ts'
import { SetupDeadline } from './setup-deadline.ts'
import type { SessionEvent, SessionRole, SessionState, Transition } from './state/session-state.ts'
import { SessionStateMachine } from './state/state-machine.ts'

/**
 * All that stands between two peers while they know each other. It is used once: `dial()` or `handleOffer()`, then
 * channels, then `close()`.
 *
 * Whoever owns the `Signaler` routes offers: to the session with that peer, or to a new one where there is none or
 * `handleOffer()` returns false.
 */
export class PeerSession extends TypedEventEmitter<PeerSessionEvents> implements AsyncDisposable {
  readonly remotePeer: string
  readonly #init: PeerSessionInit
  readonly #clock: Clock
  readonly #log: SessionLogger
  readonly #timeouts: SessionTimeouts
  readonly #machine: SessionStateMachine
  readonly #channels: ChannelSet
  readonly #negotiator: Negotiator
  readonly #setup = new SetupTimer()
  readonly #deadline: SetupDeadline
  readonly #heartbeat: Heartbeat
  /** Open channels whose user wants to know soon when the peer dies. */
  readonly #stoodOn = new Set<object>()
  readonly #connected = Promise.withResolvers<undefined>()
  readonly #closed = Promise.withResolvers<undefined>()
  #farewell: Farewell | undefined
  #failure: SessionError | undefined

  /** @throws {SessionOptionError} {CandidateError} an option cannot be used */
  constructor(init: PeerSessionInit) {
    super()
    this.remotePeer = init.remotePeer
    this.#init = init
    this.#clock = init.clock ?? systemClock
    this.#log = init.logger ?? silentLogger
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...init.timeouts }
    this.#machine = new SessionStateMachine(
      this.#clock.now(),
      init.historyLength ?? DEFAULT_HISTORY_LENGTH,
      (transition, state) => this.#act(transition, state)
    )
    this.#deadline = new SetupDeadline(this.#clock, this.#timeouts, (error, code) => this.#fail(error, code))
    this.#heartbeat = new Heartbeat({
      clock: this.#clock,
      options: { ...DEFAULT_LIVENESS, ...init.liveness },
      send: (frame) => this.#negotiator.link?.control.send(frame),
      onVerdict: (verdict) => this.#handleLiveness(verdict)
    })
    this.#channels = new ChannelSet({
      remotePeer: init.remotePeer,
      clock: this.#clock,
      bufferBytes: init.bufferBytes ?? DEFAULT_SESSION_BUFFER_BYTES,
      declarations: init.channels ?? {},
      listener: {
        onRemoteChannel: (channel) => this.safeDispatchEvent('channel', { detail: channel }),
        onViolation: (problem) => this.#end('protocol-violation', problem),
        onSent: (channel) => {
          if (!this.#stoodOn.has(channel)) this.#heartbeat.sent()
        },
        onReceived: (channel) => this.#heartbeat.heard(!this.#stoodOn.has(channel)),
        onHandlerError: (detail) => {
          this.#log.error(
            'handler of "%s" on channel "%s" failed: %s',
            detail.type,
            detail.channel,
            detail.error
          )
          this.safeDispatchEvent('handler:error', { detail })
        },
        onInvalid: (channel, error) => this.#log.error('channel "%s": %s', channel.label, error.message),
        onProgress: () => this.#farewell?.handleProgress(),
        acceptMarked: (label, mark) => this.#init.acceptMarked?.(label, mark) ?? true
      }
    })
    this.#negotiator = this.#makeNegotiator()
    // Whoever does not wait for the connection learns of its failure by event.
    this.#connected.promise.catch(() => undefined)
  }

  get localPeer(): string {
    return this.#init.signaler.localPeer
  }

  get state(): SessionState {
    return this.#machine.state
  }

  /** The latest transitions, oldest first. */
  get history(): readonly Transition[] {
    return this.#machine.history
  }

  /** Which process of the peer it is: changes with every start. Known once an offer or an answer came. */
  get remoteInstance(): Uint8Array | undefined {
    return this.#negotiator.link?.remoteInstance
  }

  /** Name of the signaling path that carried the offer. */
  get path(): string | undefined {
    return this.#negotiator.path
  }

  /** Channels that are not closed. */
  get channels(): readonly Channel[] {
    return this.#channels.all
  }

  /**
   * Connects to the peer. Where the peer dials at the same time, one of the two attempts wins and both dials resolve.
   *
   * @throws {OfferTimeoutError} {ConnectTimeoutError} {RefusedError} {SignalingError} {NegotiationError} {ConnectError}
   *   {PeerConnectionError} {HelloMismatchError} {AbortError} the session is closed then; {SessionStateError} it was
   *   used before
   */
  async dial(options: DialSessionOptions = {}): Promise<void> {
    if (options.signal?.aborted === true) throw new AbortError(options.signal)
    if (!this.#apply({ type: 'dial' })) {
      throw new SessionStateError(`the session is ${this.state.name}: a session dials once, make a new one`)
    }
    const { signal } = options
    const onAbort = (): void => this.#fail(new AbortError(signal), 'aborted')
    signal?.addEventListener('abort', onAbort)
    try {
      void this.#negotiator.dial(options.paths)
      await this.#connected.promise
    } catch (error) {
      await this.#closed.promise
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /**
   * Takes an offer of the peer that came through the `Signaler`.
   *
   * @returns false where it belongs to another session: this one is over, or has just ended because the peer began anew
   */
  handleOffer(offer: IncomingOffer): boolean {
    const { name } = this.state
    if (name === 'connected' || name === 'recovering') {
      if (this.#negotiator.renew(offer)) return true
      this.#end('replaced', 'the peer began a new session')
      return false
    }
    if (!this.#apply({ type: 'offer-received' })) return false
    void this.#negotiator.answer(offer)
    return true
  }

  /** Resolves when the session is connected; rejects as `dial()` does, or where `signal` aborts the waiting. */
  async waitForConnected({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await abortable(this.#connected.promise, signal)
  }

  /**
   * The channel of that label, opened on the fly where there is none.
   *
   * @throws {SessionOptionError} {SessionClosedError}
   */
  channel<Message = unknown>(label: string, options?: ChannelOptions<Message>): Channel<Message> {
    const channel = this.#channels.get(label) ?? this.#channels.open(label, options)
    return channel as Channel as Channel<Message>
  }

  /** `handle()` of the channel `default`. */
  handle<Payload>(type: string, handler: MessageHandler<Payload>): void {
    this.channel(DEFAULT_LABEL).handle(type, handler)
  }

  /** `unhandle()` of the channel `default`. */
  unhandle(type: string): void {
    this.#channels.get(DEFAULT_LABEL)?.unhandle(type)
  }

  /** `request()` of the channel `default`. */
  async request<Response = unknown>(
    type: string,
    payload?: unknown,
    options?: RequestOptions
  ): Promise<Response> {
    return this.channel(DEFAULT_LABEL).request<Response>(type, payload, options)
  }

  /** `notify()` of the channel `default`. */
  async notify(type: string, payload?: unknown, options?: { signal?: AbortSignal }): Promise<void> {
    await this.channel(DEFAULT_LABEL).notify(type, payload, options)
  }

  /**
   * Beats faster than an idle session while this channel is open, so that a dead peer is noticed within seconds: for who
   * stands on the channel and sends little. What moves on it does not make the session a busy one.
   */
  standOn<Message>(channel: Channel<Message>): void {
    if (channel.state === 'closed') return
    const end = this.#heartbeat.stayAlert()
    this.#stoodOn.add(channel)
    channel.addEventListener(
      'close',
      () => {
        this.#stoodOn.delete(channel)
        end()
      },
      { once: true }
    )
  }

  /** Gathers candidates anew and renegotiates, such as after a change of network. DTLS and channels live on. */
  restartIce(): void {
    if (this.state.name === 'connected' || this.state.name === 'recovering')
      this.#negotiator.link?.peerConnection.restartIce()
  }

  /** The candidate pair in use, by `getStats()`. */
  async selectedCandidatePair(): Promise<SelectedCandidatePair | undefined> {
    return this.#negotiator.link === undefined
      ? undefined
      : readSelectedCandidatePair(this.#negotiator.link.peerConnection)
  }

  stats(): SessionStats {
    const { state } = this
    return {
      state: state.name,
      role: 'role' in state ? state.role : undefined,
      path: this.#negotiator.path,
      timings: this.#setup.timings(),
      stateDurationsMs: this.#machine.durationsMs(this.#clock.now()),
      history: this.history,
      ignoredEvents: this.#machine.ignoredEvents,
      roundTripMs: this.#heartbeat.roundTripMs,
      renegotiations: this.#negotiator.link?.renegotiations ?? 0,
      remoteCandidatesDropped: this.#negotiator.link?.remoteCandidatesDropped ?? 0,
      ...this.#channels.totals(),
      channels: this.#channels.all.map((channel) => channel.stats())
    }
  }

  /**
   * Sends what is queued, tells the peer why, and closes. Resolves when nothing is left behind. Idempotent; aborting
   * `signal` cuts the flushing short.
   *
   * @param reason a code of `CloseReason` or of your own, and a line for a person @default normal
   */
  async close(
    reason: { code?: CloseReason['code']; message?: string } = {},
    { signal }: { signal?: AbortSignal } = {}
  ): Promise<void> {
    this.#apply({ type: 'close', reason: closeReason(reason.code ?? 'normal', reason.message) })
    const onAbort = (): void => this.#farewell?.hurry()
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
    await this.#closed.promise
    signal?.removeEventListener('abort', onAbort)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #makeNegotiator(): Negotiator {
    const { signaler, remotePeer, candidates, rtcConfiguration = {} } = this.#init
    const { createPeerConnection = defaultPeerConnection } = this.#init
    const channels = this.#channels
    return new Negotiator({
      signaler,
      remotePeer,
      createPeerConnection: () => createPeerConnection(rtcConfiguration),
      channels: channels.announcements,
      localFilter: new CandidateFilter(candidates?.local),
      remoteFilter: new CandidateFilter(candidates?.remote),
      clock: this.#clock,
      offerTimeoutMs: this.#timeouts.offerTimeoutMs,
      stateName: () => this.state.name,
      listener: {
        attachChannels: (peerConnection, role, peer) => channels.attach(peerConnection, role, peer),
        onDropped: () => channels.detach(),
        onDataChannel: (dataChannel) => channels.acceptDataChannel(dataChannel),
        onDescribed: () => this.#setup.mark('described', this.#clock.now()),
        onAnswered: (type) => this.#apply({ type }),
        onControlOpen: () => this.#setup.mark('transport', this.#clock.now()),
        onVerified: () => this.#apply({ type: 'hello-verified' }),
        onFrame: (frame) => this.#receive(frame),
        onHeard: () => this.#heartbeat.heard(false),
        onGoodbye: ({ code, message }) =>
          this.#apply({ type: 'goodbye', reason: closeReason(code, message, 'remote') }),
        onFailed: (error, code) => this.#fail(error, code),
        onFailure: (code, message) => {
          this.#farewell?.hurry()
          this.#end(code, message)
        }
      }
    })
  }

  #apply(event: SessionEvent): boolean {
    return this.#machine.transition(event, this.#clock.now())
  }

  /** The actions of each state: every transition comes by here. */
  #act(transition: Transition, state: SessionState): void {
    this.#log('%s: %s -> %s (%s)', this.remotePeer, transition.from, transition.to, transition.reason)
    switch (state.name) {
      case 'idle':
        break
      case 'signaling':
        this.#setup.start(transition.time)
        if (state.role === 'responder') this.#negotiator.drop()
        this.#deadline.start(state)
        break
      case 'connecting':
        this.#setup.mark('signaled', transition.time)
        this.#deadline.start(state)
        break
      case 'connected':
        if (transition.from === 'connecting') this.#begin(transition.time, state.role)
        break
      case 'recovering':
        break
      case 'closing':
        this.#deadline.stop()
        void this.#finish(state.reason, transition.event === 'goodbye')
        break
      case 'closed':
        break
    }
    this.safeDispatchEvent('statechange', { detail: transition })
    if (transition.event === 'hello-verified') this.safeDispatchEvent('connected')
    if (state.name === 'closed') this.safeDispatchEvent('closed', { detail: state.reason })
  }

  /** Connected at last. */
  #begin(now: number, role: SessionRole): void {
    this.#deadline.stop()
    this.#setup.mark('verified', now)
    this.#heartbeat.start(role)
    this.#channels.release()
    this.#connected.resolve(undefined)
  }

  #handleLiveness(verdict: Exclude<LivenessOutput, 'ping'>): void {
    if (verdict === 'lost') this.#end('connection-lost', 'the peer fell silent')
    else this.#apply({ type: verdict })
  }

  #receive(frame: ControlFrame): void {
    switch (frame.type) {
      case 'bye':
        this.#farewell?.handleBye()
        this.#apply({
          type: 'goodbye',
          reason: closeReason(frame.reason.code, frame.reason.message, 'remote')
        })
        return
      case 'bye-ack':
        this.#farewell?.handleByeAck()
        return
      case 'ping':
        this.#negotiator.link?.control.send({ type: 'pong', token: frame.token })
        return
      case 'pong':
        this.#heartbeat.handlePong(frame.token)
        return
      case 'signal':
        this.#negotiator.handleSignal(frame.payload)
        return
      case 'hello':
        return
    }
  }

  #fail(error: SessionError, code: CloseReason['code']): void {
    this.#failure ??= error
    this.#end(code, error.message)
  }

  #end(code: CloseReason['code'], message: string): void {
    this.#apply({ type: 'close', reason: closeReason(code, message) })
  }

  /** From `closing` to `closed`. */
  async #finish(reason: CloseReason, byPeer: boolean): Promise<void> {
    const link = this.#negotiator.link
    this.#negotiator.abortDial()
    this.#heartbeat.stop()
    const error = new SessionClosedError(reason, { cause: this.#failure })
    this.#channels.stopAccepting(error)
    if (link?.control.isOpen === true && reason.code !== 'connection-lost') {
      const { flushTimeoutMs } = this.#timeouts
      this.#farewell = new Farewell({ link, channels: this.#channels, clock: this.#clock, flushTimeoutMs })
      await (byPeer ? this.#farewell.reply() : this.#farewell.say(reason))
    } else if (!byPeer && link?.isVerified !== true) {
      this.#negotiator.announceClose(reason)
    }
    this.#tearDown(reason, error)
  }

  #tearDown(reason: CloseReason, error: SessionClosedError): void {
    this.#channels.terminate(isGraceful(reason) ? undefined : error)
    this.#negotiator.drop({ peerKnows: this.#farewell?.peerKnows ?? false })
    this.#log('%s: closed: %s', this.remotePeer, formatCloseReason(reason))
    this.#connected.reject(this.#failure ?? errorOfClose(reason))
    this.#apply({ type: 'torn-down' })
    this.#closed.resolve(undefined)
  }
}

function defaultPeerConnection(
  configuration: RTCConfiguration
): ReturnType<NonNullable<PeerSessionInit['createPeerConnection']>> {
  return new RTCPeerConnection(configuration)
}

function abortable(promise: Promise<undefined>, signal?: AbortSignal): Promise<undefined> {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = Promise.withResolvers<undefined>()
  const onAbort = (): void => reject(new AbortError(signal))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
}

/** What every error of this package has: a stable `code` to match on. The message says what to do. */
abstract class SignalingError extends Error {
  abstract readonly code: string
}

/** No path reaches the peer: there is neither an overlay connection to it nor anybody who would pass a message on. */
export class NoPathError extends SignalingError {
  static override readonly name = 'NoPathError'
  override readonly name = 'NoPathError'
  readonly code = 'ERR_NO_PATH'

  constructor(remotePeer: string) {
    super(`no path reaches ${remotePeer}: connect to a member of the room first (bootstrap), then dial again`)
  }
}

/** Nobody answered a dial in time: the peer is gone, does not share a room's key with us, or every path failed. */
export class SignalingTimeoutError extends SignalingError {
  static override readonly name = 'SignalingTimeoutError'
  override readonly name = 'SignalingTimeoutError'
  readonly code = 'ERR_SIGNALING_TIMEOUT'

  constructor(remotePeer: string, timeoutMs: number, hint = '') {
    super(
      `${remotePeer} did not answer within ${timeoutMs} ms: it may be gone, or not share the key of any of our rooms${hint}`
    )
  }
}

/** A peer ID, or a private key, that cannot take part: only Ed25519 keys with a safe X25519 form can. */
export class UnsupportedKeyError extends SignalingError {
  static override readonly name = 'UnsupportedKeyError'
  override readonly name = 'UnsupportedKeyError'
  readonly code = 'ERR_UNSUPPORTED_KEY'

  constructor(what: string, why: string, options?: ErrorOptions) {
    super(`${what} cannot be used for signaling: ${why}; use a peer ID of an Ed25519 key (12D3Koo…)`, options)
  }
}

/** A second dial to a peer while the first still waits. */
export class DialPendingError extends SignalingError {
  static override readonly name = 'DialPendingError'
  override readonly name = 'DialPendingError'
  readonly code = 'ERR_DIAL_PENDING'

  constructor(remotePeer: string) {
    super(`a dial to ${remotePeer} is pending: await it, or abort it first`)
  }
}

/** An offer, an answer or a message that does not fit into one envelope. */
export class MessageTooLargeError extends SignalingError {
  static override readonly name = 'MessageTooLargeError'
  override readonly name = 'MessageTooLargeError'
  readonly code = 'ERR_MESSAGE_TOO_LARGE'

  constructor(what: string, bytes: number, limit: number) {
    super(`the ${what} has ${bytes} bytes, ${limit} are allowed: send less, or send it over a data channel`)
  }
}

/** A newer process runs under this identity. This one has stopped. */
export class SupersededError extends SignalingError {
  static override readonly name = 'SupersededError'
  override readonly name = 'SupersededError'
  readonly code = 'ERR_SUPERSEDED'

  constructor() {
    super('a newer process uses this identity: give each process its own, or stop one of the two')
  }
}

/** The signaler has not been started, or has been stopped. */
export class SignalerNotRunningError extends SignalingError {
  static override readonly name = 'SignalerNotRunningError'
  override readonly name = 'SignalerNotRunningError'
  readonly code = 'ERR_SIGNALER_NOT_RUNNING'

  constructor() {
    super('the signaler is not running: call start() first, and do not dial after stop()')
  }
}

/** A room's name, key or password that cannot be used. */
export class InvalidRoomError extends SignalingError {
  static override readonly name = 'InvalidRoomError'
  override readonly name = 'InvalidRoomError'
  readonly code = 'ERR_INVALID_ROOM'
}

/** A path cannot take an envelope now: its queue is full, or nobody is there to hand it to. */
export class PathUnavailableError extends SignalingError {
  static override readonly name = 'PathUnavailableError'
  override readonly name = 'PathUnavailableError'
  readonly code = 'ERR_PATH_UNAVAILABLE'

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`the path '${path}' takes nothing now: ${why}`, options)
  }
}

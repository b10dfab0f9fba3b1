/** Base of every error this package throws. Match `name` or `code`; the message is for people and may change. */
export class HearsayError extends Error {
  static override readonly name: string = 'HearsayError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** An option that no version of this function knows, most often a misspelling. */
export class UnknownOptionError extends HearsayError {
  static override readonly name = 'UnknownOptionError'
  readonly option: string

  constructor(option: string, known: readonly string[]) {
    super('ERR_UNKNOWN_OPTION', `Unknown option "${option}". The options are: ${known.join(', ')}.`)
    this.option = option
  }
}

/** An option with a value that cannot be used; `option` names it. */
export class InvalidOptionError extends HearsayError {
  static override readonly name = 'InvalidOptionError'
  readonly option: string

  constructor(option: string, expected: string, cause?: unknown) {
    super('ERR_INVALID_OPTION', `Option "${option}" ${expected}.`, { cause })
    this.option = option
  }
}

/** Text that should be a multiaddr and is none. */
export class InvalidMultiaddrError extends HearsayError {
  static override readonly name = 'InvalidMultiaddrError'
  readonly address: string

  constructor(address: string, hint: string, cause?: unknown) {
    super(
      'ERR_INVALID_MULTIADDR',
      `"${address}" is not a multiaddr${hint}. One looks like /ip4/192.0.2.7/tcp/4001 or /dns4/example.org/tcp/443/wss.`,
      { cause }
    )
    this.address = address
  }
}

/** Text that should be an invite and is none, or something that no invite can hold. */
export class InvalidInviteError extends HearsayError {
  static override readonly name = 'InvalidInviteError'

  constructor(why: string, cause?: unknown) {
    super('ERR_INVALID_INVITE', `This is no invite that can be used: ${why}.`, { cause })
  }
}

/** Text that should be a peer ID and is none, or belongs to a key that cannot be used. */
export class InvalidPeerIdError extends HearsayError {
  static override readonly name = 'InvalidPeerIdError'

  constructor(text: string, why: string, cause?: unknown) {
    super('ERR_INVALID_PEER_ID', `"${text}" ${why}. A peer ID of ours starts with 12D3KooW.`, { cause })
  }
}

/** Nobody answered at any bootstrap address. */
export class BootstrapError extends HearsayError {
  static override readonly name = 'BootstrapError'
  readonly addresses: readonly string[]

  constructor(addresses: readonly string[], timeoutMs: number, cause?: unknown) {
    super(
      'ERR_BOOTSTRAP_UNREACHABLE',
      `Nobody could be reached at ${addresses.join(' or ')} within ${timeoutMs} ms. Check that the node there is ` +
        'running, that host and port are those it printed, that no firewall is in between, and that the peer ID ' +
        'after /p2p/, if there is one, is its own.',
      { cause }
    )
    this.addresses = addresses
  }
}

/** A listen address could not be opened. */
export class ListenError extends HearsayError {
  static override readonly name = 'ListenError'
  readonly addresses: readonly string[]

  constructor(addresses: readonly string[], cause: unknown) {
    const taken = String(cause).includes('EADDRINUSE')
    const advice = taken
      ? 'A port is already taken: stop the other program, choose another port, or let the system choose one with tcp/0.'
      : 'Check that each address belongs to this machine, that this user may open the port, and that its kind ' +
        '(/tcp/…, /tcp/…/ws) can be listened on here.'
    super('ERR_LISTEN_FAILED', `Cannot listen on ${addresses.join(', ')}. ${advice}`, { cause })
    this.addresses = addresses
  }
}

/** The identity cannot be read or written. */
export class IdentityUnreadableError extends HearsayError {
  static override readonly name = 'IdentityUnreadableError'

  constructor(where: string, cause: unknown) {
    super(
      'ERR_IDENTITY_UNREADABLE',
      `The identity ${where} cannot be read or written (${reasonOf(cause)}). ` +
        'Check that it is a file in a folder which this user may read and write.',
      { cause }
    )
  }
}

/** The identity is there but is no key. */
export class IdentityCorruptError extends HearsayError {
  static override readonly name = 'IdentityCorruptError'

  constructor(where: string, cause?: unknown) {
    super(
      'ERR_IDENTITY_CORRUPT',
      `The identity ${where} does not hold a private key. Restore it from a backup, or move it away: a new one, ` +
        'with another peer ID, is then made.',
      { cause }
    )
  }
}

/** The key is sound but not of the one type that signaling can use. */
export class IdentityKeyTypeError extends HearsayError {
  static override readonly name = 'IdentityKeyTypeError'

  constructor(where: string, type: string) {
    super(
      'ERR_IDENTITY_KEY_TYPE',
      `The identity ${where} is a key of type ${type}. hearsay needs Ed25519, because peers encrypt to each other by ` +
        'that key: make one with `hearsay id`, or by generateKeyPair of @libp2p/crypto.'
    )
  }
}

/** Other users of this machine could read the private key. */
export class IdentityPermissionsError extends HearsayError {
  static override readonly name = 'IdentityPermissionsError'

  constructor(path: string, mode: number) {
    super(
      'ERR_IDENTITY_PERMISSIONS',
      `The identity ${path} can be read or written by others (mode ${mode.toString(8)}). Run: chmod 600 ${path}`
    )
  }
}

/** Two meshes with one identity would push each other out. */
export class IdentityInUseError extends HearsayError {
  static override readonly name = 'IdentityInUseError'

  constructor(where: string, holder: string) {
    super(
      'ERR_IDENTITY_IN_USE',
      `The identity ${where} is in use by ${holder}. Close that one first, or give this one an identity of its own.`
    )
  }
}

/** The mesh was closed, before or while this was asked of it. */
export class MeshClosedError extends HearsayError {
  static override readonly name = 'MeshClosedError'

  constructor() {
    super('ERR_MESH_CLOSED', 'The mesh is closed. Create a new one with createMesh().')
  }
}

/** `join()` of a room that the mesh is in. */
export class RoomJoinedError extends HearsayError {
  static override readonly name = 'RoomJoinedError'
  readonly room: string

  constructor(room: string) {
    super(
      'ERR_ROOM_JOINED',
      `The mesh is in the room "${room}" already: use what the first join() gave, or leave() it first.`
    )
    this.room = room
  }
}

/** The mesh is in as many rooms as it may. */
export class RoomLimitError extends HearsayError {
  static override readonly name = 'RoomLimitError'

  constructor(limit: number) {
    super(
      'ERR_ROOM_LIMIT',
      `A mesh can be in ${limit} rooms: leave() one, or create another mesh with an identity of its own.`
    )
  }
}

/** The room was left, before or while this was asked of it. */
export class RoomLeftError extends HearsayError {
  static override readonly name = 'RoomLeftError'
  readonly room: string

  constructor(room: string) {
    super('ERR_ROOM_LEFT', `The mesh is not in the room "${room}" any more: join() it again.`)
    this.room = room
  }
}

/** The mesh already holds as many connections as it may. */
export class ConnectionLimitError extends HearsayError {
  static override readonly name = 'ConnectionLimitError'

  constructor(limit: number) {
    super(
      'ERR_CONNECTION_LIMIT',
      `All ${limit} connections are taken. Close one, or raise the option maxConnections.`
    )
  }
}

/** The message is too large for those without a session to us: it was not flooded. */
export class BroadcastTooLargeError extends HearsayError {
  static override readonly name = 'BroadcastTooLargeError'

  constructor(bytes: number, limit: number) {
    super(
      'ERR_BROADCAST_TOO_LARGE',
      `The message has ${bytes} bytes, and what reaches members without a session to us has ${limit} at most, because ` +
        'every member pays for it: broadcast where it can be fetched instead, send it to those who want it by dial() ' +
        'and send(), or raise maxConnections.'
    )
  }
}

/** We flood the room too often: the message was not flooded. */
export class BroadcastRateError extends HearsayError {
  static override readonly name = 'BroadcastRateError'

  constructor(burst: number, perSecond: number) {
    super(
      'ERR_BROADCAST_RATE',
      `Members without a session to us are told ${burst} messages at once and ${perSecond} a second at most, because ` +
        'every member pays for each: put several into one, or broadcast more rarely.'
    )
  }
}

/** A connected peer made no room for its copy in time: what had not left was taken back. */
export class BroadcastTimeoutError extends HearsayError {
  static override readonly name = 'BroadcastTimeoutError'
  readonly peerId: string

  constructor(peerId: string, timeoutMs: number, cause: unknown) {
    super(
      'ERR_BROADCAST_TIMEOUT',
      `${peerId} made no room for the message within ${timeoutMs} ms: it does not read what is sent to it, or its line ` +
        'is too slow. Broadcast less, or close the connection if that goes on; there it helps to read ' +
        'mesh.messages(), also where nothing but mesh.handle() is wanted.',
      { cause }
    )
    this.peerId = peerId
  }
}

/** Nobody is there to pass it on: the message was not flooded. */
export class BroadcastUnheardError extends HearsayError {
  static override readonly name = 'BroadcastUnheardError'

  constructor() {
    super(
      'ERR_BROADCAST_UNHEARD',
      "No neighbour in the overlay listens to the room's broadcasts yet: broadcast again in a second or two."
    )
  }
}

/** The peer is there and would not connect. */
export class PeerRefusedError extends HearsayError {
  static override readonly name = 'PeerRefusedError'
  readonly peerId: string
  readonly refusal: string

  constructor(peerId: string, refusal: string) {
    super(
      'ERR_PEER_REFUSED',
      `${peerId} refused the connection: ${refusal}. ${REFUSAL_ADVICE[refusal] ?? ''}`.trim()
    )
    this.peerId = peerId
    this.refusal = refusal
  }
}

/** No connection came about; `cause` says where it stopped. */
export class DialError extends HearsayError {
  static override readonly name = 'DialError'
  readonly peerId: string

  constructor(peerId: string, cause: unknown) {
    super('ERR_DIAL_FAILED', `No connection to ${peerId}: ${reasonOf(cause)}`, { cause })
    this.peerId = peerId
  }
}

/** The hook `admit` did not answer: the peer was not admitted. */
export class AdmitTimeoutError extends HearsayError {
  static override readonly name = 'AdmitTimeoutError'
  readonly peerId: string

  constructor(peerId: string, timeoutMs: number) {
    super(
      'ERR_ADMIT_TIMEOUT',
      `The hook admit() has not answered for ${peerId} within ${timeoutMs} ms, which counts as no: decide from what ` +
        'you know, or give up on whatever it waits for.'
    )
    this.peerId = peerId
  }
}

/** A handler of ours threw. The peer got an error reply; nothing else was harmed. */
export class HandlerFailedError extends HearsayError {
  static override readonly name = 'HandlerFailedError'
  readonly type: string
  readonly peerId: string

  constructor(type: string, peerId: string, cause: unknown) {
    super(
      'ERR_HANDLER_FAILED',
      `The handler of "${type}" failed on a message of ${peerId}: ${reasonOf(cause)}`,
      { cause }
    )
    this.type = type
    this.peerId = peerId
  }
}

/** The libp2p node lacks a service that hearsay stands on. */
export class MissingServiceError extends HearsayError {
  static override readonly name = 'MissingServiceError'

  constructor(service: string, advice: string) {
    super('ERR_MISSING_SERVICE', `The libp2p node has no service named "${service}". ${advice}`)
  }
}

/** A link of the overlay can only go over a session that is up, and there is none with this peer. */
export class NoSessionError extends HearsayError {
  static override readonly name = 'NoSessionError'
  readonly peerId: string

  constructor(peerId: string) {
    super('ERR_NO_SESSION', `There is no session with ${peerId}: connect by mesh.dial() first.`)
    this.peerId = peerId
  }
}

/** The peer closed the channel of a link instead of taking it: it has links enough, or does not know them. */
export class LinkRefusedError extends HearsayError {
  static override readonly name = 'LinkRefusedError'

  constructor(address: string) {
    super('ERR_LINK_REFUSED', `The peer did not take the link ${address}: try another peer.`)
  }
}

/** A listener answers to that name of links already. */
export class LinkInUseError extends HearsayError {
  static override readonly name = 'LinkInUseError'

  constructor(link: string) {
    super('ERR_LINK_IN_USE', `Somebody listens on /hearsay/${link} already: close that listener first.`)
  }
}

const REFUSAL_ADVICE: Readonly<Record<string, string>> = {
  'not-admitted': 'Its admit() hook said no; ask whoever runs it.',
  busy: 'It holds as many connections as it may; try again later.',
  closing: 'It is shutting down.',
  superseded: 'It knows a newer process of our identity: give each process its own.',
  'bad-offer': 'It could not use our offer; check that both run compatible versions.'
}

/** The shortest honest reason in whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

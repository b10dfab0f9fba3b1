import type { MeshPeer } from './mesh-peer.ts'
import type { JoinOptions } from './options.ts'
import type { CloseReason, HandlerContext } from '@hearsay/session'
import type { TypedEventTarget } from 'main-event'

/** A member of the room, as its presence tells. Whether it lives is for a session to tell. */
export interface MeshMember {
  readonly peerId: string
  /** Multiaddrs of its overlay listeners, as it announces them. */
  readonly addresses: readonly string[]
  readonly services: readonly string[]
}

/** What is told of the members of a room. */
export interface MemberEvents {
  /** A member was heard of for the first time, or again after it had left. */
  'member:discovered': CustomEvent<MeshMember>
  /**
   * A member said goodbye; was not heard of for as long as it had asked to be remembered; answered none of our dials
   * (`lost`: it is still dialed, ever more rarely, and discovered again when it is heard of anew); or was forgotten,
   * because the room is larger than `maxMembers`.
   */
  'member:left': CustomEvent<{ member: MeshMember; reason: 'goodbye' | 'expired' | 'lost' | 'forgotten' }>
  /** We are connected to others, and nobody of them shares this room's key. Once. */
  'room:key-mismatch': CustomEvent<{ room: string }>
}

export interface MeshEvents extends MemberEvents {
  /** A WebRTC connection with this peer is up and verified. */
  'peer:connected': CustomEvent<MeshPeer>
  /** It is over. */
  'peer:disconnected': CustomEvent<{ peer: MeshPeer; reason: CloseReason }>
  /** A newer process uses our identity. This mesh closes. */
  superseded: CustomEvent
  /** Something failed that no call of yours waits for, such as a handler that threw. */
  error: CustomEvent<Error>
}

export interface MeshRoomEvents extends MemberEvents {
  /** A connected peer is in this room: the connection came up, or it joined, or we did. */
  'peer:joined': CustomEvent<MeshPeer>
  /** The connection to it is over, or it has left the room. */
  'peer:left': CustomEvent<MeshPeer>
}

/** A message and who sent it. */
export interface MeshMessage<Message = unknown> {
  /** Peer ID. */
  readonly from: string
  readonly message: Message
}

/** To whom a broadcast went out, and to whom not. */
export interface BroadcastResult {
  /** Peer IDs; the message is in the connection's buffer, which is not to say that the peer has read it. */
  readonly sent: readonly string[]
  /** The errors of `Channel.send()`, or `BroadcastTimeoutError`. */
  readonly failed: readonly { readonly peerId: string; readonly error: Error }[]
  /** Members of whom we know and to whom it did not go over a session, without those that are lost. */
  readonly unconnected: number
  /** Whether it was flooded for them: gossip tells nobody whom it has reached. */
  readonly flooded: boolean
  /**
   * Why it was not flooded although somebody would have needed it: `BroadcastTooLargeError`, `BroadcastRateError`,
   * `BroadcastUnheardError`, or that it cannot be encoded.
   */
  readonly floodError?: Error
}

export interface BroadcastOptions {
  /** Takes back what has not been sent. */
  signal?: AbortSignal
  /**
   * Flood the room's gossip for members that have no session with us. Everybody who has the room's key can read it
   * there, also whom `admit` refuses. @default true without an `admit` hook, false with one
   */
  flood?: boolean
}

export interface MeshDialOptions {
  /** Gives up. */
  signal?: AbortSignal
  /** Names of the paths that may carry the offer: 'session', 'direct', 'introducer', 'gossip'. @default all */
  paths?: readonly string[]
  /** How long until the connection must stand, in milliseconds. @default 30_000 */
  timeoutMs?: number
}

/** What a handler learns about a message beside its payload. */
export interface MeshHandlerContext extends HandlerContext {
  readonly peer: MeshPeer
}

/** What JSON can say. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** What most messages are: an object. */
export type JsonObject = Record<string, JsonValue>

/**
 * Answers requests, and takes notifications, of one message type from any peer. `Payload` is what you expect: others may
 * send anything.
 */
export type MeshHandler<Payload = JsonObject, Result = unknown> = (
  payload: Payload,
  context: MeshHandlerContext
) => Result

/** Another room that a mesh is in, over the same connections. */
export interface MeshRoom extends TypedEventTarget<MeshRoomEvents>, AsyncDisposable {
  /** The room's name. */
  readonly room: string
  /** Members of the room known by presence, connected or not, without us. */
  readonly members: readonly MeshMember[]
  /** Connected peers that have proven to be in the room. */
  readonly peers: readonly MeshPeer[]

  /**
   * Says a message to the whole room, as `mesh.broadcast()` does to the mesh's own.
   *
   * @throws {RoomLeftError} we have left the room
   * @throws {MeshClosedError} the mesh is closed
   */
  broadcast(message: unknown, options?: BroadcastOptions): Promise<BroadcastResult>

  /**
   * Says goodbye to the room, and closes the connections to peers that share no other room with us. Idempotent. The mesh
   * may join it again.
   */
  leave(): Promise<void>
}

/**
 * A member's own view of the mesh: who is there, who is connected, and how to talk to them. Peers and connections are
 * those of all its rooms; members are those of the room that it was created in, and `join()` gives the others.
 */
export interface Mesh extends TypedEventTarget<MeshEvents>, AsyncDisposable {
  readonly peerId: string
  /** Name of the room that the mesh was created in. */
  readonly room: string
  /** Multiaddrs at which others enter through us, each with our peer ID; loopback first. */
  readonly addresses: readonly string[]
  /** Peers with a WebRTC connection. */
  readonly peers: readonly MeshPeer[]
  /** Members known by presence, connected or not, without us and without those that are lost. */
  readonly members: readonly MeshMember[]

  /** The connected peer of that ID. */
  peer(peerId: string): MeshPeer | undefined

  /**
   * Connects to a peer, or gives the connection that there is. At the limit it takes the place of a connection that has
   * been idle for three seconds.
   *
   * @throws {InvalidPeerIdError} no peer ID, our own, or one that signaling cannot write to
   * @throws {ConnectionLimitError} `maxConnections` are taken, and all are in use
   * @throws {PeerRefusedError} the peer would not
   * @throws {DialError} nobody answered, or no connection came about; `cause` says why
   * @throws {MeshClosedError} the mesh is closed, or was meanwhile
   */
  dial(peerId: string, options?: MeshDialOptions): Promise<MeshPeer>

  /**
   * Runs `handler` for messages of `type` on the default channel of every peer, those to come included.
   *
   * @returns takes it back; called again it does nothing
   * @throws {MessageTypeError} no message can have this type
   * @throws {HandlerExistsError} there is one for this type, or a peer has one of its own (`peer.handle()`): then it is
   *   set for nobody
   */
  handle<Payload = JsonObject>(type: string, handler: MeshHandler<Payload>): () => void

  /**
   * Joins another room, with the same identity, connections and connection limit. Resolves, with `bootstrap`, when one
   * of the addresses has answered; members come about from then on.
   *
   * @throws {UnknownOptionError} {InvalidOptionError} {InvalidMultiaddrError} {InvalidInviteError} {InvalidRoomError}
   *   an option cannot be meant
   * @throws {RoomJoinedError} the mesh is in that room
   * @throws {RoomLimitError} it is in 16 rooms
   * @throws {BootstrapError} nobody answers at the bootstrap addresses
   * @throws {MeshClosedError} the mesh is closed, or was meanwhile
   */
  join(options: JoinOptions): Promise<MeshRoom>

  /**
   * Says a message to the whole room that the mesh was created in: on the default channel of every connected peer, and, where some member has no
   * session with us, by flooding the room's gossip, up to 8 KiB. Each member gets it once at most. Resolves when each
   * copy has left, which is the backpressure, or has failed: a peer that makes no room for its own within five seconds
   * (half a second, if it did not for the one before), and takes less than 16 KiB a second, is left out, with
   * `BroadcastTimeoutError` in `failed`. Never rejects because of a peer.
   */
  broadcast(message: unknown, options?: BroadcastOptions): Promise<BroadcastResult>

  /**
   * What peers send on their default channels, in each one's order, and what members without a session broadcast, in no
   * order. It shares the former with `peer.messages()`, and all with other iterations: each message goes to one of them.
   * Ends when the mesh closes.
   */
  messages<Message = unknown>(): AsyncIterableIterator<MeshMessage<Message>, undefined>

  /**
   * Opens further addresses at which others enter through us.
   *
   * @throws {InvalidMultiaddrError} text that is no multiaddr
   * @throws {ListenError} an address cannot be opened
   */
  listen(addresses: readonly string[]): Promise<void>

  /**
   * Closes every address at which others enter, and the overlay connections that came in there. We stay in the mesh, and
   * so do they: the overlay goes on over WebRTC.
   */
  unlisten(): Promise<void>

  /**
   * Says goodbye, closes every connection, and leaves nothing behind. `signal` cuts the farewell short. Idempotent.
   */
  close(options?: { signal?: AbortSignal }): Promise<void>
}

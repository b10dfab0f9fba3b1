import { platform } from '#platform'
import { DEFAULT_MAX_MEMBERS } from './constants.ts'
import { InvalidOptionError, UnknownOptionError } from './errors.ts'
import { parseInvite } from './invite.ts'
import { parseMultiaddr } from './parse-multiaddr.ts'
import { MAX_INTRODUCERS } from './presence/presence-record.ts'
import type { IdentityOption } from './identity/identity.ts'
import type { AdmitHook } from './admission.ts'
import type { ChannelOptions, LivenessOptions, SessionTimeouts } from '@hearsay/session'
import type { CandidatePolicy } from '@hearsay/webrtc'
import type { ComponentLogger, Metrics } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What a mesh takes wherever it runs: in a libp2p node of yours (`hearsay()`) or in its own (`createMesh()`). */
export interface HearsayOptions {
  /** The room to be in, by its public name: 1 to 128 bytes. */
  room: string
  /** Only who knows it is in the room. As strong as it is hard to guess: prefer `roomKey`. */
  password?: string
  /** 32 random bytes, or the text that `hearsay room new` and `generateRoomKey()` give. */
  roomKey?: Uint8Array | string
  /** STUN and TURN servers. @default [], none */
  iceServers?: RTCIceServer[]
  /** Anything else for each `RTCPeerConnection`, such as `iceTransportPolicy` and `certificates`. */
  rtcConfiguration?: RTCConfiguration
  /** Which of our ICE candidates peers get to know. @default all */
  candidatePolicy?: CandidatePolicy
  /** Channels that every session has from its start, by label. */
  channels?: Record<string, ChannelOptions>
  /** Asked before any offer is answered, and before any member is dialed automatically. @default everybody in the room is admitted */
  admit?: AdmitHook
  /**
   * WebRTC connections held at most; each takes sockets, about 100 KiB and a share of every broadcast. An eighth of it,
   * one at least, is kept for dials that somebody asks for; beyond it they close the connection that is of least use.
   *
   * @default 64
   */
  maxConnections?: number
  /** Connect to every member heard of. Otherwise only `dial()` and others do. @default true */
  autoConnect?: boolean
  /** Overlay neighbours in the room to hold at least; lost ones are replaced in any case. @default 4 */
  overlayDegree?: number
  /**
   * Members that pass on to us what others send, so that a connection costs the room nothing: 0 to 4, 0 for none.
   * @default 3, or `overlayDegree` where that is less
   */
  introducers?: number
  /** Members remembered at most: a room may be larger, memory is not. @default 4096 */
  maxMembers?: number
  /**
   * How long others remember us without a word at least, in milliseconds; in a large room a minute for each member, so
   * that a quiet room stays quiet. @default 120_000
   */
  presenceTtlMs?: number
  /** Silence on the room's topic, though connected to somebody, until `room:key-mismatch`. @default 15_000 */
  keyMismatchTimeoutMs?: number
  /** Look for members of the room on the local network, by multicast DNS, and be found there. Not in a page. @default false */
  mdns?: boolean
  /** Find members by provider records in the node's content routing, such as kad-dht, where it has one. @default true */
  dht?: boolean
  /** How long the steps of a session may take. */
  timeouts?: Partial<SessionTimeouts>
  /** When a silent peer is suspected. */
  liveness?: Partial<LivenessOptions>
}

/** How a mesh finds members when it knows the address of none: by what they left with the nodes of a DHT. */
export interface DhtOptions {
  /** Multiaddrs of nodes of the DHT, such as `hearsay dht` prints. They need not be in the room. */
  bootstrap?: string | readonly string[]
  /** Be such a node too, as `createDhtNode()` is: for members that stay and that others can reach. @default false */
  server?: boolean
}

/** What `createMesh()` takes. */
export interface MeshOptions extends Omit<HearsayOptions, 'room' | 'dht'> {
  /** The room to be in, by its public name: 1 to 128 bytes. Needed unless there is an `invite`. */
  room?: string
  /**
   * What `hearsay room new` and `renderInvite()` give: the room, its key and members to enter through, instead of `room`
   * and `roomKey` and before `bootstrap`.
   */
  invite?: string
  /**
   * Who we are: the path of a key file (in a page: a name in IndexedDB), made where it is absent and locked while in
   * use; or an Ed25519 private key of libp2p. @default a new identity, in memory
   */
  identity?: IdentityOption
  /** Multiaddrs of members to enter through; `createMesh()` rejects when none of them answers. @default none */
  bootstrap?: string | readonly string[]
  /** Find members in a DHT, and be found there; `createMesh()` waits for one of its nodes as for `bootstrap`. @default none */
  dht?: DhtOptions
  /** How long to try the bootstrap addresses, of both kinds together, in milliseconds. @default 10_000 */
  bootstrapTimeoutMs?: number
  /** Multiaddrs to listen on. @default every IPv4 address, ports of the system's choice, TCP and WebSocket; in a page none */
  listen?: readonly string[]
  /** Gives up starting. */
  signal?: AbortSignal
  /** @default libp2p's: `DEBUG=hearsay:*` */
  logger?: ComponentLogger
  /** libp2p metrics, such as `prometheusMetrics()`. */
  metrics?: (components: { logger: ComponentLogger }) => Metrics
}

/** What `mesh.join()` takes: another room, and ways into it. */
export type JoinOptions = Pick<
  MeshOptions,
  'room' | 'password' | 'roomKey' | 'invite' | 'bootstrap' | 'bootstrapTimeoutMs' | 'signal'
>

/** What `createDhtNode()` takes. */
export type DhtNodeOptions = Pick<
  MeshOptions,
  'identity' | 'bootstrap' | 'bootstrapTimeoutMs' | 'listen' | 'signal' | 'logger' | 'metrics'
>

/** What a room comes from. */
export interface ResolvedRoom {
  readonly name: string
  readonly password?: string
  readonly key?: Uint8Array | string
}

/** `JoinOptions` with every default filled in. */
export interface ResolvedJoinOptions {
  readonly room: ResolvedRoom
  readonly bootstrap: readonly Multiaddr[]
  readonly bootstrapTimeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** `HearsayOptions` with every default filled in. */
export interface ResolvedHearsayOptions {
  readonly room: ResolvedRoom
  readonly rtcConfiguration: RTCConfiguration
  readonly candidatePolicy: CandidatePolicy | undefined
  readonly channels: Readonly<Record<string, ChannelOptions>>
  readonly admit: AdmitHook | undefined
  readonly maxConnections: number
  readonly autoConnect: boolean
  readonly overlayDegree: number
  readonly introducers: number
  readonly maxMembers: number
  readonly presenceTtlMs: number
  readonly keyMismatchTimeoutMs: number
  readonly mdns: boolean
  readonly dht: boolean
  readonly timeouts: Partial<SessionTimeouts>
  readonly liveness: Partial<LivenessOptions>
}

/** What `createMesh()` and `createDhtNode()` share, with defaults but those that depend on the platform. */
export interface ResolvedNodeOptions {
  readonly identity: IdentityOption | undefined
  readonly bootstrap: readonly Multiaddr[]
  readonly bootstrapTimeoutMs: number
  readonly listen: readonly Multiaddr[] | undefined
  readonly signal: AbortSignal | undefined
  readonly logger: ComponentLogger | undefined
  readonly metrics: MeshOptions['metrics']
}

/** `MeshOptions` with every default filled in but those that depend on the platform. */
export interface ResolvedMeshOptions extends ResolvedHearsayOptions, ResolvedNodeOptions {
  readonly dhtBootstrap: readonly Multiaddr[]
  readonly dhtServer: boolean
}

/** How long addresses of others are tried at the start. */
const BOOTSTRAP_TIMEOUT_MS = 10_000

type Check = (value: unknown) => string | undefined

const check =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : expected

const isText = check('must be text', (value) => typeof value === 'string')
const isBoolean = check('must be true or false', (value) => typeof value === 'boolean')
const isFunction = check('must be a function', (value) => typeof value === 'function')
const isObject = check('must be an object', (value) => typeof value === 'object' && value !== null)
const isTexts = check(
  'must be a list of multiaddrs, as text',
  (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string')
)
const isWhole = (least: number, most: number): Check =>
  check(
    `must be a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most
  )

/** Of the mesh, whoever made its node. */
const ROOM_CHECKS: Record<keyof Omit<HearsayOptions, 'dht'>, Check> = {
  room: check('must be the name of the room to join', (value) => typeof value === 'string' && value !== ''),
  password: isText,
  roomKey: check(
    'must be 32 bytes or their text',
    (value) => typeof value === 'string' || value instanceof Uint8Array
  ),
  iceServers: check('must be a list', Array.isArray),
  rtcConfiguration: isObject,
  candidatePolicy: isObject,
  channels: isObject,
  admit: isFunction,
  maxConnections: isWhole(1, 1_000),
  autoConnect: isBoolean,
  overlayDegree: isWhole(1, 32),
  introducers: isWhole(0, MAX_INTRODUCERS),
  maxMembers: isWhole(1, 1_000_000),
  presenceTtlMs: isWhole(10_000, 3_600_000),
  keyMismatchTimeoutMs: isWhole(1, 3_600_000),
  mdns: (value) =>
    value === true && platform.mdns === undefined
      ? 'must be false in a page: browsers let none speak multicast DNS'
      : isBoolean(value),
  timeouts: isObject,
  liveness: isObject
}

const SERVICE_CHECKS: Record<keyof HearsayOptions, Check> = { ...ROOM_CHECKS, dht: isBoolean }

const NODE_CHECKS: Record<keyof DhtNodeOptions, Check> = {
  identity: check(
    'must be the path of a key file or a private key of libp2p',
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null && 'type' in value)
  ),
  bootstrap: (value) => (typeof value === 'string' ? undefined : isTexts(value)),
  bootstrapTimeoutMs: isWhole(1, 3_600_000),
  listen: isTexts,
  signal: check('must be an AbortSignal', (value) => value instanceof AbortSignal),
  logger: isObject,
  metrics: isFunction
}

const MESH_CHECKS: Record<keyof MeshOptions, Check> = {
  invite: isText,
  ...ROOM_CHECKS,
  ...NODE_CHECKS,
  dht: check("must be such as { bootstrap: '/ip4/192.0.2.7/tcp/4001' }", isDht)
}

const JOIN_CHECKS: Record<keyof JoinOptions, Check> = {
  invite: isText,
  room: ROOM_CHECKS.room,
  password: ROOM_CHECKS.password,
  roomKey: ROOM_CHECKS.roomKey,
  bootstrap: NODE_CHECKS.bootstrap,
  bootstrapTimeoutMs: NODE_CHECKS.bootstrapTimeoutMs,
  signal: NODE_CHECKS.signal
}

/**
 * @throws {UnknownOptionError}
 * @throws {InvalidOptionError}
 */
export function resolveHearsayOptions(options: HearsayOptions): ResolvedHearsayOptions {
  validate(options, SERVICE_CHECKS)
  return withDefaults(options)
}

/**
 * @throws {UnknownOptionError}
 * @throws {InvalidOptionError}
 * @throws {InvalidMultiaddrError}
 * @throws {InvalidInviteError}
 */
export function resolveMeshOptions(options: MeshOptions): ResolvedMeshOptions {
  const resolved = readInvite(options, MESH_CHECKS)
  validate(resolved, MESH_CHECKS)
  const { dht, room = '', ...others } = resolved
  return {
    ...withDefaults({ ...others, room, dht: dht !== undefined }),
    ...withNodeDefaults(others),
    dhtBootstrap: parseMultiaddrs(dht?.bootstrap),
    dhtServer: dht?.server ?? false
  }
}

/**
 * @throws {UnknownOptionError}
 * @throws {InvalidOptionError}
 * @throws {InvalidMultiaddrError}
 * @throws {InvalidInviteError}
 */
export function resolveJoinOptions(options: JoinOptions): ResolvedJoinOptions {
  const resolved = readInvite(options, JOIN_CHECKS)
  validate(resolved, JOIN_CHECKS)
  return {
    room: roomOf(resolved),
    bootstrap: parseMultiaddrs(resolved.bootstrap),
    bootstrapTimeoutMs: resolved.bootstrapTimeoutMs ?? BOOTSTRAP_TIMEOUT_MS,
    signal: resolved.signal
  }
}

/** Puts what an invite says in its place. */
function readInvite(options: MeshOptions, checks: Readonly<Record<string, Check>>): MeshOptions {
  if (typeof options?.invite !== 'string') return options
  const { invite: text, ...others } = options
  const twice = (['room', 'roomKey', 'password'] as const).find((option) => others[option] !== undefined)
  if (twice !== undefined) {
    throw new InvalidOptionError(
      'invite',
      `cannot be given together with ${twice}: it says which room, and its key`
    )
  }
  const { room, key, bootstrap } = parseInvite(text)
  // Before it is put together with what the invite says.
  validate({ ...others, room }, checks)
  const { bootstrap: more = [] } = others
  return {
    ...others,
    room,
    ...(key !== undefined && { roomKey: key }),
    bootstrap: [...bootstrap, ...(typeof more === 'string' ? [more] : more)]
  }
}

/**
 * @throws {UnknownOptionError}
 * @throws {InvalidOptionError}
 * @throws {InvalidMultiaddrError}
 */
export function resolveDhtNodeOptions(options: DhtNodeOptions): ResolvedNodeOptions {
  validate(options, NODE_CHECKS)
  return withNodeDefaults(options)
}

function withNodeDefaults(options: DhtNodeOptions): ResolvedNodeOptions {
  return {
    identity: options.identity,
    bootstrap: parseMultiaddrs(options.bootstrap),
    bootstrapTimeoutMs: options.bootstrapTimeoutMs ?? BOOTSTRAP_TIMEOUT_MS,
    listen: options.listen?.map(parseMultiaddr),
    signal: options.signal,
    logger: options.logger,
    metrics: options.metrics
  }
}

function withDefaults(options: HearsayOptions): ResolvedHearsayOptions {
  const { rtcConfiguration = {}, iceServers } = options
  const room = roomOf(options)
  if (iceServers !== undefined && rtcConfiguration.iceServers !== undefined) {
    throw new InvalidOptionError('iceServers', 'is also in rtcConfiguration: give it once')
  }
  return {
    room,
    rtcConfiguration: { ...rtcConfiguration, iceServers: iceServers ?? rtcConfiguration.iceServers ?? [] },
    candidatePolicy: options.candidatePolicy,
    channels: options.channels ?? {},
    admit: options.admit,
    maxConnections: options.maxConnections ?? 64,
    autoConnect: options.autoConnect ?? true,
    overlayDegree: options.overlayDegree ?? 4,
    introducers: options.introducers ?? Math.min(3, options.overlayDegree ?? 4),
    maxMembers: options.maxMembers ?? DEFAULT_MAX_MEMBERS,
    presenceTtlMs: options.presenceTtlMs ?? 120_000,
    keyMismatchTimeoutMs: options.keyMismatchTimeoutMs ?? 15_000,
    mdns: options.mdns ?? false,
    dht: options.dht ?? true,
    timeouts: options.timeouts ?? {},
    liveness: options.liveness ?? {}
  }
}

function roomOf({
  room = '',
  password,
  roomKey
}: Pick<JoinOptions, 'room' | 'password' | 'roomKey'>): ResolvedRoom {
  if (password !== undefined && roomKey !== undefined) {
    throw new InvalidOptionError(
      'password',
      'cannot be given together with roomKey: a room has one of them or none'
    )
  }
  return {
    name: room,
    ...(password !== undefined && { password }),
    ...(roomKey !== undefined && { key: roomKey })
  }
}

function validate(options: unknown, checks: Readonly<Record<string, Check>>): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError('room', "is missing: give options such as { room: 'kitchen' }")
  }
  const given = new Map<string, unknown>(Object.entries(options))
  for (const option of given.keys()) {
    if (!Object.hasOwn(checks, option)) throw new UnknownOptionError(option, Object.keys(checks).sort())
  }
  for (const [option, holds] of Object.entries(checks)) {
    const value = given.get(option)
    const fault = value === undefined && option !== 'room' ? undefined : holds(value)
    if (fault !== undefined) throw new InvalidOptionError(option, fault)
  }
}

function parseMultiaddrs(texts: string | readonly string[] = []): Multiaddr[] {
  return (typeof texts === 'string' ? [texts] : texts).map(parseMultiaddr)
}

function isDht(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { bootstrap = [], server = false, ...others }: Record<string, unknown> = { ...value }
  const entries = typeof bootstrap === 'string' ? [bootstrap] : bootstrap
  return (
    Object.keys(others).length === 0 &&
    typeof server === 'boolean' &&
    isTexts(entries) === undefined &&
    // A DHT is not found by itself; one of its nodes may be the first.
    (server || (entries as readonly string[]).length > 0)
  )
}

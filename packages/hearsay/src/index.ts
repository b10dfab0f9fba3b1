export { createMesh } from './create-mesh.ts'
export { createDhtNode } from './discovery/create-dht-node.ts'
export { readPeerId } from './identity/read-peer-id.ts'
export { hearsay } from './service.ts'
export { hearsayTransport } from './transport/hearsay-transport.ts'
export type { HearsayTransport, HearsayTransportComponents } from './transport/hearsay-transport.ts'
export * from './errors.ts'
export { parseInvite, renderInvite } from './invite.ts'
export type { Invite, InviteInit } from './invite.ts'
export type { AdmissionRequest, AdmitHook } from './admission.ts'
export type { HearsayComponents } from './components.ts'
export type { DhtNode } from './discovery/create-dht-node.ts'
export type { IdentityOption } from './identity/identity.ts'
export type {
  BroadcastOptions,
  BroadcastResult,
  JsonObject,
  JsonValue,
  MemberEvents,
  Mesh,
  MeshDialOptions,
  MeshEvents,
  MeshHandler,
  MeshHandlerContext,
  MeshMember,
  MeshMessage,
  MeshRoom,
  MeshRoomEvents
} from './mesh.ts'
export type { MeshPeer, MeshPeerEvents, MeshPeerStats } from './mesh-peer.ts'
export type { DhtNodeOptions, DhtOptions, HearsayOptions, JoinOptions, MeshOptions } from './options.ts'
export { bytesCodec, jsonCodec, textCodec } from '@hearsay/session'
export type {
  Channel,
  ChannelCodec,
  ChannelEvents,
  ChannelKind,
  ChannelOptions,
  ChannelPriority,
  ChannelStats,
  CloseReason,
  LivenessOptions,
  MessageHandler,
  RequestOptions,
  SelectedCandidate,
  SessionStateName,
  SessionTimeouts,
  Transition
} from '@hearsay/session'
export { decodeRoomKey, encodeRoomKey, generateRoomKey } from '@hearsay/signaling'
export type { CandidatePolicy } from '@hearsay/webrtc'

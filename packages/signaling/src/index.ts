export * from './errors.ts'
export type { Arrival, Intermediary, SignalingPath } from './path.ts'
export { comparePeerIds, peerIdOfSeed, publicKeyOf } from './peer-key.ts'
export type * from './signaler.ts'
export { decodeRoomKey, deriveRoom, encodeRoomKey, generateRoomKey } from './rooms/room.ts'
export type { Room, RoomInit } from './rooms/room.ts'
export { createSignaler } from './service/create-signaler.ts'
export type { SignalerInit } from './service/create-signaler.ts'
export type { DropReason } from './service/counters.ts'
export type { SignalingLimits } from './service/limits.ts'
export type { SignalerService, SignalerServiceEvents } from './service/signaler-service.ts'
export type { SignalingTimers } from './service/timers.ts'
export type { X25519 } from './dh/x25519.ts'
export { DirectStreamPath, SIGNAL_PROTOCOL } from './paths/direct-stream.ts'
export type { DirectStreamComponents } from './paths/direct-stream.ts'
export { IntroducerPath } from './paths/introducer.ts'
export type { IntroducerDirectory, IntroducerPathInit } from './paths/introducer.ts'
export { INTRODUCE_PROTOCOL, IntroducerHost } from './paths/introducer-host.ts'
export type { IntroducerHostComponents, IntroducerHostInit } from './paths/introducer-host.ts'
export type { IntroducerLimits } from './introduction/introducer.ts'
export type { Candidate } from './introduction/registrations.ts'
export { GossipTopicPath } from './paths/gossip-topic.ts'
export type {
  GossipMessage,
  GossipPubSub,
  GossipTopicComponents,
  GossipTopicInit
} from './paths/gossip-topic.ts'

export { MISCHIEFS, type Mischief } from './hostile-introducer.ts'
export { NetworkEmulator, type EmulatedPacket, type NetworkConditions } from './network-emulator.ts'
export { testPeerId, testPeerIds } from './peer-ids.ts'
export { SeededRandom } from './seeded-random.ts'
export {
  createSignalingHub,
  SignalingHub,
  type HubClock,
  type JoinOptions,
  type SignalingHubOptions
} from './signaling-hub.ts'
export {
  SignalingSimulation,
  type SignalingSimulationOptions,
  type SignalingTraffic
} from './signaling-simulation.ts'
export { settle, VirtualClock } from './virtual-clock.ts'

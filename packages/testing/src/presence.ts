/**
 * Presence on a virtual clock: rooms of any size, and what they cost.
 *
 * @packageDocumentation
 */
export { measurePresence, type PresenceFigures, type PresenceFiguresOptions } from './presence-figures.ts'
export {
  PresenceSimulation,
  type AddOptions,
  type PresenceSimulationOptions,
  type PresenceTraffic,
  type SimulatedMember
} from './presence-simulation.ts'

/**
 * The core of the overlay alone, without sockets and clocks: for simulations.
 *
 * @packageDocumentation
 */
export { OverlayPlanner } from './overlay-planner.ts'
export type { LinkKind, OverlayDial, OverlayOutput, OverlayPlannerOptions } from './overlay-planner.ts'

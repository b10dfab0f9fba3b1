/**
 * The overlay over sessions on a virtual clock: rooms of any size, and how they take it when many die at once.
 *
 * @packageDocumentation
 */
export { measureOverlay, type OverlayFigures, type OverlayFiguresOptions } from './overlay-figures.ts'
export { OverlaySimulation, type OverlaySimulationOptions } from './overlay-simulation.ts'

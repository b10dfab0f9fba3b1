/**
 * The `hearsay` command. Programs use the package `hearsay` instead; this one exports only what its binary starts.
 *
 * @packageDocumentation
 */
export { main } from './run.ts'

import { decodeEnvelope, type EnvelopeKind } from '../../src/envelope/envelope.ts'
import type { Carried } from './network.ts'

/** Of what was carried, the envelopes of one kind. */
export function ofKind(carried: readonly Carried[], kind: EnvelopeKind): Carried[] {
  return carried.filter(({ bytes }) => decodeEnvelope(bytes)?.kind === kind)
}

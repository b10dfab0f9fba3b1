/** Serial number arithmetic (RFC 1982) for 32-bit TSNs and 16-bit SSNs. */

/** Whether 32-bit serial `a` comes after `b`. */
export function tsnIsAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}

/** Whether 16-bit serial `a` comes after `b`. */
export function ssnIsAfter(a: number, b: number): boolean {
  return (a - b) << 16 > 0
}

/** `ssn + 1`, wrapped to 16 bits. */
export function nextSsn(ssn: number): number {
  return (ssn + 1) & 0xffff
}

/**
 * Maps 32-bit TSNs to sequence numbers that never wrap (the initial TSN is 0), so that the code that works with
 * ranges of them can compare and loop with plain numbers.
 */
export class TsnSequence {
  readonly initialTsn: number

  constructor(initialTsn: number) {
    this.initialTsn = initialTsn >>> 0
  }

  toTsn(seq: number): number {
    // Sequence numbers stay far below 2^53, so the addition is exact.
    return (this.initialTsn + seq) >>> 0
  }

  /** The sequence number of `tsn` that is nearest to `reference` (within 2^31). */
  toSeq(tsn: number, reference: number): number {
    return reference + ((tsn - this.toTsn(reference)) | 0)
  }
}

/** Why something from the network was left aside. */
export type DropReason =
  /** Not a record, or not a handshake fragment, or of a version or content type that is not spoken here. */
  | 'malformed'
  /** A plaintext alert: anybody can make one. */
  | 'plaintext-alert'
  /** Anything else in plaintext while no plaintext is due: late, or forged. */
  | 'plaintext'
  /** A protected record that is not authentic. */
  | 'undecryptable'
  /** A protected record that came before, or too late. */
  | 'replayed'
  /** An epoch that does not exist, or not yet. */
  | 'epoch'
  /** A handshake message that has no place: repeated, too far ahead, or a renegotiation. */
  | 'handshake'
  /** Beyond a bound of a queue. */
  | 'overflow'
  /** After the end, or before the start. */
  | 'not-open'

/** How often each happened. */
export type DropCounts = Readonly<Record<DropReason, number>>

export function noDrops(): Record<DropReason, number> {
  return {
    malformed: 0,
    'plaintext-alert': 0,
    plaintext: 0,
    undecryptable: 0,
    replayed: 0,
    epoch: 0,
    handshake: 0,
    overflow: 0,
    'not-open': 0
  }
}

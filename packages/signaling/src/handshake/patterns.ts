/** What a Noise message does (Noise rev. 34, section 5.3). */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss'

export interface HandshakePattern {
  readonly name: string
  /** The initiator knows the responder's static key beforehand (pre-message `<- s`). */
  readonly responderStaticKnown: boolean
  /** The first is the initiator's. */
  readonly messages: readonly (readonly Token[])[]
}

/** The one pattern hearsay speaks: the initiator knows the responder's static key, and names its own at once. */
export const IK: HandshakePattern = {
  name: 'IK',
  responderStaticKnown: true,
  messages: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se']
  ]
}

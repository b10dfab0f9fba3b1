import type { HandshakeFragment, HandshakeMessage } from './handshake-message.ts'
import { HandshakeType } from './protocol.ts'
import { Reassembler } from './reassembler.ts'

/** What became of a fragment. */
export type FragmentOutcome =
  | 'kept'
  /** It is of a message that our flight in the air answers: the peer may not have got that flight. */
  | 'repeated'
  | 'dropped'

/**
 * The peer's handshake messages: fragments in, whole messages out, in the order of `message_seq`. What comes in
 * plaintext and what comes protected is put together apart, so that nothing forged can stand in Finished's place.
 */
export class MessageInbox {
  readonly #plaintext = new Reassembler()
  readonly #protected = new Reassembler()
  /** `message_seq` of the next message. */
  #next = 0
  /** Messages below this one are what our flight in the air answers. */
  #answered = 0
  #isOpen = true

  /** Takes a fragment of epoch 1 (`isProtected`) or 0. */
  add(fragment: HandshakeFragment, isProtected: boolean): FragmentOutcome {
    // Only Finished is sent protected, and it never is sent otherwise. HelloRequest is not for us: there is no
    // renegotiation.
    const isInPlace = isProtected === (fragment.type === HandshakeType.finished)
    if (!isInPlace || fragment.type === HandshakeType.helloRequest) return 'dropped'
    if (fragment.sequence < this.#answered) return 'repeated'
    const messages = isProtected ? this.#protected : this.#plaintext
    return this.#isOpen && messages.add(fragment, this.#next) ? 'kept' : 'dropped'
  }

  /** Takes out the next message if it is whole; Finished counts from epoch 1 only, all others from epoch 0. */
  take(isFinishedDue: boolean): HandshakeMessage | undefined {
    const message = (isFinishedDue ? this.#protected : this.#plaintext).take(this.#next)
    if (message !== undefined) this.#next++
    return message
  }

  /** A flight goes out that answers all messages so far. */
  noteAnswered(): void {
    this.#answered = this.#next
  }

  /** No more messages are due. */
  close(): void {
    this.#isOpen = false
    this.#plaintext.clear()
    this.#protected.clear()
  }
}

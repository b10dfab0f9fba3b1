import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { equalSecrets, utf8 } from '../bytes.ts'
import type { Arrival } from '../path.ts'

const COOKIE_BYTES = 16

/**
 * What a responder under load asks for before it computes: proof that who sends message 1 hears what is sent back.
 * Nothing is kept for one: a cookie is a MAC, under a secret that changes, over the session and where message 1 came
 * from: the neighbour, where that is who stands in between (an introducer) or the peer itself, and the origin.
 */
export class Cookies {
  readonly #randomBytes: (length: number) => Uint8Array
  readonly #lifetimeMs: number
  #secret: Uint8Array
  #previous: Uint8Array | undefined
  #changedAt: number

  constructor(randomBytes: (length: number) => Uint8Array, lifetimeMs: number, now: number) {
    this.#randomBytes = randomBytes
    this.#lifetimeMs = lifetimeMs
    this.#secret = randomBytes(32)
    this.#changedAt = now
  }

  create(session: Uint8Array, arrival: Arrival, now: number): Uint8Array {
    this.#rotate(now)
    return mac(this.#secret, session, arrival)
  }

  verify(cookie: Uint8Array, session: Uint8Array, arrival: Arrival, now: number): boolean {
    this.#rotate(now)
    return [this.#secret, this.#previous].some(
      (secret) => secret !== undefined && equalSecrets(cookie, mac(secret, session, arrival))
    )
  }

  #rotate(now: number): void {
    const age = now - this.#changedAt
    if (age >= this.#lifetimeMs) {
      this.#previous = age >= 2 * this.#lifetimeMs ? undefined : this.#secret
      this.#secret = this.#randomBytes(32)
      this.#changedAt = now
    }
  }
}

function mac(secret: Uint8Array, session: Uint8Array, { path, via = '', origin }: Arrival): Uint8Array {
  const from = utf8(`${path}\n${via}\n${origin}`)
  return hmac.create(sha256, secret).update(session).update(from).digest().subarray(0, COOKIE_BYTES)
}

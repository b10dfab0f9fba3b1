import { IceGuard, isDtls, type GuardedAgent, type IceDropReason, type OutstandingRequest } from './guard.ts'
import type { IceCredentials } from './credentials.ts'
import type { TransportAddress } from './udp-socket.ts'
import {
  StunProtocol,
  closeBase,
  interceptBase,
  transactionsOf,
  type ConnectionInternals,
  type IceBase
} from './werift.ts'

/** Datagrams kept of 5-tuples whose check is under way: a handshake flight. */
const MAX_HELD_DATAGRAMS = 16

export interface GuardedBasesHandlers {
  /** DTLS from a validated 5-tuple. */
  onData(base: IceBase, data: Buffer): void
  /** A STUN message was acted upon. */
  onStun(): void
}

/** The sockets and relays of an agent, with the guard before each. */
export class GuardedBases {
  /** Datagrams that were dropped. */
  readonly drops: Partial<Record<IceDropReason, number>> = {}
  readonly #connection: ConnectionInternals
  readonly #handlers: GuardedBasesHandlers
  readonly #guard: IceGuard<IceBase>
  readonly #forwards = new Map<IceBase, (message: Buffer, from: TransportAddress) => void>()
  #held: { base: IceBase; data: Buffer; from: TransportAddress }[] = []
  #closed = false
  /** Base and sender of the latest data: most that follow are from there too. A validated 5-tuple stays so. */
  #latestBase: IceBase | undefined
  #latestFrom: TransportAddress | undefined

  constructor(connection: ConnectionInternals, local: IceCredentials, handlers: GuardedBasesHandlers) {
    this.#connection = connection
    this.#handlers = handlers
    this.#guard = new IceGuard(this.#guardedAgent(), local.usernameFragment, local.password)
  }

  /** Puts the guard before a base; must come before it receives anything. */
  add(base: IceBase): void {
    this.#connection.ensureProtocol(base)
    const forward = interceptBase(base, (data, from) => {
      this.#receive(base, data, from)
    })
    this.#forwards.set(base, forward)
  }

  setRemoteUfrag(ufrag: string): void {
    this.#guard.setRemoteUfrag(ufrag)
  }

  /** A check on this 5-tuple was answered: its data count from now on. */
  validate(base: IceBase, [address, port]: TransportAddress): void {
    this.#guard.validate(base, address, port)
    const held = this.#held
    this.#held = []
    for (const { base, data, from } of held) this.#receive(base, data, from)
  }

  close(): void {
    this.#closed = true
    this.#held = []
    for (const base of this.#forwards.keys()) {
      // werift sends through a relay a few microtasks later: what was sent last is to go out first.
      if (base instanceof StunProtocol) closeBase(base)
      else setImmediate(closeBase, base)
    }
  }

  #guardedAgent(): GuardedAgent<IceBase> {
    const remotes = () => this.#connection._remoteCandidates
    return {
      outstandingRequest: (base, transactionId): OutstandingRequest | undefined => {
        const transaction = transactionsOf(base)[transactionId]
        if (transaction === undefined) return undefined
        const [address, port] = transaction.expectedAddr
        const password = transaction.integrityKey?.toString('utf8')
        return password === undefined ? { address, port } : { address, port, password }
      },
      isKnownRemote: (address, port) =>
        remotes().some(({ host, port: other }) => host === address && other === port),
      peerReflexiveCount: () => remotes().filter(({ type }) => type === 'prflx').length
    }
  }

  #receive(base: IceBase, data: Buffer, from: TransportAddress): void {
    if (this.#closed) return
    if (from === this.#latestFrom && base === this.#latestBase && isDtls(data)) {
      this.#handlers.onData(base, data)
      return
    }
    const verdict = this.#guard.inspect(base, data, from[0], from[1])
    switch (verdict.type) {
      case 'data':
        this.#latestBase = base
        this.#latestFrom = from
        this.#handlers.onData(base, data)
        return
      case 'stun':
        this.#forwards.get(base)?.(verdict.message, from)
        this.#handlers.onStun()
        return
      case 'hold':
        if (this.#held.length < MAX_HELD_DATAGRAMS) this.#held.push({ base, data, from })
        else this.#drop('unvalidated-source')
        return
      case 'drop':
        this.#drop(verdict.reason)
    }
  }

  #drop(reason: IceDropReason): void {
    this.drops[reason] = (this.drops[reason] ?? 0) + 1
  }
}

import type { Connection, Member } from './member.ts'

/** Two members, the lower number first. */
export interface Pair {
  readonly a: Member
  readonly b: Member
}

/** Every pair of these members. */
export function pairsOf(members: readonly Member[]): Pair[] {
  return members.flatMap((a, index) => members.slice(index + 1).map((b) => ({ a, b })))
}

/** Both ends say that the connection is open. */
export function isConnected({ a, b }: Pair): boolean {
  return connectionTo(a, b) !== undefined && connectionTo(b, a) !== undefined
}

/** Each has received what the other said, and each has the other's confirmation. */
export function hasExchanged({ a, b }: Pair, text: (speaker: Member) => string): boolean {
  return [
    { from: a, to: b },
    { from: b, to: a }
  ].every(
    ({ from, to }) =>
      to.received.has(`${from.peerId ?? ''} ${text(from)}`) &&
      from.delivered.has(`${to.peerId ?? ''} ${text(from)}`)
  )
}

/** The connection as the end that made the offer tells of it: only that end knows how long the dial took. */
export function offerersView({ a, b }: Pair): Connection | undefined {
  const views = [connectionTo(a, b), connectionTo(b, a)]
  return views.find((view) => view?.offerer === true) ?? views[0]
}

function connectionTo(from: Member, to: Member): Connection | undefined {
  return to.peerId === undefined ? undefined : from.connections.get(to.peerId)
}

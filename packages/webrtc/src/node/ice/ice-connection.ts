import type { CandidatePair } from 'werift'
import type { IceCredentials } from './credentials.ts'
import { candidatePriority } from './priority.ts'
import { createConnection, type ConnectionInternals } from './werift.ts'

/** Pairs that are checked (RFC 8445 §6.1.2.5), beside those on which the peer checks first. */
export const MAX_CANDIDATE_PAIRS = 100

/** What is decided by the agent in werift's place. */
export interface IceConnectionHooks {
  /** A check has come to its end; the pair's state tells which. */
  onCheckComplete(pair: CandidatePair): void
  /** Puts pairs in the order in which they are to be checked. */
  sort(pairs: CandidatePair[]): void
}

/** werift's `Connection` under credentials of ours, as an agent of ours needs it. */
export function createIceConnection(
  controlling: boolean,
  { usernameFragment, password }: IceCredentials,
  hooks: IceConnectionHooks
): ConnectionInternals {
  const connection = createConnection(controlling)
  connection.localUsername = usernameFragment
  connection.localPassword = password
  connection.userHistory = { [usernameFragment]: password }
  const buildRequest = connection.buildRequest.bind(connection)
  connection.buildRequest = (options) => {
    const request = buildRequest(options)
    const address = options.localCandidate?.host
    if (address !== undefined) request.setAttribute('PRIORITY', candidatePriority('prflx', address, 0))
    return request
  }
  const tryPair = connection.tryPair.bind(connection)
  connection.tryPair = (base, candidate) => {
    if (connection.checkList.length < MAX_CANDIDATE_PAIRS) tryPair(base, candidate)
  }
  const addPair = connection.addPair.bind(connection)
  connection.addPair = (pair) => {
    // To count those that come twice, werift would remember every check that ever comes.
    pair.noteIncomingRequest = () => false
    addPair(pair)
  }
  connection.checkComplete = hooks.onCheckComplete.bind(hooks)
  connection.sortCheckList = () => {
    hooks.sort(connection.checkList)
  }
  return connection
}

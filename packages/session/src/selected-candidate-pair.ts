import type { PeerConnectionLike } from './peer-connection.ts'

/** One end of the candidate pair that ICE selected. */
export interface SelectedCandidate {
  readonly type: string
  readonly protocol: string
  readonly address: string | undefined
  readonly port: number | undefined
}

export interface SelectedCandidatePair {
  readonly local: SelectedCandidate
  readonly remote: SelectedCandidate
  /** In milliseconds, as ICE measured it. */
  readonly roundTripMs: number | undefined
}

interface Report {
  readonly id?: unknown
  readonly type?: unknown
  readonly [member: string]: unknown
}

/** Reads the selected pair from `getStats()` (webrtc-stats); `undefined` while there is none. */
export async function readSelectedCandidatePair(
  peerConnection: PeerConnectionLike
): Promise<SelectedCandidatePair | undefined> {
  const reports = new Map<unknown, Report>()
  const stats = await peerConnection.getStats()
  stats.forEach((report) => {
    const member = report as Report
    reports.set(member.id, member)
  })
  const all = [...reports.values()]
  const transport = all.find(
    (report) => report.type === 'transport' && report.selectedCandidatePairId !== undefined
  )
  // Firefox has no transport report; it marks the pair itself.
  const pair =
    reports.get(transport?.selectedCandidatePairId) ??
    all.find(
      (report) =>
        report.type === 'candidate-pair' && report.nominated === true && report.state === 'succeeded'
    )
  const local = reports.get(pair?.localCandidateId)
  const remote = reports.get(pair?.remoteCandidateId)
  if (pair === undefined || local === undefined || remote === undefined) return undefined
  const seconds = pair.currentRoundTripTime
  return {
    local: readCandidate(local),
    remote: readCandidate(remote),
    roundTripMs: typeof seconds === 'number' ? seconds * 1000 : undefined
  }
}

function readCandidate({ candidateType, protocol, address, port }: Report): SelectedCandidate {
  return {
    type: String(candidateType),
    protocol: String(protocol),
    address: typeof address === 'string' ? address : undefined,
    port: typeof port === 'number' ? port : undefined
  }
}

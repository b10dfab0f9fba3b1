import { CandidatePairState, type CandidatePair } from 'werift'
import type { IceCandidate } from '../candidates/index.ts'
import { fromWerift } from './ice/werift-candidate.ts'
import type { RTCCertificate } from './rtc-certificate.ts'
import type { TransportStack } from './transport-stack.ts'

const PEER_CONNECTION_ID = 'P'
const TRANSPORT_ID = 'T0'
const LOCAL_CERTIFICATE_ID = 'CL'
const REMOTE_CERTIFICATE_ID = 'CR'

const PAIR_STATES: Readonly<Record<CandidatePairState, RTCStatsIceCandidatePairState>> = {
  [CandidatePairState.FROZEN]: 'frozen',
  [CandidatePairState.WAITING]: 'waiting',
  [CandidatePairState.IN_PROGRESS]: 'in-progress',
  [CandidatePairState.SUCCEEDED]: 'succeeded',
  [CandidatePairState.FAILED]: 'failed'
}

/** `RTCStatsReport` of webrtc-pc §8.4: a map that scripts only read. */
export type StatsMap = Map<string, RTCStats & Record<string, unknown>>

/** Collects the statistics of a connection (webrtc-stats). */
export function collectStats(stack: TransportStack, certificate: RTCCertificate): StatsMap {
  const timestamp = performance.timeOrigin + performance.now()
  const report: StatsMap = new Map()
  const add = (id: string, type: string, members: Record<string, unknown>): void => {
    report.set(id, { id, timestamp, type: type as RTCStatsType, ...members })
  }
  const { opened, closed } = stack.sctp.channels.totals
  add(PEER_CONNECTION_ID, 'peer-connection', { dataChannelsOpened: opened, dataChannelsClosed: closed })
  for (const [index, channel] of stack.sctp.channels.channels.entries()) {
    const { label, protocol, id, readyState } = channel
    const dataChannelIdentifier = id === null ? {} : { dataChannelIdentifier: id }
    const traffic = stack.sctp.channels.trafficOf(channel)
    add(`D${id ?? `-${index}`}`, 'data-channel', {
      label,
      protocol,
      ...dataChannelIdentifier,
      state: readyState,
      ...traffic
    })
  }
  if (stack.exists) addTransport(stack, certificate, add)
  return report
}

function addTransport(
  stack: TransportStack,
  certificate: RTCCertificate,
  add: (id: string, type: string, members: Record<string, unknown>) => void
): void {
  const { ice, dtlsModel, iceModel, dtlsDetails, dtlsRole } = stack
  const { active } = ice
  const pairs = ice.agents.flatMap((agent) => agent.pairs)
  const total = (member: 'bytesSent' | 'bytesReceived' | 'packetsSent' | 'packetsReceived'): number =>
    pairs.reduce((sum, pair) => sum + pair[member], 0)
  const { remoteCertificate } = dtlsModel
  const selected = active?.selectedPair
  add(TRANSPORT_ID, 'transport', {
    packetsSent: total('packetsSent'),
    packetsReceived: total('packetsReceived'),
    bytesSent: total('bytesSent'),
    bytesReceived: total('bytesReceived'),
    iceRole: iceModel.role(),
    iceState: iceModel.state,
    iceLocalUsernameFragment: active?.credentials.usernameFragment ?? '',
    dtlsState: dtlsModel.state,
    dtlsRole: dtlsRole ?? 'unknown',
    ...(dtlsDetails === undefined
      ? {}
      : { tlsVersion: 'FEFD', dtlsCipher: dtlsDetails.cipherSuite, tlsGroup: dtlsDetails.group }),
    ...(selected === undefined ? {} : { selectedCandidatePairId: pairId(selected) }),
    selectedCandidatePairChanges: ice.agents.reduce((sum, agent) => sum + agent.selectedPairChanges, 0),
    localCertificateId: LOCAL_CERTIFICATE_ID,
    ...(remoteCertificate === undefined ? {} : { remoteCertificateId: REMOTE_CERTIFICATE_ID })
  })
  const fingerprint = certificate.getFingerprints()[0]
  add(LOCAL_CERTIFICATE_ID, 'certificate', {
    fingerprint: fingerprint?.value,
    fingerprintAlgorithm: fingerprint?.algorithm,
    base64Certificate: Buffer.from(stack.localCertificate).toString('base64')
  })
  if (remoteCertificate !== undefined) {
    add(REMOTE_CERTIFICATE_ID, 'certificate', {
      fingerprint: stack.remoteFingerprint?.value,
      fingerprintAlgorithm: stack.remoteFingerprint?.algorithm,
      base64Certificate: Buffer.from(remoteCertificate).toString('base64')
    })
  }
  for (const agent of ice.agents) {
    for (const candidate of agent.localCandidates) addCandidate('local', candidate, add)
    for (const candidate of agent.remoteCandidates) addCandidate('remote', candidate, add)
    for (const pair of agent.pairs) {
      addCandidate('local', fromWerift(pair.localCandidate), add)
      addCandidate('remote', fromWerift(pair.remoteCandidate), add)
      addPair(pair, add)
    }
  }
}

function addCandidate(
  side: 'local' | 'remote',
  candidate: IceCandidate,
  add: (id: string, type: string, members: Record<string, unknown>) => void
): void {
  const { address, port, protocol, type, priority, foundation } = candidate
  add(candidateId(side, candidate), `${side}-candidate`, {
    transportId: TRANSPORT_ID,
    address,
    port,
    protocol,
    candidateType: type,
    priority,
    foundation
  })
}

function addPair(
  pair: CandidatePair,
  add: (id: string, type: string, members: Record<string, unknown>) => void
): void {
  add(pairId(pair), 'candidate-pair', {
    transportId: TRANSPORT_ID,
    localCandidateId: candidateId('local', fromWerift(pair.localCandidate)),
    remoteCandidateId: candidateId('remote', fromWerift(pair.remoteCandidate)),
    state: PAIR_STATES[pair.state],
    nominated: pair.nominated,
    packetsSent: pair.packetsSent,
    packetsReceived: pair.packetsReceived,
    bytesSent: pair.bytesSent,
    bytesReceived: pair.bytesReceived,
    totalRoundTripTime: pair.totalRoundTripTime,
    ...(pair.rtt === undefined ? {} : { currentRoundTripTime: pair.rtt }),
    requestsReceived: pair.requestsReceived,
    requestsSent: pair.requestsSent,
    responsesReceived: pair.responsesReceived,
    responsesSent: pair.responsesSent,
    consentRequestsSent: pair.consentRequestsSent
  })
}

function candidateId(side: 'local' | 'remote', { type, address, port }: IceCandidate): string {
  return `I${side === 'local' ? 'L' : 'R'}${type}-${address}-${port}`
}

function pairId(pair: CandidatePair): string {
  return `CP${pair.id}`
}

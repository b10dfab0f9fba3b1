/** Whether a description is ours or the peer's. */
export type Side = 'local' | 'remote'

type DescriptionType = 'offer' | 'pranswer' | 'answer'

/** The states in which a description may be applied, and what comes of it (RFC 9429 §3.2, figure 2). */
const TRANSITIONS: Readonly<
  Record<Side, Readonly<Record<DescriptionType, Partial<Record<RTCSignalingState, RTCSignalingState>>>>>
> = {
  local: {
    offer: { stable: 'have-local-offer', 'have-local-offer': 'have-local-offer' },
    pranswer: { 'have-remote-offer': 'have-local-pranswer', 'have-local-pranswer': 'have-local-pranswer' },
    answer: { 'have-remote-offer': 'stable', 'have-local-pranswer': 'stable' }
  },
  remote: {
    offer: { stable: 'have-remote-offer', 'have-remote-offer': 'have-remote-offer' },
    pranswer: { 'have-local-offer': 'have-remote-pranswer', 'have-remote-pranswer': 'have-remote-pranswer' },
    answer: { 'have-local-offer': 'stable', 'have-remote-pranswer': 'stable' }
  }
}

/** The state after a description of this type is applied; undefined if it may not be. */
export function nextSignalingState(
  state: RTCSignalingState,
  side: Side,
  type: DescriptionType
): RTCSignalingState | undefined {
  return TRANSITIONS[side][type][state]
}

/** What can be rolled back to `stable` (webrtc-pc §4.4.1.5). */
export function canRollBack(state: RTCSignalingState): boolean {
  return state === 'have-local-offer' || state === 'have-remote-offer'
}

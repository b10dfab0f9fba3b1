import type { Clock } from '../clock.ts'
import type { PeerConnectionLike } from '../peer-connection.ts'

/** Resolves when gathering is complete, or after `waitMs`: whatever is slower than a host candidate trickles. */
export function hostCandidatesGathered(
  peerConnection: PeerConnectionLike,
  clock: Clock,
  waitMs: number
): Promise<void> {
  if (peerConnection.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise((resolve) => {
    const finish = (): void => {
      clock.clearTimeout(timer)
      peerConnection.removeEventListener('icegatheringstatechange', onChange)
      resolve()
    }
    const onChange = (): void => {
      if (peerConnection.iceGatheringState === 'complete') finish()
    }
    const timer = clock.setTimeout(finish, waitMs)
    peerConnection.addEventListener('icegatheringstatechange', onChange)
  })
}

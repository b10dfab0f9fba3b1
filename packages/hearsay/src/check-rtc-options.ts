import { PeerSession } from '@hearsay/session'
import { RTCPeerConnection } from '@hearsay/webrtc'
import { MESH_LABEL_PREFIX } from './constants.ts'
import { InvalidOptionError, reasonOf } from './errors.ts'
import type { ResolvedHearsayOptions } from './options.ts'
import type { Signaler } from '@hearsay/signaling'

/** Stands in for a signaler where nothing is signaled. */
const NO_SIGNALER: Signaler = {
  localPeer: '',
  instance: new Uint8Array(16),
  dial: () => Promise.reject(new Error('not a signaler')),
  setOfferHandler: () => undefined
}

/**
 * Tries out what sessions will be made of, so that a mistake comes out where it was made and not at the first peer.
 *
 * @throws {InvalidOptionError} naming the option; its cause names the entry at fault
 */
export function checkRtcOptions({
  rtcConfiguration,
  channels,
  candidatePolicy
}: ResolvedHearsayOptions): void {
  try {
    new RTCPeerConnection(rtcConfiguration).close()
  } catch (error) {
    const { iceServers = [] } = rtcConfiguration
    tryOption('iceServers', () => {
      new RTCPeerConnection({ iceServers }).close()
    })
    throw new InvalidOptionError('rtcConfiguration', `cannot be used: ${reasonOf(error)}`, error)
  }
  const taken = Object.keys(channels).find((label) => label.startsWith(MESH_LABEL_PREFIX))
  if (taken !== undefined) {
    throw new InvalidOptionError('channels', `must not have "${taken}": it is the mesh's own`)
  }
  tryOption('channels', () => new PeerSession({ signaler: NO_SIGNALER, remotePeer: '', channels }))
  if (candidatePolicy === undefined) return
  tryOption(
    'candidatePolicy',
    () => new PeerSession({ signaler: NO_SIGNALER, remotePeer: '', candidates: { local: candidatePolicy } })
  )
}

function tryOption(option: string, use: () => unknown): void {
  try {
    use()
  } catch (error) {
    throw new InvalidOptionError(option, `cannot be used: ${reasonOf(error)}`, error)
  }
}

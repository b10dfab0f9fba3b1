import type { FuzzTarget } from '../fuzz-target.ts'
import { dtlsTargets } from './dtls.ts'
import { hearsayTargets } from './hearsay.ts'
import { mdnsTargets } from './mdns.ts'
import { sctpTargets } from './sctp.ts'
import { sessionTargets } from './session.ts'
import { signalingTargets } from './signaling.ts'
import { stunTargets } from './stun.ts'
import { webrtcTargets } from './webrtc.ts'

/** Everything that takes bytes from strangers; a file a package or protocol. */
export const TARGETS: readonly FuzzTarget[] = [
  ...sctpTargets,
  ...dtlsTargets,
  ...stunTargets,
  ...mdnsTargets,
  ...webrtcTargets,
  ...signalingTargets,
  ...sessionTargets,
  ...hearsayTargets
]

import type { FuzzTarget } from '../fuzz-target.ts'
import { hearsayTargets } from './hearsay.ts'
import { sessionTargets } from './session.ts'
import { signalingTargets } from './signaling.ts'
import { webrtcTargets } from './webrtc.ts'

/** Everything that takes bytes from strangers; one file a package. */
export const TARGETS: readonly FuzzTarget[] = [
  ...webrtcTargets,
  ...signalingTargets,
  ...sessionTargets,
  ...hearsayTargets
]

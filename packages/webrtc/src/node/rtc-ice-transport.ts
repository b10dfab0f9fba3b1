import { defineEventHandlers } from './event-handlers.ts'
import type { RTCIceParameters } from '../w3c.ts'
import { requireInternal, type INTERNAL } from './internal.ts'
import type { RTCIceCandidate } from './rtc-ice-candidate.ts'

/** What an `RTCIceTransport` shows; the connection changes it in tasks. */
export interface IceTransportModel {
  state: RTCIceTransportState
  gatheringState: RTCIceGathererState
  role(): RTCIceRole
  localCandidates(): RTCIceCandidate[]
  remoteCandidates(): RTCIceCandidate[]
  selectedPair(): RTCIceCandidatePair | null
  localParameters(): RTCIceParameters | null
  remoteParameters(): RTCIceParameters | null
}

/** `RTCIceTransport` of webrtc-pc §5.6. */
export class RTCIceTransport extends EventTarget {
  declare onstatechange: ((event: Event) => unknown) | null
  declare ongatheringstatechange: ((event: Event) => unknown) | null
  declare onselectedcandidatepairchange: ((event: Event) => unknown) | null
  readonly #model: IceTransportModel

  constructor(key: typeof INTERNAL, model: IceTransportModel) {
    requireInternal(key)
    super()
    this.#model = model
  }

  get role(): RTCIceRole {
    return this.#model.role()
  }

  get component(): RTCIceComponent {
    return 'rtp'
  }

  get state(): RTCIceTransportState {
    return this.#model.state
  }

  get gatheringState(): RTCIceGathererState {
    return this.#model.gatheringState
  }

  getLocalCandidates(): RTCIceCandidate[] {
    return this.#model.localCandidates()
  }

  getRemoteCandidates(): RTCIceCandidate[] {
    return this.#model.remoteCandidates()
  }

  getSelectedCandidatePair(): RTCIceCandidatePair | null {
    return this.#model.selectedPair()
  }

  getLocalParameters(): RTCIceParameters | null {
    return this.#model.localParameters()
  }

  getRemoteParameters(): RTCIceParameters | null {
    return this.#model.remoteParameters()
  }
}

defineEventHandlers(RTCIceTransport.prototype, [
  'statechange',
  'gatheringstatechange',
  'selectedcandidatepairchange'
])

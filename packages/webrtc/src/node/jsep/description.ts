import type { SdpDataSection, SdpDescription } from '../../sdp/index.ts'

/** A session description that may be, or has been, applied. */
export interface Description {
  readonly type: 'offer' | 'pranswer' | 'answer'
  /** As it was given, with candidates that came later behind it. */
  readonly sdp: string
  readonly value: SdpDescription
}

/** The data-channel section in use; undefined if there is none or it is rejected. */
export function dataOf(description: Description | null | undefined): SdpDataSection | undefined {
  const data = description?.value.data
  return data?.rejected === false ? data : undefined
}

/** A description with another data-channel section. */
export function withData(value: SdpDescription, data: SdpDataSection): SdpDescription {
  return { ...value, data }
}

import type { PeerConfiguration } from './peer-configuration.ts'

/**
 * Checks what `setConfiguration()` may not change (webrtc-pc §4.4.1.6): certificates, `bundlePolicy`, `rtcpMuxPolicy`
 * and, once there is a local description, `iceCandidatePoolSize`. Without certificates the current ones stay.
 *
 * @throws {DOMException} `InvalidModificationError`
 */
export function checkConfigurationChange<Certificate>(
  current: PeerConfiguration<Certificate>,
  next: PeerConfiguration<Certificate>,
  hasLocalDescription: boolean
): void {
  const sameCertificates =
    next.certificates.length === current.certificates.length &&
    next.certificates.every((certificate, index) => certificate === current.certificates[index])
  if (next.certificates.length > 0 && !sameCertificates) throw fixed('certificates')
  if (next.bundlePolicy !== current.bundlePolicy) throw fixed('bundlePolicy')
  if (next.rtcpMuxPolicy !== current.rtcpMuxPolicy) throw fixed('rtcpMuxPolicy')
  if (hasLocalDescription && next.iceCandidatePoolSize !== current.iceCandidatePoolSize) {
    throw fixed('iceCandidatePoolSize')
  }
}

function fixed(member: string): DOMException {
  return new DOMException(`${member}: cannot change in the life of a connection`, 'InvalidModificationError')
}

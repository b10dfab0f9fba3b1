import type { ConnectionMetrics } from '../metrics.ts'
import type { WebRtc } from '../w3c.ts'

/** The browser's own. */
export const webrtc: WebRtc = globalThis

/** Browsers tell of these things in `getStats()` only. */
export function getConnectionMetrics(): ConnectionMetrics | undefined {
  return undefined
}

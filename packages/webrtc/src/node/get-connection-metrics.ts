import type { ConnectionMetrics } from '../metrics.ts'
import { RTCPeerConnection } from './rtc-peer-connection.ts'

/** What a connection measured of itself. */
export function getConnectionMetrics(connection: unknown): ConnectionMetrics | undefined {
  return connection instanceof RTCPeerConnection ? RTCPeerConnection.metricsOf(connection) : undefined
}

/** What a session logs to; a libp2p `Logger` is one. SDP, addresses and candidates go to `trace` only. */
export interface SessionLogger {
  (format: string, ...values: unknown[]): void
  error(format: string, ...values: unknown[]): void
  trace(format: string, ...values: unknown[]): void
}

const ignore = (): void => undefined

/** Logs nothing. */
export const silentLogger: SessionLogger = Object.assign((): void => undefined, {
  error: ignore,
  trace: ignore
})

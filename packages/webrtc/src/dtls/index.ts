export { DtlsConnection } from './connection.ts'
export type { DtlsConnectionInit, DtlsFingerprint, DtlsRole, LocalCertificate } from './connection.ts'
export type { DtlsEvent, DtlsFailureReason } from './events.ts'

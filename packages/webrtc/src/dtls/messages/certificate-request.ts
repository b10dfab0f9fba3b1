import { ByteReader } from '../byte-reader.ts'
import { concatBytes, uintsVector, vectorBytes } from '../byte-writer.ts'

/** RFC 5246, section 7.4.4; names of authorities are left out, as there are none. */
export interface CertificateRequest {
  readonly certificateTypes: readonly number[]
  readonly signatureSchemes: readonly number[]
}

export function encodeCertificateRequest(request: CertificateRequest): Uint8Array {
  return concatBytes(
    uintsVector(1, 1, request.certificateTypes),
    uintsVector(2, 2, request.signatureSchemes),
    vectorBytes(2)
  )
}

export function decodeCertificateRequest(body: Uint8Array): CertificateRequest | undefined {
  const reader = new ByteReader(body)
  const certificateTypes = reader.uints(1, 1)
  const signatureSchemes = reader.uints(2, 2)
  reader.vector(2)
  return reader.isComplete ? { certificateTypes, signatureSchemes } : undefined
}

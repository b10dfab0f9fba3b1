/** `RTCError` of webrtc-pc §11.1. */
export class RTCError extends DOMException implements globalThis.RTCError {
  readonly errorDetail: RTCErrorDetailType
  readonly sdpLineNumber: number | null
  readonly sctpCauseCode: number | null
  readonly receivedAlert: number | null
  readonly sentAlert: number | null

  constructor(init: RTCErrorInit, message = '') {
    super(message, 'OperationError')
    this.errorDetail = init.errorDetail
    this.sdpLineNumber = init.sdpLineNumber ?? null
    this.sctpCauseCode = init.sctpCauseCode ?? null
    this.receivedAlert = init.receivedAlert ?? null
    this.sentAlert = init.sentAlert ?? null
  }
}

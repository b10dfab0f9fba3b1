import type { CloseReason, SessionCloseCode } from './close-reason.ts'
import {
  ConnectError,
  ConnectTimeoutError,
  HelloMismatchError,
  NegotiationError,
  OfferTimeoutError,
  PeerConnectionError,
  SessionClosedError,
  SessionError,
  SignalingError
} from './errors.ts'

/** How an attempt fails because of what its signaling or negotiation threw. */
export function failureOfDial(
  error: unknown,
  offerTimeoutMs: number
): { code: SessionCloseCode; failure: SessionError } {
  if (error instanceof PeerConnectionError || error instanceof NegotiationError) {
    return { code: 'negotiation-failed', failure: error }
  }
  if (error instanceof Error && error.name === 'SignalingTimeoutError') {
    const failure = new OfferTimeoutError(`no answer from the peer within ${offerTimeoutMs} ms`, {
      cause: error
    })
    return { code: 'offer-timeout', failure }
  }
  if (error instanceof SessionError) return { code: 'negotiation-failed', failure: error }
  const problem = error instanceof Error ? error.message : String(error)
  return {
    code: 'signaling-failed',
    failure: new SignalingError(`signaling failed: ${problem}`, { cause: error })
  }
}

/** What `dial()` rejects with where the session ended without an error of its own. */
export function errorOfClose(reason: CloseReason): SessionError {
  switch (reason.code as SessionCloseCode) {
    case 'hello-mismatch':
      return new HelloMismatchError(
        'hello does not fit this connection: somebody passes on the fingerprints of others',
        { cause: new SessionClosedError(reason) }
      )
    // The peer's own timer was the faster one.
    case 'connect-timeout':
      return new ConnectTimeoutError('the peer gave up connecting', { cause: new SessionClosedError(reason) })
    case 'connect-failed':
      return new ConnectError('ICE or DTLS found no way to the peer', {
        cause: new SessionClosedError(reason)
      })
    case 'negotiation-failed':
      return new NegotiationError(reason.message, { cause: new SessionClosedError(reason) })
    case 'signaling-failed':
      return new SignalingError(reason.message, { cause: new SessionClosedError(reason) })
    default:
      return new SessionClosedError(reason)
  }
}

import type { IceCandidate } from '../candidates/candidate.ts'
import { CandidateError } from '../candidates/errors.ts'
import { isIceChars } from '../candidates/ice-chars.ts'
import { parseCandidate } from '../candidates/parse-candidate.ts'
import {
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_SCTP_PORT,
  ICE_OPTIONS,
  SDP_LIMITS,
  type IceOption,
  type SdpDataSection,
  type SdpDescription,
  type SdpProtocol,
  type SdpRejectedSection,
  type SdpSetup
} from './description.ts'
import { SdpError } from './errors.ts'
import { parseFingerprint } from './fingerprint.ts'
import { SdpLevel, splitLines, type SdpLine } from './lines.ts'

/** What `parseSdp` may know of the description beforehand. */
export interface ParseSdpOptions {
  /** With `answer` or `pranswer`, `a=setup:actpass` is an error (RFC 8842 §5.3). @default 'offer' */
  readonly type?: 'offer' | 'pranswer' | 'answer'
}

/** A larger `a=max-message-size` reads as this, which is beyond what any stack can take at once. */
const MAX_MESSAGE_SIZE_CAP = 0xffff_ffff

/**
 * Reads a session description of at most one data-channel section. Lines and attributes that hearsay does not need
 * are dropped, whatever they say; those that it needs are checked to the letter. Lines may end in CRLF or LF.
 * Candidates of an unknown kind are dropped, as RFC 8839 §5.1 tells us to; malformed ones are an error.
 *
 * @throws {SdpError} with the number of the offending line
 */
export function parseSdp(text: string, options: ParseSdpOptions = {}): SdpDescription {
  const [first, ...lines] = splitLines(text)
  if (first?.letter !== 'v' || first.value !== '0')
    throw new SdpError('ERR_SDP_SYNTAX', 'must be "v=0"', { line: 1 })
  const firstMedia = lines.findIndex(({ letter }) => letter === 'm')
  const sessionLines = firstMedia === -1 ? lines : lines.slice(0, firstMedia)
  const [media, ...mediaLines] = firstMedia === -1 ? [] : lines.slice(firstMedia)
  const second = mediaLines.find(({ letter }) => letter === 'm')
  if (second !== undefined)
    throw failure('ERR_SDP_MEDIA', 'only one section, of data channels, is spoken here', second)
  const session = new SdpLevel(sessionLines)
  const { sessionId, sessionVersion } = parseOrigin(session)
  if (media === undefined) return { sessionId, sessionVersion }
  const data = parseSection(media, session, new SdpLevel(mediaLines), options.type ?? 'offer')
  return { sessionId, sessionVersion, data }
}

/** `o=<username> <sess-id> <sess-version> …`; `s=` and `t=` must stand, whatever they say (RFC 8866 §5). */
function parseOrigin(session: SdpLevel): { sessionId: string; sessionVersion: number } {
  for (const letter of ['s', 't']) session.requireLine(letter)
  const origin = session.requireLine('o')
  const match = /^\S{1,255} (\d{1,19}) (\d{1,15}) IN IP[46] \S{1,255}$/.exec(origin.value)
  const sessionId = BigInt(match?.[1] ?? -1)
  if (match === null || sessionId >= 1n << 63n) {
    throw failure('ERR_SDP_SYNTAX', 'o= needs a session id below 2^63 and a version', origin)
  }
  return { sessionId: sessionId.toString(), sessionVersion: Number(match[2]) }
}

function parseSection(
  media: SdpLine,
  session: SdpLevel,
  level: SdpLevel,
  type: 'offer' | 'pranswer' | 'answer'
): SdpDataSection | SdpRejectedSection {
  const { port, protocol } = parseMediaLine(media)
  const mid = level.require('mid', media)
  if (mid.value.length > SDP_LIMITS.mid || !/^[\w!#$%&'*+.^`{|}~-]+$/.test(mid.value)) {
    throw failure('ERR_SDP_SYNTAX', `a=mid must be a token of at most ${SDP_LIMITS.mid} characters`, mid)
  }
  if (port === 0) return { rejected: true, mid: mid.value, protocol }
  return {
    rejected: false,
    mid: mid.value,
    protocol,
    ...parseIceCredentials(session, level, media),
    iceOptions: parseIceOptions(session, level),
    iceLite: session.get('ice-lite') !== undefined,
    fingerprint: parseFingerprint(session, level, media),
    setup: parseSetup(level.get('setup') ?? session.require('setup', media), type),
    sctpPort: parseNumber(level.get('sctp-port'), DEFAULT_SCTP_PORT, 1, 65_535),
    maxMessageSize: Math.min(
      parseNumber(level.get('max-message-size'), DEFAULT_MAX_MESSAGE_SIZE, 0, Number.MAX_SAFE_INTEGER),
      MAX_MESSAGE_SIZE_CAP
    ),
    candidates: parseCandidates(level),
    endOfCandidates: [level, session].some((at) => at.get('end-of-candidates') !== undefined)
  }
}

function parseMediaLine(media: SdpLine): { port: number; protocol: SdpProtocol } {
  const [kind, port, protocol, format, ...rest] = media.value.split(' ')
  if (kind !== 'application')
    throw failure('ERR_SDP_MEDIA', 'only data-channel sections are spoken here', media)
  if (protocol === 'DTLS/SCTP') {
    throw failure('ERR_SDP_MEDIA', 'a=sctpmap was replaced by RFC 8841; the peer must be newer', media)
  }
  if (protocol !== 'UDP/DTLS/SCTP' && protocol !== 'TCP/DTLS/SCTP') {
    throw failure('ERR_SDP_MEDIA', 'the transport of data channels is UDP/DTLS/SCTP or TCP/DTLS/SCTP', media)
  }
  if (format !== 'webrtc-datachannel' || rest.length > 0) {
    throw failure('ERR_SDP_MEDIA', 'the only format here is webrtc-datachannel', media)
  }
  if (port === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw failure('ERR_SDP_SYNTAX', 'the port of m= must be 0 to 65535', media)
  }
  return { port: Number(port), protocol }
}

/** User name fragment and password of one level: the section's, or else the session's (RFC 8839 §5.4). */
function parseIceCredentials(
  session: SdpLevel,
  level: SdpLevel,
  media: SdpLine
): { iceUfrag: string; icePwd: string } {
  const own = level.get('ice-ufrag') !== undefined || level.get('ice-pwd') !== undefined
  const source = own ? level : session
  const ufrag = source.require('ice-ufrag', media)
  const pwd = source.require('ice-pwd', media)
  if (!isIceChars(ufrag.value, 4, 256))
    throw failure('ERR_SDP_SYNTAX', 'a=ice-ufrag must be 4 to 256 ice-chars', ufrag)
  if (!isIceChars(pwd.value, 22, 256))
    throw failure('ERR_SDP_SYNTAX', 'a=ice-pwd must be 22 to 256 ice-chars', pwd)
  return { iceUfrag: ufrag.value, icePwd: pwd.value }
}

/** The known options of both levels. Commas separate them too: libdatachannel writes `ice2,trickle`. */
function parseIceOptions(session: SdpLevel, level: SdpLevel): IceOption[] {
  const given = [session, level].flatMap((at) => at.get('ice-options')?.value.split(/[ ,]/) ?? [])
  return ICE_OPTIONS.filter((option) => given.includes(option))
}

function parseSetup(line: SdpLine, type: 'offer' | 'pranswer' | 'answer'): SdpSetup {
  switch (line.value) {
    case 'actpass':
      if (type === 'offer') return line.value
      throw failure('ERR_SDP_SETUP', 'an answer must choose: a=setup:active or a=setup:passive', line)
    case 'active':
    case 'passive':
      return line.value
    default:
      throw failure('ERR_SDP_SETUP', 'a=setup must be actpass, active or passive', line)
  }
}

function parseNumber(line: SdpLine | undefined, absent: number, min: number, max: number): number {
  if (line === undefined) return absent
  const value = Number(line.value)
  if (!/^\d{1,20}$/.test(line.value) || value < min) {
    throw failure('ERR_SDP_SYNTAX', `must be a number from ${min} to ${max}`, line)
  }
  if (value > max) {
    if (max === Number.MAX_SAFE_INTEGER) return max
    throw failure('ERR_SDP_SYNTAX', `must be a number from ${min} to ${max}`, line)
  }
  return value
}

function parseCandidates(level: SdpLevel): IceCandidate[] {
  const lines = level.all('candidate')
  const tooMany = lines[SDP_LIMITS.candidates]
  if (tooMany !== undefined) {
    throw failure('ERR_SDP_TOO_LARGE', `more than ${SDP_LIMITS.candidates} candidates`, tooMany)
  }
  return lines.flatMap((line) => {
    try {
      return [parseCandidate(`candidate:${line.value}`)]
    } catch (error) {
      if (error instanceof CandidateError && error.code === 'ERR_CANDIDATE_UNSUPPORTED') return []
      throw new SdpError('ERR_SDP_SYNTAX', (error as Error).message, { line: line.number, cause: error })
    }
  })
}

function failure(code: SdpError['code'], message: string, line: SdpLine): SdpError {
  return new SdpError(code, message, { line: line.number })
}

/** `RTCConfiguration` after Web IDL's conversion: defaults filled in, nothing checked that only the spec's prose asks. */
export interface ConvertedConfiguration {
  readonly bundlePolicy: RTCBundlePolicy
  readonly certificates: readonly unknown[]
  readonly iceCandidatePoolSize: number
  readonly iceServers: readonly ConvertedIceServer[]
  readonly iceTransportPolicy: RTCIceTransportPolicy
  readonly rtcpMuxPolicy: RTCRtcpMuxPolicy
}

/** `RTCIceServer` after Web IDL's conversion. */
export interface ConvertedIceServer {
  readonly urls: readonly string[]
  readonly username?: string
  readonly credential?: string
}

/** What is left of a list that is longer: enough to see that it is too long, without walking an endless iterator. */
const MAX_LIST = 1024

/**
 * Converts a value as Web IDL converts an `RTCConfiguration` dictionary: members unknown to it are ignored.
 *
 * @throws {TypeError} naming the member at fault
 */
export function convertConfiguration(configuration: unknown): ConvertedConfiguration {
  const members = dictionary(configuration, 'configuration')
  return {
    bundlePolicy: enumeration(members, 'bundlePolicy', ['balanced', 'max-compat', 'max-bundle']),
    certificates: members.certificates === undefined ? [] : list(members.certificates, 'certificates'),
    iceCandidatePoolSize: octet(members.iceCandidatePoolSize, 'iceCandidatePoolSize'),
    iceServers:
      members.iceServers === undefined
        ? []
        : list(members.iceServers, 'iceServers').map((server, index) =>
            iceServer(server, `iceServers[${index}]`)
          ),
    iceTransportPolicy: enumeration(members, 'iceTransportPolicy', ['all', 'relay']),
    rtcpMuxPolicy: enumeration(members, 'rtcpMuxPolicy', ['require'])
  }
}

function iceServer(value: unknown, where: string): ConvertedIceServer {
  const { urls, username, credential } = dictionary(value, where)
  if (urls === undefined)
    throw new TypeError(`${where}.urls: is missing; give a "stun:…" or "turn:…" URL or a list`)
  return {
    urls: isIterable(urls)
      ? list(urls, `${where}.urls`).map((url, index) => text(url, `${where}.urls[${index}]`))
      : [text(urls, `${where}.urls`)],
    ...(username === undefined ? {} : { username: text(username, `${where}.username`) }),
    ...(credential === undefined ? {} : { credential: text(credential, `${where}.credential`) })
  }
}

function dictionary(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' && typeof value !== 'function') {
    throw new TypeError(`${where}: must be an object, not ${typeof value}`)
  }
  return value as Readonly<Record<string, unknown>>
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

function list(value: unknown, where: string): unknown[] {
  if (!isIterable(value)) throw new TypeError(`${where}: must be a list`)
  const items: unknown[] = []
  for (const item of value) {
    if (items.length === MAX_LIST) throw new TypeError(`${where}: has more than ${MAX_LIST} entries`)
    items.push(item)
  }
  return items
}

function text(value: unknown, where: string): string {
  try {
    if (typeof value !== 'symbol') return String(value)
  } catch (cause) {
    throw new TypeError(`${where}: cannot be turned into text`, { cause })
  }
  throw new TypeError(`${where}: a symbol cannot be turned into text`)
}

function enumeration<Value extends string>(
  members: Readonly<Record<string, unknown>>,
  name: string,
  values: readonly [Value, ...Value[]]
): Value {
  const given = members[name]
  if (given === undefined) return values[0]
  const value = values.find((each) => each === text(given, name))
  if (value === undefined)
    throw new TypeError(`${name}: must be ${values.map((each) => `"${each}"`).join(' or ')}`)
  return value
}

/** `[EnforceRange] octet`. */
function octet(value: unknown, where: string): number {
  let number = NaN
  try {
    number = Math.trunc(value === undefined ? 0 : typeof value === 'bigint' ? NaN : Number(value))
  } catch {
    // A symbol, or an object that is no number: as little from 0 to 255 as NaN.
  }
  if (!(number >= 0 && number <= 255)) throw new TypeError(`${where}: must be a number from 0 to 255`)
  return number
}

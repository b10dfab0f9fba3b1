import { RTCPeerConnection } from '@hearsay/webrtc'

/** Resolves with the next event of a type. */
export function once<T extends Event = Event>(target: EventTarget, type: string): Promise<T> {
  return new Promise((resolve) => {
    target.addEventListener(
      type,
      (event) => {
        resolve(event as T)
      },
      { once: true }
    )
  })
}

/** Resolves when `condition` holds; it is asked after every event of the types. */
export async function until(target: EventTarget, type: string, condition: () => boolean): Promise<void> {
  while (!condition()) await once(target, type)
}

/** Hands every candidate of each to the other. */
export function exchangeCandidates(a: RTCPeerConnection, b: RTCPeerConnection): void {
  for (const [from, to] of [
    [a, b],
    [b, a]
  ] as const) {
    from.addEventListener('icecandidate', ({ candidate }) => {
      // Before its description, or after close, the peer cannot take it.
      to.addIceCandidate(candidate).catch(() => undefined)
    })
  }
}

/** One offer and one answer. */
export async function negotiate(offerer: RTCPeerConnection, answerer: RTCPeerConnection): Promise<void> {
  await offerer.setLocalDescription()
  await answerer.setRemoteDescription(offerer.localDescription!)
  await answerer.setLocalDescription()
  await offerer.setRemoteDescription(answerer.localDescription!)
}

/** Two connections, and how to close all that a test has opened. */
export interface ConnectionPair extends Disposable {
  readonly a: RTCPeerConnection
  readonly b: RTCPeerConnection
}

export function createPair(configuration?: RTCConfiguration): ConnectionPair {
  const a = new RTCPeerConnection(configuration)
  const b = new RTCPeerConnection(configuration)
  exchangeCandidates(a, b)
  return {
    a,
    b,
    [Symbol.dispose]() {
      a.close()
      b.close()
    }
  }
}

export interface ChannelPair extends ConnectionPair {
  readonly channelA: RTCDataChannel
  readonly channelB: RTCDataChannel
}

/** Two connections with an open channel that `a` has made. */
export async function connectPair(init?: RTCDataChannelInit, label = 'test'): Promise<ChannelPair> {
  const pair = createPair()
  const { a, b } = pair
  const channelA = a.createDataChannel(label, init)
  const opened = once(channelA, 'open')
  const announced = init?.negotiated === true ? undefined : once<RTCDataChannelEvent>(b, 'datachannel')
  const negotiated = init?.negotiated === true ? b.createDataChannel(label, init) : undefined
  const openedB = negotiated && once(negotiated, 'open')
  await negotiate(a, b)
  await Promise.all([opened, openedB])
  const channelB = negotiated ?? (await announced)!.channel
  return { ...pair, channelA, channelB }
}

/** Resolves to the next `count` messages. */
export function receive(channel: RTCDataChannel, count: number): Promise<unknown[]> {
  return new Promise((resolve) => {
    const messages: unknown[] = []
    channel.addEventListener('message', function take({ data }) {
      messages.push(data)
      if (messages.length < count) return
      channel.removeEventListener('message', take)
      resolve(messages)
    })
  })
}

/** Notes the types of the events in the order in which they come. */
export function record(log: string[], target: EventTarget, types: readonly string[], name = ''): void {
  for (const type of types) target.addEventListener(type, () => log.push(`${name}${type}`))
}

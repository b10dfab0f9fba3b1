import type { RTCPeerConnection } from '@hearsay/webrtc'
import { digestOf } from './plan.ts'

const ECHO = 'service: echo'
const READ = 'service: read'

type Connection = Pick<RTCPeerConnection, 'createDataChannel' | 'sctp'>

/** Serves a channel that the other side opened for `churn` or `measure`; false where it is none of these. */
export function serve(channel: RTCDataChannel): boolean {
  if (channel.label === ECHO) {
    channel.onmessage = ({ data }: MessageEvent<string>) => channel.send(data)
    return true
  }
  if (channel.label !== READ) return false
  channel.binaryType = 'arraybuffer'
  let before = Promise.resolve()
  channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    const line = digestOf('binary', new Uint8Array(data))
    before = before.then(async () => channel.send(await line))
  }
  return true
}

/**
 * Opens and closes `channels` channels, `atOnce` at a time, each with a word there and back.
 *
 * @returns how many stream identifiers they had
 */
export async function churn(connection: Connection, channels: number, atOnce: number): Promise<number> {
  const ids = new Set<number | null>()
  let left = channels
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const channel = connection.createDataChannel(ECHO)
      await until(channel, 'open', 'open')
      ids.add(channel.id)
      const answer = nextMessage(channel)
      channel.send('word')
      if ((await answer) !== 'word') throw new Error('the echo is not what was said')
      channel.close()
      await until(channel, 'close', 'closed')
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return ids.size
}

/** Sends messages of `sizes` and of the largest one possible, one by one, then one that is a byte too long. */
export async function measure(
  connection: Connection,
  sizes: readonly number[]
): Promise<{ maxMessageSize: number; read: string[]; error: string }> {
  const channel = connection.createDataChannel(READ)
  await until(channel, 'open', 'open')
  const maxMessageSize = connection.sctp?.maxMessageSize ?? 0
  const read: string[] = []
  for (const size of [...sizes, maxMessageSize]) {
    const answer = nextMessage(channel)
    channel.send(new Uint8Array(size).fill(size))
    read.push(await answer)
  }
  try {
    channel.send(new Uint8Array(maxMessageSize + 1))
    return { maxMessageSize, read, error: 'none' }
  } catch (error) {
    return { maxMessageSize, read, error: (error as Error).name }
  }
}

function nextMessage(channel: RTCDataChannel): Promise<string> {
  return new Promise((resolve, reject) => {
    channel.onmessage = ({ data }: MessageEvent<string>) => resolve(data)
    channel.onclose = () => reject(new Error('closed before there was an answer'))
  })
}

/** Looks now and then as well: node-datachannel fires `open` before it takes messages, and not every `close`. */
async function until(channel: RTCDataChannel, event: string, state: RTCDataChannelState): Promise<void> {
  channel.onclose = null
  const fired = new Promise<void>((resolve) => {
    channel.addEventListener(event, () => resolve(), { once: true })
  })
  while (channel.readyState !== state) {
    await Promise.race([fired, pause(20)])
    if (channel.readyState !== state) await pause(2)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

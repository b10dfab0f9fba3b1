import type { Channel, ChannelOptions } from '@hearsay/session'
import { connectPair, type ConnectedPair, type PairOptions } from './pair.ts'

export interface Ends<Message> extends ConnectedPair {
  sender: Channel<Message>
  receiver: Channel<Message>
}

/** A channel `x`, declared on both sides. */
export async function channelPair<Message>(
  options: ChannelOptions<Message> = {},
  more: PairOptions = {}
): Promise<Ends<Message>> {
  const channels = { x: options as ChannelOptions }
  const pair = await connectPair({ ...more, alice: { channels }, bob: { channels } })
  return { ...pair, sender: pair.a.channel<Message>('x'), receiver: pair.b.channel<Message>('x') }
}

/** What a channel's reader gets until it ends. */
export async function readAll<Message>(channel: Channel<Message>): Promise<Message[]> {
  const messages: Message[] = []
  for await (const message of channel) messages.push(message)
  return messages
}

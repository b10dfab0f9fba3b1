/** Turns the messages of a channel into bytes and back. */
export interface ChannelCodec<Message> {
  /** Travels with the channel, so that a peer which has not declared it can tell what it carries. 32 bytes at most. */
  readonly name: string
  /** Throws where the message cannot be encoded: `send()` then rejects with `PayloadEncodeError`. */
  encode(message: Message): Uint8Array
  /** @param bytes are the codec's to keep. Throws where they make no message: it is dropped and reported. */
  decode(bytes: Uint8Array): Message
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Byte arrays as they are. What `send()` takes must not change until it resolves. */
export const bytesCodec: ChannelCodec<Uint8Array> = {
  name: 'bytes',
  encode(message) {
    if (message instanceof Uint8Array) return message
    throw new TypeError(`a channel with the bytes codec takes a Uint8Array, not ${describe(message)}`)
  },
  decode: (bytes) => bytes
}

/** Strings as UTF-8. */
export const textCodec: ChannelCodec<string> = {
  name: 'text',
  encode(message) {
    if (typeof message !== 'string') {
      throw new TypeError(`a channel with the text codec takes a string, not ${describe(message)}`)
    }
    if (!message.isWellFormed())
      throw new TypeError('the string has a lone surrogate, which UTF-8 cannot express')
    return encoder.encode(message)
  },
  decode: (bytes) => decoder.decode(bytes)
}

/** Whatever `JSON.stringify` takes, as UTF-8. */
export const jsonCodec: ChannelCodec<unknown> = {
  name: 'json',
  encode(message) {
    const text: unknown = JSON.stringify(message)
    if (typeof text !== 'string') throw new TypeError(`JSON has no form for ${describe(message)}`)
    return encoder.encode(text)
  },
  decode: (bytes) => JSON.parse(decoder.decode(bytes)) as unknown
}

/** The codecs that a channel names instead of bringing its own. */
export type CodecName = 'bytes' | 'text' | 'json'

export const CODECS = { bytes: bytesCodec, text: textCodec, json: jsonCodec } as const

function describe(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : typeof value
}

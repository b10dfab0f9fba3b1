const COMMON_HEADER_LENGTH = 12
/** Chunk types whose value is a list of parameters, and where the list begins (RFC 9260 §3.3, RFC 6525 §3.1). */
const PARAMETER_OFFSETS: ReadonlyMap<number, number> = new Map([
  [1, 20],
  [2, 20],
  [4, 4],
  [5, 4],
  [6, 4],
  [9, 4],
  [130, 4]
])

/**
 * Whether all lengths within an SCTP packet hold. werift's parser trusts them, and a chunk or parameter of length zero
 * would keep it busy for ever.
 */
export function isWellFormedPacket(packet: Buffer): boolean {
  if (packet.length < COMMON_HEADER_LENGTH + 4) return false
  return isList(packet, COMMON_HEADER_LENGTH, packet.length, 2, (start, end) => {
    const offset = PARAMETER_OFFSETS.get(packet[start])
    if (offset === undefined) return true
    return start + offset <= end && isList(packet, start + offset, end, 2, () => true)
  })
}

/** Walks a list of items, each with its length (which counts the header of 4 bytes) at `lengthOffset`. */
function isList(
  packet: Buffer,
  start: number,
  end: number,
  lengthOffset: number,
  isItem: (start: number, end: number) => boolean
): boolean {
  for (let offset = start; offset < end;) {
    if (offset + 4 > end) return false
    const length = packet.readUInt16BE(offset + lengthOffset)
    if (length < 4 || offset + length > end || !isItem(offset, offset + length)) return false
    offset += (length + 3) & ~3
  }
  return true
}

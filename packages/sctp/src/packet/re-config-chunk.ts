import { readUint16, readUint32, writeUint16, writeUint32 } from './bytes.ts'
import { CHUNK_HEADER_LENGTH, ChunkType, encodeChunk } from './chunk.ts'
import { ParameterType } from './init-chunk.ts'
import { joinParameters, encodeParameter, readParameters } from './parameter.ts'

/** RE-CONFIG (RFC 6525 sections 3 and 4). An empty `streamIds` means all streams. */
export type ReConfigParameter =
  | {
      kind: 'outgoing-reset'
      requestSequence: number
      responseSequence: number
      lastAssignedTsn: number
      streamIds: number[]
    }
  | { kind: 'incoming-reset'; requestSequence: number; streamIds: number[] }
  /** SSN/TSN reset and added streams: known, always denied. */
  | { kind: 'unsupported'; requestSequence: number }
  | { kind: 'response'; responseSequence: number; result: number }

export const ReConfigResult = {
  nothingToDo: 0,
  performed: 1,
  denied: 2,
  wrongSsn: 3,
  requestInProgress: 4,
  badSequenceNumber: 5,
  inProgress: 6
} as const

/** RFC 6525 section 3.1 allows two parameters in a chunk. */
const MAX_PARAMETERS = 2

function readStreamIds(value: Uint8Array, offset: number): number[] {
  const ids: number[] = []
  for (; offset + 2 <= value.length; offset += 2) {
    ids.push(readUint16(value, offset))
  }
  return ids
}

function streamIdBytes(streamIds: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * streamIds.length)
  streamIds.forEach((id, index) => {
    writeUint16(bytes, 2 * index, id)
  })
  return bytes
}

/** The parameters of the chunk that are well-formed and known; undefined where the chunk is malformed. */
export function readReConfigChunk(
  bytes: Uint8Array,
  start: number,
  end: number
): ReConfigParameter[] | undefined {
  const parameters = readParameters(bytes, start + CHUNK_HEADER_LENGTH, end, MAX_PARAMETERS)
  if (parameters === undefined) {
    return undefined
  }
  const read: ReConfigParameter[] = []
  for (const { type, value } of parameters) {
    if (type === ParameterType.outgoingSsnReset && value.length >= 12) {
      read.push({
        kind: 'outgoing-reset',
        requestSequence: readUint32(value, 0),
        responseSequence: readUint32(value, 4),
        lastAssignedTsn: readUint32(value, 8),
        streamIds: readStreamIds(value, 12)
      })
    } else if (type === ParameterType.incomingSsnReset && value.length >= 4) {
      read.push({
        kind: 'incoming-reset',
        requestSequence: readUint32(value, 0),
        streamIds: readStreamIds(value, 4)
      })
    } else if (type === ParameterType.reConfigResponse && value.length >= 8) {
      read.push({ kind: 'response', responseSequence: readUint32(value, 0), result: readUint32(value, 4) })
    } else if (
      (type === ParameterType.ssnTsnReset ||
        type === ParameterType.addOutgoingStreams ||
        type === ParameterType.addIncomingStreams) &&
      value.length >= 4
    ) {
      read.push({ kind: 'unsupported', requestSequence: readUint32(value, 0) })
    }
  }
  return read
}

function encodeReConfigParameter(parameter: Exclude<ReConfigParameter, { kind: 'unsupported' }>): Uint8Array {
  switch (parameter.kind) {
    case 'outgoing-reset': {
      const fixed = new Uint8Array(12)
      writeUint32(fixed, 0, parameter.requestSequence)
      writeUint32(fixed, 4, parameter.responseSequence)
      writeUint32(fixed, 8, parameter.lastAssignedTsn)
      return encodeParameter(
        ParameterType.outgoingSsnReset,
        joinParameters([fixed, streamIdBytes(parameter.streamIds)])
      )
    }
    case 'incoming-reset': {
      const fixed = new Uint8Array(4)
      writeUint32(fixed, 0, parameter.requestSequence)
      return encodeParameter(
        ParameterType.incomingSsnReset,
        joinParameters([fixed, streamIdBytes(parameter.streamIds)])
      )
    }
    case 'response': {
      const fixed = new Uint8Array(8)
      writeUint32(fixed, 0, parameter.responseSequence)
      writeUint32(fixed, 4, parameter.result)
      return encodeParameter(ParameterType.reConfigResponse, fixed)
    }
  }
}

export function encodeReConfigChunk(
  parameters: readonly Exclude<ReConfigParameter, { kind: 'unsupported' }>[]
): Uint8Array {
  return encodeChunk(ChunkType.reConfig, 0, joinParameters(parameters.map(encodeReConfigParameter)))
}

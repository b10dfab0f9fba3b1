import type { Socket } from 'node:dgram'

/** Completes a send that the kernel had no room for at once. */
export interface SendRequest {
  oncomplete: (error: number | null, sent: number) => void
}

/** The handle below a `dgram.Socket`, as far as it is used here. */
export interface UdpHandle {
  /** @returns above 0 where all was sent at once, 0 where it will be, an error of libuv's below 0 */
  send(
    request: SendRequest,
    list: Uint8Array[],
    count: number,
    port: number,
    address: string,
    hasCallback: boolean
  ): number
  onmessage: (
    length: number,
    handle: UdpHandle,
    data: Buffer | undefined,
    from: { readonly address: string; readonly port: number }
  ) => void
}

/** Direct access to the handles of this process's sockets. */
export interface UdpHandleAccess {
  handleOf(socket: Socket): UdpHandle | undefined
  createRequest(): SendRequest
}

/** Description of the symbol under which `dgram` keeps its state. */
const STATE = 'state symbol'
/** Discard; nothing is sent to it. */
const PROBE_PORT = 9

/**
 * `dgram` copies, wraps and defers for every datagram; the handle below it takes half as long to send one. It is
 * private, so what is used of it is looked at first. Gives undefined where it is not as expected; then `dgram` does.
 *
 * @param socket bound, with a `lookup` that answers synchronously
 */
export function probeUdpHandles(socket: Socket): UdpHandleAccess | undefined {
  if (probed === undefined) {
    try {
      probed = probe(socket)
    } catch {
      probed = null
    }
  }
  return probed ?? undefined
}

/** All sockets of a process are alike. */
let probed: UdpHandleAccess | null | undefined

function probe(socket: Socket): UdpHandleAccess | null {
  const handle = handleOf(socket)
  const SendWrap = handle && captureRequest(socket, handle)?.constructor
  if (typeof SendWrap !== 'function' || SendWrap.name !== 'SendWrap') return null
  return { handleOf, createRequest: () => Reflect.construct(SendWrap, []) as SendRequest }
}

function handleOf(socket: Socket): UdpHandle | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === STATE)
  const state =
    symbol && (socket as unknown as Record<symbol, { handle?: Partial<UdpHandle> } | undefined>)[symbol]
  const handle = state?.handle
  return typeof handle?.send === 'function' && typeof handle.onmessage === 'function'
    ? (handle as UdpHandle)
    : undefined
}

/** The request that `dgram` makes for a datagram. It is not sent. */
function captureRequest(socket: Socket, handle: UdpHandle): object | undefined {
  const own = Object.getOwnPropertyDescriptor(handle, 'send')
  const { address } = socket.address()
  let captured: unknown[] = []
  handle.send = (...given) => {
    captured = given
    return 1
  }
  try {
    socket.send(new Uint8Array(1), PROBE_PORT, address)
  } finally {
    if (own === undefined) Reflect.deleteProperty(handle, 'send')
    else Object.defineProperty(handle, 'send', own)
  }
  const [request, list, count, port, to, hasCallback] = captured
  const isAsExpected = Array.isArray(list) && count === 1 && port === PROBE_PORT && to === address
  return isAsExpected && hasCallback === false && typeof request === 'object' && request !== null
    ? request
    : undefined
}

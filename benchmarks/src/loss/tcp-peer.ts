import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { serve } from '../support/worker.ts'

/** One end of a flow of the kernel's own TCP. */
export type TcpPeer = {
  /** Takes one connection after the other and counts what comes; resolves to the port. */
  listen(address: string): Promise<number>
  /** Sends all it can until `stop()`. */
  send(address: string, port: number): Promise<void>
  stop(): void
  received(): number
  /** Bytes that a network device of this namespace has received. */
  deviceBytes(device: string): number
}

const chunk = new Uint8Array(1 << 16)

let receivedBytes = 0
let sending: Socket | undefined

serve({
  async listen(address) {
    const server = createServer((socket) => {
      socket.on('data', (data) => (receivedBytes += data.length))
      socket.on('error', () => undefined)
    })
    server.listen(0, address)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  async send(address, port) {
    const socket = connect(port, address)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    sending = socket
    const fill = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', fill)
    fill()
  },
  stop() {
    sending?.destroy()
  },
  received: () => receivedBytes,
  deviceBytes(device) {
    // /proc/net/dev: "name: bytes packets …", of the reader's own namespace.
    const line = readFileSync('/proc/net/dev', 'utf8')
      .split('\n')
      .find((text) => text.trim().startsWith(`${device}:`))
    return Number(line?.split(':')[1].trim().split(/\s+/)[0])
  }
} satisfies TcpPeer)

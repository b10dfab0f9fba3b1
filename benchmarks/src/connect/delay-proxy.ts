import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { serve } from '../support/worker.ts'

/** Makes a TCP link longer: in a process of its own, so that its work is nobody else's. */
export type DelayProxy = {
  /** Resolves to a port on loopback that leads to another one, each way `delayMs` later. */
  open(targetPort: number, delayMs: number): Promise<number>
}

serve({
  open: (targetPort, delayMs) =>
    new Promise((resolve) => {
      const server = createServer((inbound) => {
        const outbound = connect(targetPort, '127.0.0.1')
        pipe(inbound, outbound, delayMs)
        pipe(outbound, inbound, delayMs)
      })
      server.listen(0, '127.0.0.1', () => {
        resolve((server.address() as AddressInfo).port)
      })
    })
} satisfies DelayProxy)

function pipe(from: Socket, to: Socket, delayMs: number): void {
  from.setNoDelay(true)
  // Timers of one length run in order, so that bytes stay in order.
  const later = (run: () => void): void => {
    setTimeout(run, delayMs)
  }
  from.on('data', (bytes) => {
    later(() => to.write(bytes))
  })
  from.on('end', () => {
    later(() => to.end())
  })
  from.on('error', () => {
    later(() => to.destroy())
  })
  from.on('close', () => {
    later(() => to.destroy())
  })
}

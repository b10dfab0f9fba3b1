import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { UdpSocket, type TransportAddress } from '../../src/node/ice/udp-socket.ts'
import { assertNoLeaks } from './support/leaks.ts'

const ways: [name: string, bind: (address: string) => Promise<UdpSocket>][] = [
  ['by its handle', (address) => UdpSocket.bind(address)],
  ['by dgram, where the handle is not as expected', (address) => UdpSocket.bind(address, () => undefined)]
]

/** Resolves with the next datagram. */
function next(socket: UdpSocket): Promise<{ data: Buffer; from: TransportAddress }> {
  return new Promise((resolve) => {
    socket.onData = (data, from) => {
      resolve({ data, from })
    }
  })
}

describe('UdpSocket', () => {
  for (const [name, bind] of ways) {
    for (const address of ['127.0.0.1', '::1']) {
      it(`sends and receives on ${address} ${name}`, async () => {
        await assertNoLeaks(async () => {
          const [a, b] = await Promise.all([bind(address), bind(address)])
          const datagram = Uint8Array.of(20, 1, 2)
          let received = next(b)
          assert.equal(a.transmit(datagram, address, b.port), false)
          assert.deepEqual([...(await received).data], [20, 1, 2])
          assert.deepEqual((await received).from, [address, a.port])
          received = next(b)
          await a.send(datagram, [address, b.port])
          assert.deepEqual([...(await received).data], [20, 1, 2])
          const { port } = b
          await Promise.all([a.close(), b.close()])
          assert.equal(a.transmit(datagram, address, port), false)
        })
      })
    }

    it(`does not mind what the kernel refuses, ${name}`, async () => {
      await assertNoLeaks(async () => {
        const socket = await bind('127.0.0.1')
        assert.equal(socket.transmit(new Uint8Array(70_000), '127.0.0.1', 9), false)
        const received = next(socket)
        socket.transmit(Uint8Array.of(1), '127.0.0.1', socket.port)
        assert.deepEqual([...(await received).data], [1])
        await socket.close()
      })
    })
  }

  it('copies what it cannot send at once, and loses what is too much', async () => {
    const requests: { oncomplete: (error: number | null, sent: number) => void }[] = []
    const sent: Uint8Array[] = []
    let result = 0
    const handle = {
      send: (request: (typeof requests)[number], list: Uint8Array[]) => {
        requests.push(request)
        sent.push(list[0])
        return result
      },
      onmessage: () => undefined
    }
    const socket = await UdpSocket.bind('127.0.0.1', () => ({
      handleOf: () => handle,
      createRequest: () => ({ oncomplete: () => undefined })
    }))
    try {
      const datagram = Uint8Array.of(1)
      const released: Uint8Array[] = []
      const onSent = (memory: Uint8Array) => released.push(memory)
      assert.equal(socket.transmit(datagram, '127.0.0.1', 9, onSent), true, 'the first is still in use')
      assert.equal(sent[0], datagram)
      assert.equal(socket.transmit(datagram, '127.0.0.1', 9, onSent), false)
      assert.notEqual(sent[1], datagram)
      assert.notEqual(requests[0], requests[1])
      for (let count = 0; count < 100; count++) socket.transmit(datagram, '127.0.0.1', 9)
      assert.equal(sent.length, 64)
      assert.deepEqual(released, [])
      for (const request of requests) request.oncomplete(null, 1)
      assert.equal(released.length, 1)
      assert.equal(released[0], datagram)
      result = 2
      assert.equal(socket.transmit(datagram, '127.0.0.1', 9, onSent), false)
      assert.equal(sent[64], datagram)
      assert.equal(released.length, 1)
    } finally {
      await socket.close()
      await turn()
    }
  })
})

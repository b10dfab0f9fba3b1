import assert from 'node:assert/strict'
import { connectPair, negotiate, once, receive, record, until } from './support/connections.ts'
import { assertNoLeaks } from './support/leaks.ts'

function ufragOf(description: RTCSessionDescription | null): string {
  return /a=ice-ufrag:(\S+)/.exec(description!.sdp)![1]
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length
}

describe('ICE restart', () => {
  it('moves to new sockets; DTLS, SCTP and channels live on', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    await until(a, 'iceconnectionstatechange', () => a.iceConnectionState === 'completed')
    await until(b, 'iceconnectionstatechange', () => b.iceConnectionState === 'completed')
    const before = [ufragOf(a.localDescription), ufragOf(b.localDescription)]
    const oldPort = a.sctp!.transport.iceTransport.getSelectedCandidatePair()!.local.port
    const log: string[] = []
    record(log, a, ['connectionstatechange'])
    record(log, a.sctp!.transport, ['statechange'])
    record(log, channelA, ['closing', 'close', 'error'])
    // Data flow all the while.
    const count = 200
    const received = receive(channelB, count)
    for (let index = 0; index < count / 2; index++) channelA.send(new Uint8Array(2000))
    a.restartIce()
    await once(a, 'negotiationneeded')
    const moved = once(a.sctp!.transport.iceTransport, 'selectedcandidatepairchange')
    await negotiate(a, b)
    for (let index = 0; index < count / 2; index++) channelA.send(new Uint8Array(2000))
    await moved
    await received
    assert.notDeepEqual([ufragOf(a.localDescription), ufragOf(b.localDescription)], before)
    assert.notEqual(a.sctp!.transport.iceTransport.getSelectedCandidatePair()!.local.port, oldPort)
    const back = receive(channelA, 1)
    channelB.send('over the new pair')
    assert.deepEqual(await back, ['over the new pair'])
    assert.deepEqual(log, [])
    assert.equal(a.connectionState, 'connected')
  })

  it('works from either side, again and again', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    for (const [offerer, answerer] of [
      [b, a],
      [a, b],
      [a, b]
    ] as const) {
      const moved = Promise.all(
        [a, b].map((pc) => once(pc.sctp!.transport.iceTransport, 'selectedcandidatepairchange'))
      )
      await offerer.setLocalDescription(await offerer.createOffer({ iceRestart: true }))
      await answerer.setRemoteDescription(offerer.localDescription!)
      await answerer.setLocalDescription()
      await offerer.setRemoteDescription(answerer.localDescription!)
      await moved
      const got = receive(channelB, 1)
      channelA.send('x')
      await got
    }
  })

  it('can be rolled back: the old pair never stopped', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    const before = ufragOf(a.localDescription)
    await a.setLocalDescription(await a.createOffer({ iceRestart: true }))
    assert.notEqual(ufragOf(a.localDescription), before)
    await a.setLocalDescription({ type: 'rollback' })
    assert.equal(ufragOf(a.localDescription), before)
    const got = receive(channelB, 1)
    channelA.send('x')
    assert.deepEqual(await got, ['x'])
    await negotiate(b, a)
  })

  it('keeps the pair that works when the next restart begins before the sockets of the last are gone', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    const moved = Promise.all(
      [a, b].map((pc) => once(pc.sctp!.transport.iceTransport, 'selectedcandidatepairchange'))
    )
    a.restartIce()
    await negotiate(a, b)
    await moved
    // Nobody answers this one.
    await a.setLocalDescription(await a.createOffer({ iceRestart: true }))
    const sockets = openSockets()
    while (openSockets() === sockets) await new Promise((resolve) => setTimeout(resolve, 50))
    const got = receive(channelB, 1)
    channelA.send('x')
    assert.deepEqual(await got, ['x'])
  })

  it('leaves nothing behind', async () => {
    await assertNoLeaks(async () => {
      const { a, b } = await connectPair()
      a.restartIce()
      const moved = once(a.sctp!.transport.iceTransport, 'selectedcandidatepairchange')
      await negotiate(a, b)
      await moved
      a.close()
      b.close()
    })
  })

  it('refuses candidates of a generation that was never applied', async () => {
    using pair = await connectPair()
    const { a } = pair
    await assert.rejects(
      a.addIceCandidate({
        candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host',
        sdpMid: '0',
        usernameFragment: 'gone'
      }),
      { name: 'OperationError' }
    )
  })
})

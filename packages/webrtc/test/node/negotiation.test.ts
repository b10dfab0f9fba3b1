import assert from 'node:assert/strict'
import { RTCPeerConnection, RTCSessionDescription, parseSdp, renderSdp } from '@hearsay/webrtc'
import { connectPair, createPair, negotiate, once, receive, record, until } from './support/connections.ts'

/** The perfect negotiation of webrtc-pc §10.7, over a link that takes its time. */
function negotiatePerfectly(
  pc: RTCPeerConnection,
  polite: boolean,
  send: (message: { description?: RTCSessionDescription; candidate?: RTCIceCandidate | null }) => void
) {
  let makingOffer = false
  let ignoreOffer = false
  pc.onnegotiationneeded = async () => {
    makingOffer = true
    await pc.setLocalDescription()
    send({ description: pc.localDescription! })
    makingOffer = false
  }
  pc.onicecandidate = ({ candidate }) => {
    send({ candidate })
  }
  return async (message: { description?: RTCSessionDescription; candidate?: RTCIceCandidate | null }) => {
    const { description, candidate } = message
    if (description !== undefined) {
      const collision = description.type === 'offer' && (makingOffer || pc.signalingState !== 'stable')
      ignoreOffer = !polite && collision
      if (ignoreOffer) return
      await pc.setRemoteDescription(description)
      if (description.type === 'offer') {
        await pc.setLocalDescription()
        send({ description: pc.localDescription! })
      }
    } else {
      await pc.addIceCandidate(candidate).catch((error: unknown) => {
        if (!ignoreOffer) throw error
      })
    }
  }
}

describe('negotiation', () => {
  it('resolves to plain dictionaries', async () => {
    const pc = new RTCPeerConnection()
    pc.createDataChannel('x')
    const offer = await pc.createOffer()
    assert.equal(Object.getPrototypeOf(offer), Object.prototype)
    assert.deepEqual(Object.keys(offer), ['type', 'sdp'])
    await pc.setLocalDescription(offer)
    assert.ok(pc.localDescription instanceof RTCSessionDescription)
    assert.equal(pc.pendingLocalDescription!.sdp, offer.sdp)
    assert.equal(pc.localDescription.type, 'offer')
    assert.deepEqual(pc.localDescription.toJSON(), offer)
    pc.close()
  })

  it('makes offers without a section as long as there is no channel', async () => {
    using pair = createPair()
    const { a, b } = pair
    await negotiate(a, b)
    assert.equal(a.signalingState, 'stable')
    assert.doesNotMatch(a.currentLocalDescription!.sdp, /m=/)
    assert.equal(a.sctp, null)
    a.createDataChannel('x')
    await once(a, 'negotiationneeded')
    await negotiate(a, b)
    await once(b, 'datachannel')
  })

  it('runs operations one after the other, in the order in which they were called', async () => {
    using pair = createPair()
    const { a, b } = pair
    a.createDataChannel('x')
    const log: string[] = []
    const note = (name: string) => () => log.push(name)
    await Promise.all([
      a.createOffer().then(note('offer')),
      a.setLocalDescription().then(note('local')),
      a.createAnswer().catch(note('answer rejected')),
      a.setLocalDescription({ type: 'rollback' }).then(note('rollback')),
      a.setLocalDescription().then(note('local again'))
    ])
    assert.deepEqual(log, ['offer', 'local', 'answer rejected', 'rollback', 'local again'])
    await b.setRemoteDescription(a.localDescription!)
  })

  it('does not settle what close() interrupts', async () => {
    const pc = new RTCPeerConnection()
    let settled = false
    const offer = pc.createOffer().finally(() => {
      settled = true
    })
    void offer
    pc.close()
    await new Promise((resolve) => setTimeout(resolve, 10))
    assert.equal(settled, false)
  })

  it('takes the legacy callbacks', async () => {
    const pc = new RTCPeerConnection()
    pc.createDataChannel('x')
    const legacy = pc as unknown as Record<string, (...args: unknown[]) => Promise<void>>
    const offer = await new Promise((resolve, reject) => void legacy['createOffer'](resolve, reject))
    await new Promise((resolve, reject) => void legacy['setLocalDescription'](offer, resolve, reject))
    assert.equal(pc.signalingState, 'have-local-offer')
    const error = await new Promise<DOMException>(
      (resolve, reject) => void legacy['createAnswer'](reject, resolve)
    )
    assert.equal(error.name, 'InvalidStateError')
    pc.close()
  })

  it('rejects descriptions that do not fit the signaling state', async () => {
    using pair = createPair()
    const { a, b } = pair
    a.createDataChannel('x')
    await assert.rejects(a.createAnswer(), { name: 'InvalidStateError' })
    await a.setLocalDescription()
    const offer = a.localDescription!
    await assert.rejects(b.setRemoteDescription({ type: 'answer', sdp: offer.sdp }), {
      name: 'InvalidStateError'
    })
    await assert.rejects(b.setLocalDescription({ type: 'rollback' }), { name: 'InvalidStateError' })
    await b.setRemoteDescription(offer)
    await assert.rejects(b.setLocalDescription({ type: 'offer', sdp: '' }), { name: 'InvalidStateError' })
    await b.setLocalDescription()
    await assert.rejects(b.setRemoteDescription({ type: 'answer', sdp: offer.sdp }), {
      name: 'InvalidStateError'
    })
  })

  it('rejects a local description that is not what was created', async () => {
    const pc = new RTCPeerConnection()
    pc.createDataChannel('x')
    const first = await pc.createOffer()
    await pc.createOffer()
    await assert.rejects(pc.setLocalDescription(first), { name: 'InvalidModificationError' })
    await assert.rejects(pc.setLocalDescription({ type: 'offer', sdp: 'v=0' }), {
      name: 'InvalidModificationError'
    })
    pc.close()
  })

  it('takes a local description with harmless changes, as libraries make them', async () => {
    const pc = new RTCPeerConnection()
    pc.createDataChannel('x')
    const { sdp } = await pc.createOffer()
    await pc.setLocalDescription({ type: 'offer', sdp: sdp!.replace(/a=ice-options:trickle\r\n/, '') })
    assert.doesNotMatch(pc.localDescription!.sdp, /trickle/)
    pc.close()
  })

  it('says where the syntax of a remote description is wrong', async () => {
    const pc = new RTCPeerConnection()
    await assert.rejects(pc.setRemoteDescription({ type: 'offer', sdp: 'v=0\r\nnonsense\r\n' }), (error) => {
      assert.ok(error instanceof DOMException)
      assert.equal(error.name, 'OperationError')
      const { errorDetail, sdpLineNumber } = error as RTCError
      assert.deepEqual([errorDetail, sdpLineNumber], ['sdp-syntax-error', 2])
      return true
    })
    await assert.rejects(pc.setRemoteDescription({ type: 'nonsense' as 'offer', sdp: '' }), TypeError)
    pc.close()
  })

  it('rejects another certificate, another section or an unasked restart in an established session', async () => {
    using pair = await connectPair()
    const { a, b } = pair
    const restarted = await createPairedOffer(b)
    const change = (edit: (data: Record<string, unknown>) => void): RTCSessionDescriptionInit => {
      const value = parseSdp(restarted)
      const data = { ...value.data } as Record<string, unknown>
      edit(data)
      return { type: 'offer', sdp: renderSdp({ ...value, data: data as never }) }
    }
    await assert.rejects(
      a.setRemoteDescription(change((data) => (data['fingerprint'] = new Uint8Array(32)))),
      { name: 'InvalidAccessError' }
    )
    await assert.rejects(a.setRemoteDescription(change((data) => (data['mid'] = 'other'))), {
      name: 'InvalidAccessError'
    })
    await a.setLocalDescription()
    const answer = parseSdp(b.currentLocalDescription!.sdp, { type: 'answer' })
    const foreign = { ...answer, data: { ...answer.data, iceUfrag: 'other123', icePwd: 'p'.repeat(24) } }
    await assert.rejects(a.setRemoteDescription({ type: 'answer', sdp: renderSdp(foreign as never) }), {
      name: 'InvalidAccessError'
    })
  })

  it('fires negotiationneeded once for the first channel and not for the second', async () => {
    using pair = createPair()
    const { a, b } = pair
    const log: string[] = []
    record(log, a, ['negotiationneeded'])
    a.createDataChannel('x')
    await once(a, 'negotiationneeded')
    a.createDataChannel('y')
    await negotiate(a, b)
    await once(b, 'datachannel')
    a.createDataChannel('z')
    await once(b, 'datachannel')
    assert.deepEqual(log, ['negotiationneeded'])
  })

  describe('rollback', () => {
    it('goes back to stable on either side', async () => {
      using pair = createPair()
      const { a, b } = pair
      a.createDataChannel('x')
      await a.setLocalDescription()
      const offer = a.localDescription!
      await b.setRemoteDescription(offer)
      await b.setRemoteDescription({ type: 'rollback' })
      await a.setLocalDescription({ type: 'rollback' })
      assert.deepEqual([a.signalingState, b.signalingState], ['stable', 'stable'])
      assert.deepEqual([a.localDescription, b.remoteDescription], [null, null])
      await negotiate(a, b)
      await once(b, 'datachannel')
    })

    it('is implied by an offer that meets ours, and ours is wanted again', async () => {
      using pair = createPair()
      const { a, b } = pair
      a.createDataChannel('from a')
      b.createDataChannel('from b')
      await a.setLocalDescription()
      await b.setLocalDescription()
      const log: string[] = []
      a.addEventListener('signalingstatechange', () => log.push(a.signalingState))
      await a.setRemoteDescription(b.localDescription!)
      assert.equal(a.signalingState, 'have-remote-offer')
      await a.setLocalDescription()
      await b.setRemoteDescription(a.localDescription!)
      const [{ channel: atA }, { channel: atB }] = await Promise.all([
        once<RTCDataChannelEvent>(a, 'datachannel'),
        once<RTCDataChannelEvent>(b, 'datachannel')
      ])
      assert.deepEqual([atA.label, atB.label], ['from b', 'from a'])
      assert.deepEqual(log, ['have-remote-offer', 'stable'])
    })
  })

  it('survives glare with perfect negotiation', async () => {
    using pair = createPair()
    const { a, b } = pair
    const deliver = (receiver: () => (message: never) => Promise<void>) => (message: unknown) => {
      setImmediate(() => void receiver()(message as never))
    }
    const toA = negotiatePerfectly(
      a,
      true,
      deliver(() => toB)
    )
    const toB = negotiatePerfectly(
      b,
      false,
      deliver(() => toA)
    )
    const channelA = a.createDataChannel('from a')
    const channelB = b.createDataChannel('from b')
    await Promise.all([once(channelA, 'open'), once(channelB, 'open')])
    assert.notEqual(channelA.id! % 2, channelB.id! % 2)
    await until(a, 'signalingstatechange', () => a.signalingState === 'stable')
  })

  it('renegotiates without touching what runs', async () => {
    using pair = await connectPair()
    const { a, b, channelA, channelB } = pair
    const log: string[] = []
    for (const [name, pc] of Object.entries({ a, b })) {
      record(log, pc, ['iceconnectionstatechange', 'connectionstatechange', 'icegatheringstatechange'], name)
    }
    const before = a.currentLocalDescription!.sdp
    await until(a, 'connectionstatechange', () => a.connectionState === 'connected')
    log.length = 0
    await negotiate(b, a)
    await negotiate(a, b)
    const got = receive(channelB, 1)
    channelA.send('still here')
    assert.deepEqual(await got, ['still here'])
    assert.deepEqual(
      log.filter((entry) => !entry.includes('iceconnection')),
      []
    )
    assert.equal(ufragOf(a.currentLocalDescription!.sdp), ufragOf(before))
  })

  it('understands a refusal: channels end', async () => {
    using pair = createPair()
    const { a } = pair
    const channel = a.createDataChannel('x')
    const closed = once(channel, 'close')
    await a.setLocalDescription()
    const { sessionId } = parseSdp(a.localDescription!.sdp)
    const refusal = renderSdp({
      sessionId,
      sessionVersion: 1,
      data: { rejected: true, mid: '0', protocol: 'UDP/DTLS/SCTP' }
    })
    await a.setRemoteDescription({ type: 'answer', sdp: refusal })
    await closed
    assert.equal(a.signalingState, 'stable')
  })
})

async function createPairedOffer(pc: RTCPeerConnection): Promise<string> {
  const { sdp } = await pc.createOffer()
  return sdp!
}

function ufragOf(sdp: string): string {
  return /a=ice-ufrag:(\S+)/.exec(sdp)![1]
}

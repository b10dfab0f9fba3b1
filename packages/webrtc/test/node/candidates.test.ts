import assert from 'node:assert/strict'
import { RTCIceCandidate, RTCPeerConnection } from '@hearsay/webrtc'
import { createPair, negotiate, once, until } from './support/connections.ts'

const LINE = 'candidate:1 1 udp 2130706431 127.0.0.1 9 typ host'

describe('RTCIceCandidate', () => {
  it('reads the candidate line', () => {
    const candidate = new RTCIceCandidate({
      candidate: 'candidate:4 1 UDP 1694498815 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 4000 ufrag abcd',
      sdpMid: '0'
    })
    assert.deepEqual(
      [candidate.foundation, candidate.component, candidate.priority, candidate.address, candidate.port],
      ['4', 'rtp', 1694498815, '192.0.2.1', 5000]
    )
    assert.deepEqual(
      [
        candidate.protocol,
        candidate.type,
        candidate.tcpType,
        candidate.relatedAddress,
        candidate.relatedPort
      ],
      ['udp', 'srflx', null, '10.0.0.1', 4000]
    )
    assert.equal(candidate.usernameFragment, 'abcd')
    assert.deepEqual(Object.keys(candidate.toJSON()), [
      'candidate',
      'sdpMid',
      'sdpMLineIndex',
      'usernameFragment'
    ])
  })

  it('leaves null what it cannot read, and wants sdpMid or sdpMLineIndex', () => {
    const candidate = new RTCIceCandidate({ candidate: 'nonsense', sdpMLineIndex: 0 })
    assert.equal(candidate.candidate, 'nonsense')
    assert.equal(candidate.foundation, null)
    assert.throws(() => new RTCIceCandidate({ candidate: LINE }), TypeError)
  })
})

describe('addIceCandidate()', () => {
  let a: RTCPeerConnection
  let b: RTCPeerConnection
  beforeEach(() => {
    a = new RTCPeerConnection()
    b = new RTCPeerConnection()
    a.createDataChannel('x')
  })
  afterEach(() => {
    a.close()
    b.close()
  })

  it('rejects with InvalidStateError before the remote description', async () => {
    await assert.rejects(b.addIceCandidate({ candidate: LINE, sdpMid: '0' }), { name: 'InvalidStateError' })
  })

  it('rejects with TypeError without sdpMid and sdpMLineIndex', async () => {
    await assert.rejects(b.addIceCandidate({ candidate: LINE }), TypeError)
  })

  it('rejects with OperationError what does not fit the remote description', async () => {
    await a.setLocalDescription()
    await b.setRemoteDescription(a.localDescription!)
    for (const init of [
      { candidate: LINE, sdpMid: 'other' },
      { candidate: LINE, sdpMLineIndex: 1 },
      { candidate: 'candidate:nonsense', sdpMid: '0' },
      { candidate: LINE, sdpMid: '0', usernameFragment: 'other' }
    ]) {
      await assert.rejects(b.addIceCandidate(init), { name: 'OperationError' }, JSON.stringify(init))
    }
  })

  it('adds to the remote description', async () => {
    await a.setLocalDescription()
    await b.setRemoteDescription(a.localDescription!)
    await b.addIceCandidate({ candidate: LINE, sdpMid: '0' })
    assert.ok(b.pendingRemoteDescription!.sdp.endsWith(`a=${LINE}\r\n`))
    await b.addIceCandidate()
    assert.ok(b.remoteDescription!.sdp.endsWith('a=end-of-candidates\r\n'))
  })

  it('takes all forms of the end of candidates', async () => {
    await a.setLocalDescription()
    await b.setRemoteDescription(a.localDescription!)
    for (const end of [undefined, null, {}, { candidate: '' }, { candidate: '', sdpMid: '0' }]) {
      await b.addIceCandidate(end)
    }
  })

  it('ignores kinds that cannot be used', async () => {
    await a.setLocalDescription()
    await b.setRemoteDescription(a.localDescription!)
    await b.setLocalDescription()
    for (const candidate of [
      'candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active',
      'candidate:1 2 udp 2130706431 192.0.2.1 9 typ host',
      'candidate:1 1 udp 2130706431 example.org 9 typ host',
      'candidate:1 1 udp 2130706431 6a1f8a6e-0000-4000-8000-000000000000.local 9 typ host'
    ]) {
      await b.addIceCandidate({ candidate, sdpMid: '0' })
    }
  })

  it('connects where candidates come long before they can be used', async () => {
    const early: (RTCIceCandidate | null)[] = []
    a.onicecandidate = ({ candidate }) => early.push(candidate)
    await a.setLocalDescription()
    await until(a, 'icecandidate', () => early.at(-1) === null)
    await b.setRemoteDescription({
      type: 'offer',
      sdp: a.pendingLocalDescription!.sdp.replace(/a=(candidate|end-of).*\r\n/g, '')
    })
    for (const candidate of early) await b.addIceCandidate(candidate)
    // None of b's candidates ever reaches a: its checks do.
    await b.setLocalDescription()
    await a.setRemoteDescription({ type: 'answer', sdp: b.localDescription!.sdp })
    await once(b, 'datachannel')
    const { remote } = a.sctp!.transport.iceTransport.getSelectedCandidatePair()!
    assert.equal(remote.type, 'prflx')
  })

  it('connects where all candidates are in the descriptions', async () => {
    const complete = async (pc: RTCPeerConnection) => {
      await pc.setLocalDescription()
      await until(pc, 'icegatheringstatechange', () => pc.iceGatheringState === 'complete')
      return pc.localDescription!
    }
    await b.setRemoteDescription(await complete(a))
    await a.setRemoteDescription(await complete(b))
    await once(b, 'datachannel')
    await until(a, 'iceconnectionstatechange', () => a.iceConnectionState === 'completed')
  })
})

describe('gathering', () => {
  it('does not hold up the offer, whatever the servers do', async () => {
    // Nothing answers there.
    const iceServers = [
      { urls: 'stun:127.0.0.1:9' },
      { urls: 'turn:127.0.0.1:9', username: 'u', credential: 'p' }
    ]
    using pair = createPair({ iceServers })
    const { a, b } = pair
    a.createDataChannel('x')
    await negotiate(a, b)
    await once(b, 'datachannel')
    assert.equal(a.iceGatheringState, 'gathering')
  })

  it('asks no server that was not given', async () => {
    using pair = createPair()
    const { a } = pair
    a.createDataChannel('x')
    await a.setLocalDescription()
    await until(a, 'icegatheringstatechange', () => a.iceGatheringState === 'complete')
    assert.doesNotMatch(a.localDescription!.sdp, /srflx|relay/)
  })

  it('gathers nothing of this machine with iceTransportPolicy relay', async () => {
    const pc = new RTCPeerConnection({ iceTransportPolicy: 'relay' })
    pc.createDataChannel('x')
    await pc.setLocalDescription()
    await until(pc, 'icegatheringstatechange', () => pc.iceGatheringState === 'complete')
    assert.doesNotMatch(pc.localDescription!.sdp, /candidate:/)
    pc.close()
  })
})

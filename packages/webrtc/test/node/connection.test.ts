import assert from 'node:assert/strict'
import { RTCPeerConnection, getConnectionMetrics } from '@hearsay/webrtc'
import { connectPair, createPair, negotiate, once, record, until } from './support/connections.ts'
import { assertNoLeaks } from './support/leaks.ts'

describe('RTCPeerConnection', () => {
  describe('attributes', () => {
    it('begins as webrtc-pc §4.4 has it', () => {
      const pc = new RTCPeerConnection()
      assert.equal(pc.signalingState, 'stable')
      assert.equal(pc.iceGatheringState, 'new')
      assert.equal(pc.iceConnectionState, 'new')
      assert.equal(pc.connectionState, 'new')
      assert.equal(pc.canTrickleIceCandidates, null)
      for (const member of [
        'local',
        'currentLocal',
        'pendingLocal',
        'remote',
        'currentRemote',
        'pendingRemote'
      ]) {
        assert.equal(pc[`${member}Description` as 'localDescription'], null)
      }
      assert.equal(pc.sctp, null)
      pc.close()
    })

    it('finds no media', () => {
      const pc = new RTCPeerConnection() as unknown as globalThis.RTCPeerConnection
      assert.deepEqual([pc.getSenders(), pc.getReceivers(), pc.getTransceivers()], [[], [], []])
      assert.equal('addTrack' in pc, false)
      pc.close()
    })
  })

  describe('connecting', () => {
    it('goes through its states in order, each event once', async () => {
      using pair = createPair()
      const { a, b } = pair
      const logs: Record<'a' | 'b', string[]> = { a: [], b: [] }
      for (const [name, pc] of Object.entries({ a, b })) {
        const log = logs[name as 'a' | 'b']
        pc.addEventListener('signalingstatechange', () => log.push(pc.signalingState))
        pc.addEventListener('icegatheringstatechange', () => log.push(pc.iceGatheringState))
        pc.addEventListener('connectionstatechange', () => log.push(pc.connectionState))
      }
      const channel = a.createDataChannel('x')
      await negotiate(a, b)
      await once(channel, 'open')
      await until(b, 'connectionstatechange', () => b.connectionState === 'connected')
      const only = (log: string[], states: string[]) => log.filter((state) => states.includes(state))
      for (const name of ['a', 'b'] as const) {
        assert.deepEqual(only(logs[name], ['gathering', 'complete']), ['gathering', 'complete'])
        assert.deepEqual(only(logs[name], ['connecting', 'connected']), ['connecting', 'connected'])
      }
      assert.deepEqual(only(logs.a, ['have-local-offer', 'stable']), ['have-local-offer', 'stable'])
      assert.deepEqual(only(logs.b, ['have-remote-offer', 'stable']), ['have-remote-offer', 'stable'])
    })

    it('is connected only once DTLS is, and shows both certificates', async () => {
      using pair = createPair()
      const { a, b } = pair
      const channel = a.createDataChannel('x')
      const states: string[] = []
      a.addEventListener('connectionstatechange', () => {
        states.push(`${a.connectionState}/${a.sctp!.transport.state}/${a.sctp!.transport.iceTransport.state}`)
      })
      await negotiate(a, b)
      await once(channel, 'open')
      assert.match(states.at(-1)!, /^connected\/connected\/(connected|completed)$/)
      const [certificate] = a.sctp!.transport.getRemoteCertificates()
      assert.ok(certificate instanceof ArrayBuffer)
      const stats = new Map<string, Record<string, string>>()
      ;(await b.getStats()).forEach((value: Record<string, string>, key) => stats.set(key, value))
      const own = [...stats.values()].find(({ id }) => id === stats.get('T0')!['localCertificateId'])
      assert.equal(own!['base64Certificate'], Buffer.from(certificate).toString('base64'))
    })

    it('ends the candidates with an empty one, then with null, then not at all', async () => {
      using pair = createPair()
      const { a } = pair
      a.createDataChannel('x')
      const candidates: (RTCIceCandidate | null)[] = []
      a.addEventListener('icecandidate', ({ candidate }) => candidates.push(candidate))
      await a.setLocalDescription()
      await until(a, 'icecandidate', () => candidates.at(-1) === null)
      assert.equal(a.iceGatheringState, 'complete')
      assert.equal(candidates.at(-2)!.candidate, '')
      assert.equal(candidates.filter((candidate) => candidate === null).length, 1)
      const [first] = candidates
      assert.equal(first!.sdpMid, '0')
      assert.equal(first!.sdpMLineIndex, 0)
      assert.match(
        a.localDescription!.sdp,
        new RegExp(`a=ice-ufrag:${first!.usernameFragment!.replace('+', '\\+')}\r\n`)
      )
      assert.match(a.localDescription!.sdp, /a=candidate:.*\r\n(.*\r\n)*a=end-of-candidates\r\n/)
    })

    it('tells its ICE parameters and the selected pair', async () => {
      using pair = await connectPair()
      const { a, b } = pair
      const [ice, other] = [a.sctp!.transport.iceTransport, b.sctp!.transport.iceTransport] as unknown as [
        Record<string, () => unknown>,
        Record<string, () => unknown>
      ]
      assert.deepEqual(ice['getLocalParameters'](), other['getRemoteParameters']())
      assert.equal(ice['role'], 'controlling')
      assert.equal(other['role'], 'controlled')
      const selected = a.sctp!.transport.iceTransport.getSelectedCandidatePair()!
      assert.equal(selected.local.type, 'host')
      assert.equal(selected.remote.protocol, 'udp')
    })

    it('counts in getStats()', async () => {
      using pair = await connectPair()
      const { a, channelA, channelB } = pair
      const got = once(channelB, 'message')
      channelA.send('12345')
      await got
      const types = new Map<string, Record<string, unknown>>()
      const report = await a.getStats()
      report.forEach((value: Record<string, unknown>) => types.set(value['type'] as string, value))
      const transport = types.get('transport')!
      const selected = (report as unknown as Map<string, Record<string, unknown>>).get(
        transport['selectedCandidatePairId'] as string
      )!
      assert.equal(selected['state'], 'succeeded')
      assert.equal(selected['nominated'], true)
      assert.ok((selected['currentRoundTripTime'] as number) > 0)
      assert.equal(transport['dtlsState'], 'connected')
      assert.equal(transport['tlsVersion'], 'FEFD')
      const channel = types.get('data-channel')!
      assert.deepEqual([channel['messagesSent'], channel['bytesSent'], channel['state']], [1, 5, 'open'])
      assert.equal(types.get('peer-connection')!['dataChannelsOpened'], 1)
      for (const type of ['local-candidate', 'remote-candidate', 'certificate'])
        assert.ok(types.has(type), type)
    })

    it('measures its steps', async () => {
      using pair = await connectPair()
      const metrics = getConnectionMetrics(pair.a)!
      for (const step of ['initializationMs', 'gatheringMs', 'iceMs', 'dtlsMs', 'sctpMs'] as const) {
        assert.ok(metrics[step]! >= 0, step)
      }
      assert.ok(metrics.candidatePairs.tried >= 1)
      assert.ok(metrics.candidatePairs.succeeded >= 1)
    })
  })

  describe('close()', () => {
    it('returns undefined, sets all states at once and fires no event', async () => {
      const { a, b, channelA } = await connectPair()
      const log: string[] = []
      record(log, a, ['signalingstatechange', 'iceconnectionstatechange', 'connectionstatechange'])
      record(log, channelA, ['closing', 'close', 'error'])
      const close: () => unknown = a.close.bind(a)
      assert.equal(close(), undefined)
      assert.equal(a.signalingState, 'closed')
      assert.equal(a.iceConnectionState, 'closed')
      assert.equal(a.connectionState, 'closed')
      assert.equal(a.sctp!.state, 'closed')
      assert.equal(a.sctp!.transport.state, 'closed')
      assert.equal(a.sctp!.transport.iceTransport.state, 'closed')
      assert.equal(channelA.readyState, 'closed')
      a.close()
      await until(b, 'connectionstatechange', () => b.connectionState === 'failed')
      assert.deepEqual(log, [])
      b.close()
    })

    it('shows on the other side: error and close of channels, then all transports', async () => {
      using pair = await connectPair()
      const { a, b, channelB } = pair
      const log: string[] = []
      record(log, channelB, ['closing', 'error', 'close'])
      const errored = once<RTCErrorEvent>(channelB, 'error')
      const closed = once(channelB, 'close')
      a.close()
      const { error } = await errored
      assert.equal(error.name, 'OperationError')
      assert.equal(error.errorDetail, 'sctp-failure')
      await closed
      assert.deepEqual(log, ['error', 'close'])
      await until(b, 'connectionstatechange', () => b.connectionState === 'failed')
      assert.equal(b.sctp!.state, 'closed')
      assert.equal(b.sctp!.transport.state, 'closed')
    })

    it('makes methods reject with InvalidStateError', async () => {
      const pc = new RTCPeerConnection()
      pc.close()
      const rejects = { name: 'InvalidStateError', constructor: DOMException }
      await assert.rejects(pc.createOffer(), rejects)
      await assert.rejects(pc.createAnswer(), rejects)
      await assert.rejects(pc.setLocalDescription(), rejects)
      await assert.rejects(pc.setRemoteDescription({ type: 'offer', sdp: '' }), rejects)
      await assert.rejects(pc.addIceCandidate({ candidate: '', sdpMid: '0' }), rejects)
      assert.throws(() => pc.createDataChannel('x'), rejects)
      assert.throws(() => {
        pc.setConfiguration({})
      }, rejects)
    })

    it('leaves no socket, timer or listener, whenever it comes', async () => {
      await assertNoLeaks(async () => {
        const { a, b } = await connectPair()
        a.close()
        b.close()
      })
      await assertNoLeaks(async () => {
        const { a, b } = createPair()
        a.createDataChannel('x')
        await a.setLocalDescription()
        a.close()
        b.close()
      })
      await assertNoLeaks(async () => {
        const { a, b } = createPair()
        a.createDataChannel('x')
        await negotiate(a, b)
        a.close()
        b.close()
      })
    })
  })

  describe('certificates', () => {
    it('are generated for ECDSA P-256 only', async () => {
      const certificate = await RTCPeerConnection.generateCertificate({
        name: 'ECDSA',
        namedCurve: 'P-256'
      } as AlgorithmIdentifier)
      assert.ok(certificate.expires > Date.now())
      const [fingerprint] = certificate.getFingerprints()
      assert.equal(fingerprint.algorithm, 'sha-256')
      await assert.rejects(RTCPeerConnection.generateCertificate('RSASSA-PKCS1-v1_5'), {
        name: 'NotSupportedError'
      })
      const pc = new RTCPeerConnection({ certificates: [certificate] })
      pc.createDataChannel('x')
      const { sdp } = await pc.createOffer()
      assert.ok(sdp!.toLowerCase().includes(fingerprint.value!.toLowerCase()))
      assert.equal(pc.getConfiguration().certificates![0], certificate)
      pc.close()
    })

    it('must not have expired', async () => {
      const algorithm = { name: 'ECDSA', namedCurve: 'P-256', expires: 0 } as AlgorithmIdentifier
      const certificate = await RTCPeerConnection.generateCertificate(algorithm)
      assert.throws(() => new RTCPeerConnection({ certificates: [certificate] }), {
        name: 'InvalidAccessError'
      })
    })
  })

  describe('configuration', () => {
    it('is validated, and the error names the entry', () => {
      assert.throws(() => new RTCPeerConnection({ iceServers: [{ urls: 'http://x' }] }), /iceServers\[0\]/)
    })

    it('comes back with its defaults', () => {
      const pc = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:3478' }] })
      const { iceServers, iceTransportPolicy, bundlePolicy, iceCandidatePoolSize } = pc.getConfiguration()
      assert.deepEqual(iceServers, [{ urls: ['stun:127.0.0.1:3478'] }])
      assert.deepEqual([iceTransportPolicy, bundlePolicy, iceCandidatePoolSize], ['all', 'balanced', 0])
      pc.setConfiguration({ iceTransportPolicy: 'relay' })
      assert.equal(pc.getConfiguration().iceTransportPolicy, 'relay')
      assert.throws(
        () => {
          pc.setConfiguration({ bundlePolicy: 'max-bundle' })
        },
        { name: 'InvalidModificationError' }
      )
      pc.close()
    })
  })

  it('can be handled by on… attributes, which keep their place among the listeners', () => {
    const pc = new RTCPeerConnection()
    const log: string[] = []
    assert.equal(pc.onsignalingstatechange, null)
    pc.onsignalingstatechange = () => log.push('first')
    pc.addEventListener('signalingstatechange', () => log.push('second'))
    pc.onsignalingstatechange = () => log.push('replaced')
    pc.dispatchEvent(new Event('signalingstatechange'))
    assert.deepEqual(log, ['replaced', 'second'])
    pc.onsignalingstatechange = null
    pc.dispatchEvent(new Event('signalingstatechange'))
    assert.deepEqual(log, ['replaced', 'second', 'second'])
    pc.close()
  })
})

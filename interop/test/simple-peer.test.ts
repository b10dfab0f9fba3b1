import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { RTCIceCandidate, RTCPeerConnection, RTCSessionDescription } from '@hearsay/webrtc'
import { afterEach, describe, it } from 'mocha'
import SimplePeer from 'simple-peer'

/** What simple-peer asks for where there is no browser. */
const wrtc = {
  RTCPeerConnection,
  RTCSessionDescription,
  RTCIceCandidate
} as unknown as SimplePeer.Options['wrtc']

/** simple-peer brings public STUN servers as its default; here nobody is asked. */
const config: RTCConfiguration = { iceServers: [] }

describe('simple-peer, unchanged, on @hearsay/webrtc', () => {
  const peers: SimplePeer.Instance[] = []

  function connect(options: SimplePeer.Options = {}): [SimplePeer.Instance, SimplePeer.Instance] {
    const initiator = new SimplePeer({ wrtc, config, initiator: true, iceCompleteTimeout: 200, ...options })
    const other = new SimplePeer({ wrtc, config, iceCompleteTimeout: 200, ...options })
    peers.push(initiator, other)
    // Through JSON, as every signaling server would.
    initiator.on('signal', (data) => other.signal(JSON.parse(JSON.stringify(data)) as SimplePeer.SignalData))
    other.on('signal', (data) => initiator.signal(JSON.parse(JSON.stringify(data)) as SimplePeer.SignalData))
    return [initiator, other]
  }

  afterEach(() => {
    for (const peer of peers.splice(0)) peer.destroy()
  })

  for (const trickle of [true, false]) {
    it(`connects and carries messages both ways, ${trickle ? 'with' : 'without'} trickle`, async () => {
      const [initiator, other] = connect({ trickle })
      await Promise.all([once(initiator, 'connect'), once(other, 'connect')])
      const heard = Promise.all([once(initiator, 'data'), once(other, 'data')])
      initiator.send('from the initiator')
      other.send(Uint8Array.of(1, 2, 3))
      assert.deepEqual(
        (await heard).map(([data]) => [...(data as Buffer)]),
        [[1, 2, 3], [...Buffer.from('from the initiator')]]
      )
    })
  }

  it('pipes a stream with its own backpressure', async () => {
    const [initiator, other] = connect()
    const content = randomBytes(4 << 20)
    const hash = createHash('sha256')
    let length = 0
    const complete = new Promise<void>((resolve, reject) => {
      other.on('error', reject)
      other.on('data', (data: Buffer) => {
        hash.update(data)
        length += data.length
        if (length >= content.length) resolve()
      })
    })
    await once(initiator, 'connect')
    for (let at = 0; at < content.length; at += 65_536) {
      if (!initiator.write(content.subarray(at, at + 65_536))) await once(initiator, 'drain')
    }
    await complete
    assert.equal(hash.digest('hex'), createHash('sha256').update(content).digest('hex'))
  })

  it('tells text from binary in object mode', async () => {
    const [initiator, other] = connect({ objectMode: true })
    await Promise.all([once(initiator, 'connect'), once(other, 'connect')])
    initiator.send('grüße 🦀')
    assert.deepEqual(await once(other, 'data'), ['grüße 🦀'])
  })

  it('finds the addresses of the selected pair in the statistics', async () => {
    const [initiator] = connect()
    await once(initiator, 'connect')
    // Members that simple-peer documents and its types lack.
    const { remoteAddress, remotePort, localAddress, localPort } = initiator as unknown as Record<
      string,
      unknown
    >
    for (const address of [remoteAddress, localAddress]) assert.notEqual(isIP(String(address)), 0)
    for (const port of [remotePort, localPort]) assert.ok(Number(port) > 0)
  })

  it('closes the other side too', async () => {
    const [initiator, other] = connect()
    await Promise.all([once(initiator, 'connect'), once(other, 'connect')])
    // As with Chromium, an association that the other side aborts is an error of its channels first.
    other.on('error', () => {})
    initiator.destroy()
    await new Promise((resolve) => other.once('close', resolve))
    assert.equal(other.destroyed, true)
  })
})

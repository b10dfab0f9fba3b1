import assert from 'node:assert/strict'
import { once } from 'node:events'
import { leakCheck } from '@hearsay/testing/leaks'
import { identify } from '@libp2p/identify'
import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { overlayAddress, readOverlayAddress } from '../src/transport/overlay-address.ts'
import { SessionConnection } from '../src/transport/session-connection.ts'
import { linkLabel, linkOf } from '../src/transport/session-links.ts'
import { connectedPair } from './support/session-node.ts'
import type { LinkChannel } from '../src/transport/session-links.ts'
import type { SessionNode } from './support/session-node.ts'
import type { Connection } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'

const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'

async function libp2pOf(node: SessionNode): Promise<Libp2p> {
  return createLibp2p({ ...node.libp2p, services: { identify: identify() } })
}

function dial(from: SessionNode, to: SessionNode, signal = AbortSignal.timeout(5_000)): Promise<Connection> {
  return from.transport.connect(to.peerId, signal)
}

describe('addresses of links', () => {
  it('say the link and the peer, as text and as bytes', () => {
    const address = overlayAddress(PEER)
    assert.equal(address.toString(), `/hearsay/overlay/p2p/${PEER}`)
    assert.deepEqual(readOverlayAddress(multiaddr(address.bytes)), { link: 'overlay', peerId: PEER })
  })

  it('are no other addresses', () => {
    for (const text of [
      '/ip4/192.0.2.1/tcp/1',
      `/p2p/${PEER}`,
      `/hearsay/a/p2p/${PEER}/p2p-circuit`,
      '/hearsay/a/tcp/1'
    ]) {
      assert.equal(readOverlayAddress(multiaddr(text)), undefined, text)
    }
    assert.throws(() => multiaddr('/hearsay/Not%20a%20name'), /is not the name of a link/)
  })

  it('name links that labels of channels give back', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9-]{1,16}$/), (link) => {
        assert.equal(linkOf(linkLabel(link)), link)
        assert.ok(linkLabel(link).length <= 64)
      })
    )
    assert.equal(linkOf('default'), undefined)
  })
})

describe('links over sessions', () => {
  let nodes: [SessionNode, SessionNode]
  let hosts: Libp2p[]
  let leaks: ReturnType<typeof leakCheck>

  beforeEach(async () => {
    leaks = leakCheck()
    nodes = await connectedPair()
    hosts = [await libp2pOf(nodes[0]), await libp2pOf(nodes[1])]
  })

  afterEach(async () => {
    for (const host of hosts) await host.stop()
    await Promise.all(nodes.map((node) => node.close()))
    await leaks.done()
  })

  /** Both ends of a new link. */
  async function link(): Promise<[Connection, Connection]> {
    await nodes[1].transport.listen()
    const inbound = new Promise<Connection>((resolve) =>
      hosts[1].addEventListener('connection:open', ({ detail }) => resolve(detail), { once: true })
    )
    return [await dial(...nodes), await inbound]
  }

  it('become connections of libp2p to the peer that the session has proven', async () => {
    const [connection, inbound] = await link()
    assert.equal(connection.remotePeer.toString(), nodes[1].peerId)
    assert.equal(connection.multiplexer, '/yamux/1.0.0')
    assert.equal(inbound.remoteAddr.toString(), `/hearsay/overlay/p2p/${nodes[0].peerId}`)
    assert.deepEqual(hosts[1].getMultiaddrs(), [], 'nothing of it is announced')
  })

  it('end with their session, on both sides', async () => {
    const ended = (await link()).map((end) => once(end, 'close'))
    await nodes[0].sessions.get(nodes[1].peerId)!.close()
    await Promise.all(ended)
    assert.deepEqual(
      hosts.map((host) => host.getConnections().length),
      [0, 0]
    )
  })

  it('end on the other side when one side aborts', async () => {
    const [connection, inbound] = await link()
    const ended = once(inbound, 'close')
    connection.abort(new Error('enough'))
    await ended
    assert.equal(nodes[0].sessions.get(nodes[1].peerId)!.state.name, 'connected')
  })

  it('may follow one another on one session', async () => {
    await nodes[1].transport.listen()
    for (let round = 0; round < 5; round++) await (await dial(...nodes)).close()
    const connection = await dial(...nodes)
    assert.equal(connection.status, 'open')
  })

  it('cannot be where no session is', async () => {
    const [a, b] = nodes
    await a.sessions.get(b.peerId)!.close()
    await assert.rejects(dial(a, b), { code: 'ERR_NO_SESSION', peerId: b.peerId })
  })

  it('come to nothing where nobody listens', async () => {
    await assert.rejects(dial(...nodes), { code: 'ERR_LINK_REFUSED' })
    assert.deepEqual(
      nodes[0].sessions.get(nodes[1].peerId)!.channels.map(({ label }) => label),
      ['default']
    )
  })

  it('are answered by one listener a name', async () => {
    const listener = await nodes[1].transport.listen()
    await assert.rejects(nodes[1].transport.listen(), { code: 'ERR_LINK_IN_USE' })
    await listener.close()
    await nodes[1].transport.listen()
  })

  it('are given up when the signal aborts', async () => {
    const [a, b] = nodes
    await b.transport.listen()
    await assert.rejects(dial(a, b, AbortSignal.abort(new Error('no more'))), { message: 'no more' })
  })

  it('let a writer wait while the reader does not read, and lose nothing', async () => {
    const [a, b] = nodes
    const label = 'pressure'
    const opened = new Promise<LinkChannel>((resolve) => {
      b.transport.accept = (_peerId, channel) => {
        resolve(channel)
        return true
      }
    })
    const channel = a.sessions.get(b.peerId)!.channel<Uint8Array>(label, { codec: 'bytes' })
    const init = { remoteAddr: overlayAddress(b.peerId), log: defaultLogger().forComponent('test') }
    const writer = new SessionConnection({ ...init, channel, direction: 'outbound' })
    const reader = new SessionConnection({ ...init, channel: await opened, direction: 'inbound' })
    reader.accept()
    await writer.waitForAccept(AbortSignal.timeout(5_000))
    let received = 0
    reader.addEventListener('message', ({ data }) => (received += data.byteLength))
    reader.pause()
    let sent = 0
    const chunk = 100_000
    // The window of the channel and the buffers below take some of it, and then no more.
    do sent += chunk
    while (writer.send(new Uint8Array(chunk)) || (await drained(writer)))
    assert.ok(sent < 8_000_000, String(sent))
    reader.resume()
    await writer.close()
    if (reader.status === 'open') await once(reader, 'close')
    assert.equal(received, sent)
  })
})

/** Whether the writer may go on, or has waited in vain for as long as buffers on one machine take to empty. */
async function drained(writer: SessionConnection): Promise<boolean> {
  try {
    await once(writer, 'drain', { signal: AbortSignal.timeout(500) })
    return true
  } catch {
    return false
  }
}

import assert from 'node:assert/strict'
import { createDhtNode, createMesh, type Mesh, type MeshPeer } from 'hearsay'
import { after, before, describe, it } from 'mocha'
import type { Browser } from 'playwright-core'
import { requirement } from '../../test/support/requirements.ts'
import { launchChromium } from '../support/chromium.ts'
import { PageServer } from '../support/page-server.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0']

const webSocketOf = ({ addresses }: { readonly addresses: readonly string[] }): string =>
  addresses.find((address) => address.includes('/ws/')) ?? assert.fail()

describe('A page in Chromium that was told of a DHT node only', function () {
  this.timeout(60_000)
  const running = new AsyncDisposableStack()
  let browser: Browser
  let server: PageServer

  before(async function () {
    const chromium = requirement(this, 'chromium')
    server = running.use(await PageServer.start(new URL('../support/page-mesh.ts', import.meta.url)))
    browser = running.use(await launchChromium(chromium))
  })

  after(async () => {
    await running.disposeAsync()
  })

  it('finds a member that was told of another one only, and talks to it', async () => {
    await using first = await createDhtNode({ listen: LISTEN })
    await using second = await createDhtNode({ listen: LISTEN, bootstrap: first.addresses })
    await using member = await createMesh({
      room: 'kitchen',
      listen: LISTEN,
      dht: { bootstrap: first.addresses }
    })
    const page = await browser.newPage()
    await page.goto(server.url, { waitUntil: 'load' })
    const options = { room: 'kitchen', identity: 'dht', dht: { bootstrap: webSocketOf(second) } }
    const pageId = await page.evaluate<string>(`joinMesh(${JSON.stringify(options)})`)
    const peer = await connected(member, pageId)
    assert.deepEqual(await peer.request('greet', { text: 'hello' }), { text: 'The page says: hello' })
    await page.evaluate('leaveMesh()')
    await page.close()
  })

  it('is told that it cannot look for members on the local network', async () => {
    const page = await browser.newPage()
    await page.goto(server.url, { waitUntil: 'load' })
    const joining = page.evaluate(`joinMesh({ room: 'kitchen', identity: 'mdns', mdns: true })`)
    await assert.rejects(joining, /"mdns" must be false in a page/)
    await page.close()
  })
})

/** The mesh's connection to a peer, once there is one. */
async function connected(mesh: Mesh, peerId: string): Promise<MeshPeer> {
  const peer = mesh.peer(peerId)
  if (peer !== undefined) return peer
  return new Promise((resolve) => {
    mesh.addEventListener('peer:connected', ({ detail }) => {
      if (detail.peerId === peerId) resolve(detail)
    })
  })
}

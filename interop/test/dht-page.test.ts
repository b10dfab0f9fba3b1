import assert from 'node:assert/strict'
import { createDhtNode, createMesh } from 'hearsay'
import { after, before, describe, it } from 'mocha'
import { requirement } from '../../test/support/requirements.ts'
import { connectedPeer } from '../support/connected-peer.ts'
import { MeshBrowser } from '../support/mesh-browser.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0']

const webSocketOf = ({ addresses }: { readonly addresses: readonly string[] }): string =>
  addresses.find((address) => address.includes('/ws/')) ?? assert.fail()

describe('A page in Chromium that was told of a DHT node only', function () {
  this.timeout(60_000)
  const running = new AsyncDisposableStack()
  let browser: MeshBrowser

  before(async function () {
    browser = running.use(await MeshBrowser.start(requirement(this, 'chromium')))
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
    await using page = await browser.open()
    const pageId = await page.call('joinMesh', {
      room: 'kitchen',
      identity: 'dht',
      dht: { bootstrap: webSocketOf(second) }
    })
    const peer = await connectedPeer(member, pageId)
    assert.deepEqual(await peer.request('greet', { text: 'hello' }), { text: 'The page says: hello' })
    await page.call('leaveMesh')
  })

  it('is told that it cannot look for members on the local network', async () => {
    await using page = await browser.open()
    const joining = page.call('joinMesh', { room: 'kitchen', identity: 'mdns', mdns: true })
    await assert.rejects(joining, /"mdns" must be false in a page/)
  })
})

import assert from 'node:assert/strict'
import { createMesh, type Mesh } from 'hearsay'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'
import { requirement } from '../../test/support/requirements.ts'
import { connectedPeer } from '../support/connected-peer.ts'
import { MeshBrowser, type DrivenMeshPage } from '../support/mesh-browser.ts'

/** Reached from the page by WebSocket. */
const DOOR = ['/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0']

/** Out of the page's reach: a page speaks no TCP, and nobody can dial a page. */
const INNER = ['/ip4/127.0.0.1/tcp/0']

describe('A page in Chromium that joins the mesh over a WebSocket', function () {
  this.timeout(60_000)
  const running = new AsyncDisposableStack()
  let browser: MeshBrowser
  let page: DrivenMeshPage
  const members: Mesh[] = []

  before(async function () {
    browser = running.use(await MeshBrowser.start(requirement(this, 'chromium')))
  })

  beforeEach(async () => {
    page = await browser.open()
  })

  afterEach(async () => {
    await page[Symbol.asyncDispose]()
    await Promise.all(members.splice(0).map((mesh) => mesh.close()))
  })

  after(async () => {
    await running.disposeAsync()
  })

  /** A line of members: each was told only of the one before it, and the page is told of the first. */
  async function startLine(room: string): Promise<void> {
    for (const listen of [DOOR, INNER, INNER]) {
      const mesh = await createMesh({ room, listen, bootstrap: members.at(-1)?.addresses.slice(0, 1) ?? [] })
      mesh.handle<{ text: string }>('greet', ({ text }) => ({ text: `${mesh.peerId} says: ${text}` }))
      members.push(mesh)
    }
  }

  function join(room: string): Promise<string> {
    const bootstrap = members[0].addresses.find((address) => address.includes('/ws/')) ?? assert.fail()
    return page.call('joinMesh', { room, bootstrap, identity: 'interop' })
  }

  async function assertEverybodyTalks(pageId: string): Promise<void> {
    for (const [index, mesh] of members.entries()) {
      const { answer, path } = await page.call('askPeer', { peerId: mesh.peerId, text: 'grüße 🦀' })
      assert.deepEqual(answer, { text: `${mesh.peerId} says: grüße 🦀` })
      // Only the first is an overlay neighbour of the page.
      if (index > 0) assert.notEqual(path, 'direct')
      const peer = await connectedPeer(mesh, pageId)
      assert.deepEqual(await peer.request('greet', { text: 'hello' }), { text: 'The page says: hello' })
    }
  }

  it('opens sessions with every member, also where no overlay connection can be', async () => {
    await startLine('page')
    await assertEverybodyTalks(await join('page'))
  })

  it('comes back as itself after a reload, from IndexedDB', async () => {
    await startLine('reload')
    const first = await join('reload')
    await assertEverybodyTalks(first)
    await page.reload()
    assert.equal(await join('reload'), first)
    await assertEverybodyTalks(first)
  })

  it('says goodbye: members see the connection end with the reason', async () => {
    await startLine('goodbye')
    const pageId = await join('goodbye')
    await assertEverybodyTalks(pageId)
    const ends = members.map(
      (mesh) =>
        new Promise<string>((resolve) => {
          mesh.addEventListener('peer:disconnected', ({ detail: { peer, reason } }) => {
            if (peer.peerId === pageId) resolve(reason.code)
          })
        })
    )
    await page.call('leaveMesh')
    assert.deepEqual(new Set(await Promise.all(ends)), new Set(['shutdown']))
  })
})

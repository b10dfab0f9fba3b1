import assert from 'node:assert/strict'
import { createMesh, type Mesh, type MeshPeer } from 'hearsay'
import { after, afterEach, before, describe, it } from 'mocha'
import type { BrowserContext, Page } from 'playwright-core'
import { requirement } from '../../test/support/requirements.ts'
import { launchChromium } from '../support/chromium.ts'
import type { MeshPage, PageAnswer } from '../support/page-mesh.ts'
import { PageServer } from '../support/page-server.ts'

/** Reached from the page by WebSocket. */
const DOOR = ['/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0']

/** Out of the page's reach: a page speaks no TCP, and nobody can dial a page. */
const INNER = ['/ip4/127.0.0.1/tcp/0']

describe('A page in Chromium that joins the mesh over a WebSocket', function () {
  this.timeout(60_000)
  const running = new AsyncDisposableStack()
  let server: PageServer
  let context: BrowserContext
  let page: Page
  const members: Mesh[] = []

  before(async function () {
    const chromium = requirement(this, 'chromium')
    server = running.use(await PageServer.start(new URL('../support/page-mesh.ts', import.meta.url)))
    const browser = running.use(await launchChromium(chromium))
    context = await browser.newContext()
  })

  afterEach(async () => {
    await page.close()
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

  async function openPage(): Promise<void> {
    page = await context.newPage()
    await page.goto(server.url, { waitUntil: 'load' })
  }

  function call<Name extends keyof MeshPage>(
    name: Name,
    ...args: Parameters<MeshPage[Name]>
  ): ReturnType<MeshPage[Name]> {
    return page.evaluate(`${name}(${JSON.stringify(args[0]) ?? ''})`) as ReturnType<MeshPage[Name]>
  }

  function join(room: string): Promise<string> {
    const bootstrap = members[0].addresses.find((address) => address.includes('/ws/')) ?? assert.fail()
    return call('joinMesh', { room, bootstrap, identity: 'interop' })
  }

  async function assertEverybodyTalks(pageId: string): Promise<void> {
    for (const [index, mesh] of members.entries()) {
      const { answer, path }: PageAnswer = await call('askPeer', { peerId: mesh.peerId, text: 'grüße 🦀' })
      assert.deepEqual(answer, { text: `${mesh.peerId} says: grüße 🦀` })
      // Only the first is an overlay neighbour of the page.
      if (index > 0) assert.notEqual(path, 'direct')
      const peer = await connected(mesh, pageId)
      assert.deepEqual(await peer.request('greet', { text: 'hello' }), { text: 'The page says: hello' })
    }
  }

  it('opens sessions with every member, also where no overlay connection can be', async () => {
    await startLine('page')
    await openPage()
    await assertEverybodyTalks(await join('page'))
  })

  it('comes back as itself after a reload, from IndexedDB', async () => {
    await startLine('reload')
    await openPage()
    const first = await join('reload')
    await assertEverybodyTalks(first)
    await page.reload({ waitUntil: 'load' })
    assert.equal(await join('reload'), first)
    await assertEverybodyTalks(first)
  })

  it('says goodbye: members see the connection end with the reason', async () => {
    await startLine('goodbye')
    await openPage()
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
    await call('leaveMesh')
    assert.deepEqual(new Set(await Promise.all(ends)), new Set(['shutdown']))
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

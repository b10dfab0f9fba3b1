import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { OverlayMember, until } from '../../test/support/overlay-member.ts'
import { requirement } from '../../test/support/requirements.ts'
import { MeshBrowser, type DrivenMeshPage } from '../support/mesh-browser.ts'

const ROOM = 'two-pages'

describe('Two pages in Chromium', function () {
  this.timeout(120_000)

  it('keep each other when the member that they entered through is killed, and meet who takes its place', async function () {
    const chromium = requirement(this, 'chromium')
    await using running = new AsyncDisposableStack()
    const browser = running.use(await MeshBrowser.start(chromium))
    const entry = running.use(await OverlayMember.start(ROOM))
    const { addresses } = await entry.event('ready')
    // Without its peer ID: another member will answer there.
    const door =
      addresses.find((address) => address.includes('/ws/'))?.replace(/\/p2p\/.*/, '') ?? assert.fail()

    const pages: { readonly page: DrivenMeshPage; readonly peerId: string }[] = []
    for (const identity of ['first', 'second']) {
      const page = await browser.open()
      pages.push({ page, peerId: await page.call('joinMesh', { room: ROOM, bootstrap: door, identity }) })
    }
    const [first, second] = pages as [(typeof pages)[0], (typeof pages)[0]]
    const talk = (): Promise<unknown> =>
      first.page.call('askPeer', { peerId: second.peerId, text: 'are you there?' })
    await talk()

    await entry[Symbol.asyncDispose]()
    const successor = running.use(await OverlayMember.start(ROOM))
    await successor.listen(door)
    await until(() => pages.every(({ peerId }) => successor.connected.has(peerId)))

    await talk()
    for (const { page } of pages) {
      const lost = await page.call('lostPeers')
      assert.ok(
        pages.every(({ peerId }) => !lost.includes(peerId)),
        'the pages have lost each other'
      )
    }
  })
})

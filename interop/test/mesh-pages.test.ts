import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Page } from 'playwright-core'
import { OverlayMember, until } from '../../test/support/overlay-member.ts'
import { requirement } from '../../test/support/requirements.ts'
import { launchChromium } from '../support/chromium.ts'
import type { MeshPage } from '../support/page-mesh.ts'
import { PageServer } from '../support/page-server.ts'

const ROOM = 'two-pages'

function call<Name extends keyof MeshPage>(
  page: Page,
  name: Name,
  ...args: Parameters<MeshPage[Name]>
): ReturnType<MeshPage[Name]> {
  return page.evaluate(`${name}(${JSON.stringify(args[0]) ?? ''})`) as ReturnType<MeshPage[Name]>
}

describe('Two pages in Chromium', function () {
  this.timeout(120_000)

  it('keep each other when the member that they entered through is killed, and meet who takes its place', async function () {
    const chromium = requirement(this, 'chromium')
    await using running = new AsyncDisposableStack()
    const server = running.use(await PageServer.start(new URL('../support/page-mesh.ts', import.meta.url)))
    const browser = running.use(await launchChromium(chromium))
    const context = await browser.newContext()
    const entry = running.use(await OverlayMember.start(ROOM))
    const { addresses } = await entry.event('ready')
    // Without its peer ID: another member will answer there.
    const door =
      addresses.find((address) => address.includes('/ws/'))?.replace(/\/p2p\/.*/, '') ?? assert.fail()

    const pages: { readonly page: Page; readonly peerId: string }[] = []
    for (const identity of ['first', 'second']) {
      const page = await context.newPage()
      await page.goto(server.url, { waitUntil: 'load' })
      pages.push({ page, peerId: await call(page, 'joinMesh', { room: ROOM, bootstrap: door, identity }) })
    }
    const [first, second] = pages as [(typeof pages)[0], (typeof pages)[0]]
    const talk = (): Promise<unknown> =>
      call(first.page, 'askPeer', { peerId: second.peerId, text: 'are you there?' })
    await talk()

    await entry[Symbol.asyncDispose]()
    const successor = running.use(await OverlayMember.start(ROOM))
    await successor.listen(door)
    await until(() => pages.every(({ peerId }) => successor.connected.has(peerId)))

    await talk()
    for (const { page } of pages) {
      const lost = await call(page, 'lostPeers')
      assert.ok(
        pages.every(({ peerId }) => !lost.includes(peerId)),
        'the pages have lost each other'
      )
    }
  })
})

import type { BrowserContext, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import type { MeshPage } from './page-mesh.ts'
import { PageServer } from './page-server.ts'

/** Headless Chromium for pages that run `page-mesh.ts`. They share one IndexedDB. */
export class MeshBrowser implements AsyncDisposable {
  readonly #context: BrowserContext
  readonly #server: PageServer
  readonly #running: AsyncDisposableStack

  private constructor(context: BrowserContext, server: PageServer, running: AsyncDisposableStack) {
    this.#context = context
    this.#server = server
    this.#running = running
  }

  static async start(executablePath: string): Promise<MeshBrowser> {
    await using starting = new AsyncDisposableStack()
    const server = starting.use(await PageServer.start(new URL('./page-mesh.ts', import.meta.url)))
    const browser = starting.use(await launchChromium(executablePath))
    return new MeshBrowser(await browser.newContext(), server, starting.move())
  }

  async open(): Promise<DrivenMeshPage> {
    const page = await this.#context.newPage()
    await page.goto(this.#server.url, { waitUntil: 'load' })
    return new DrivenMeshPage(page)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.disposeAsync()
  }
}

/** One page, as a test sees it. */
export class DrivenMeshPage implements AsyncDisposable {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  call<Name extends keyof MeshPage>(
    name: Name,
    ...args: Parameters<MeshPage[Name]>
  ): ReturnType<MeshPage[Name]> {
    return this.#page.evaluate(`${name}(${JSON.stringify(args[0]) ?? ''})`) as ReturnType<MeshPage[Name]>
  }

  async reload(): Promise<void> {
    await this.#page.reload({ waitUntil: 'load' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.close()
  }
}

import puppeteer from 'puppeteer-core'
import { launchChromium } from './chromium.ts'
import type { PeerPage } from './page-peer.ts'
import { PageServer } from './page-server.ts'
import type { PeerHost, Stack } from './peer-host.ts'
import type { PeerOutput } from './plan.ts'

const PAGE = new URL('./page-peer.ts', import.meta.url)

/** What the two drivers' browsers have in common. */
interface DrivenBrowser {
  newPage(): Promise<DrivenPage>
  close(): Promise<void>
}

interface DrivenPage {
  goto(url: string, options: { waitUntil: 'load' }): Promise<unknown>
  evaluate(expression: string): Promise<unknown>
  close(): Promise<void>
}

/** A headless browser, each peer in a page of its own. */
export class BrowserStack implements Stack {
  readonly name: string
  readonly #browser: DrivenBrowser
  readonly #server: PageServer
  readonly #running: AsyncDisposableStack

  private constructor(
    name: string,
    browser: DrivenBrowser,
    server: PageServer,
    running: AsyncDisposableStack
  ) {
    this.name = name
    this.#browser = browser
    this.#server = server
    this.#running = running
  }

  static chromium(executablePath: string): Promise<BrowserStack> {
    return BrowserStack.#start('Chromium', () => launchChromium(executablePath))
  }

  static firefox(executablePath: string): Promise<BrowserStack> {
    return BrowserStack.#start('Firefox', () =>
      puppeteer.launch({
        browser: 'firefox',
        executablePath,
        headless: true,
        // A page may have nothing to tell for as long as a test takes.
        protocolTimeout: 0,
        extraPrefsFirefox: {
          'media.peerconnection.ice.loopback': true,
          'media.peerconnection.ice.obfuscate_host_addresses': false
        }
      })
    )
  }

  static async #start(name: string, launch: () => Promise<DrivenBrowser>): Promise<BrowserStack> {
    await using starting = new AsyncDisposableStack()
    const server = starting.use(await PageServer.start(PAGE))
    const browser = starting.adopt(await launch(), (launched) => launched.close())
    return new BrowserStack(name, browser, server, starting.move())
  }

  async open(): Promise<PeerHost> {
    const page = await this.#browser.newPage()
    await page.goto(this.#server.url, { waitUntil: 'load' })
    return openPeer(page)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.disposeAsync()
  }
}

async function openPeer(page: DrivenPage): Promise<PeerHost> {
  const call = (name: keyof PeerPage, argument?: unknown): Promise<unknown> =>
    page.evaluate(`${name}(${JSON.stringify(argument) ?? ''})`)
  let closed = false
  const fail = (error: unknown): void => {
    if (!closed) host.onoutput({ type: 'failed', message: String(error) })
  }
  const host: PeerHost = {
    send: (input) => {
      call('sendToPeer', input).catch(fail)
    },
    onoutput: () => {},
    [Symbol.asyncDispose]: async () => {
      closed = true
      await page.close()
    }
  }
  await call('openPeer')
  listen(call, host).catch(fail)
  return host
}

/**
 * Asks the page again and again what its peer told. Functions of ours that a driver puts into a page would do it as
 * well, but puppeteer drops what fails on the way through them without a word, and does not promise the order.
 */
async function listen(call: (name: keyof PeerPage) => Promise<unknown>, host: PeerHost): Promise<never> {
  for (;;) {
    for (const output of JSON.parse((await call('takeOutputs')) as string) as PeerOutput[]) {
      host.onoutput(output)
    }
  }
}

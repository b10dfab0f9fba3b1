import type { Browser as ChromiumBrowser } from 'playwright-core'
import puppeteer, { type Browser as FirefoxBrowser } from 'puppeteer-core'
import { launchChromium } from './chromium.ts'
import type { PeerPage } from './page-peer.ts'
import { PageServer } from './page-server.ts'
import type { PeerHost, Stack } from './peer-host.ts'
import type { PeerOutput } from './plan.ts'

const PAGE = new URL('./page-peer.ts', import.meta.url)

/** What the two drivers' pages have in common. */
interface DrivenPage {
  exposeFunction(name: string, callback: (output: PeerOutput) => void): Promise<unknown>
  goto(url: string, options: { waitUntil: 'load' }): Promise<unknown>
  evaluate(expression: string): Promise<unknown>
  close(): Promise<void>
}

/** Headless Chromium, each peer in a page of its own. */
export class ChromiumStack implements Stack {
  readonly name = 'Chromium'
  readonly #browser: ChromiumBrowser
  readonly #server: PageServer

  private constructor(browser: ChromiumBrowser, server: PageServer) {
    this.#browser = browser
    this.#server = server
  }

  static async start(executablePath: string): Promise<ChromiumStack> {
    return new ChromiumStack(await launchChromium(executablePath), await PageServer.start(PAGE))
  }

  async open(configuration: RTCConfiguration = {}): Promise<PeerHost> {
    return openPage(await this.#browser.newPage(), this.#server.url, configuration)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close()
    await this.#server[Symbol.asyncDispose]()
  }
}

/** Headless Firefox, each peer in a page of its own. */
export class FirefoxStack implements Stack {
  readonly name = 'Firefox'
  readonly #browser: FirefoxBrowser
  readonly #server: PageServer

  private constructor(browser: FirefoxBrowser, server: PageServer) {
    this.#browser = browser
    this.#server = server
  }

  static async start(executablePath: string): Promise<FirefoxStack> {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath,
      headless: true,
      extraPrefsFirefox: {
        'media.peerconnection.ice.loopback': true,
        'media.peerconnection.ice.obfuscate_host_addresses': false
      }
    })
    return new FirefoxStack(browser, await PageServer.start(PAGE))
  }

  async open(configuration: RTCConfiguration = {}): Promise<PeerHost> {
    return openPage(await this.#browser.newPage(), this.#server.url, configuration)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close()
    await this.#server[Symbol.asyncDispose]()
  }
}

async function openPage(page: DrivenPage, url: string, configuration: RTCConfiguration): Promise<PeerHost> {
  const call = (name: keyof PeerPage, argument: unknown): Promise<unknown> =>
    page.evaluate(`${name}(${JSON.stringify(argument)})`)
  const host: PeerHost = {
    send: (input) => {
      call('sendToPeer', input).catch((error: unknown) =>
        host.onoutput({ type: 'failed', message: String(error) })
      )
    },
    onoutput: () => {},
    [Symbol.asyncDispose]: () => page.close()
  }
  await page.exposeFunction('onPeerOutput', (output) => host.onoutput(output))
  await page.goto(url, { waitUntil: 'load' })
  await call('openPeer', configuration)
  return host
}

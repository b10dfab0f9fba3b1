import { chromium, type Browser } from 'playwright-core'

/**
 * Headless Chromium that speaks to nobody but us: no background traffic; real addresses in place of mDNS names, and
 * loopback among them, so that a machine without any network will do.
 */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--allow-loopback-in-peer-connection',
      '--disable-features=WebRtcHideLocalIpsWithMdns'
    ]
  })
}

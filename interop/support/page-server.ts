import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build, type Plugin } from 'esbuild'

/** Serves one page that runs one bundled program, on 127.0.0.1: a secure context, so that `crypto.subtle` is there. */
export class PageServer implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** Bundles a module for a page, from the sources of the packages that it imports. */
  static async start(entry: URL, plugins: Plugin[] = []): Promise<PageServer> {
    const { outputFiles } = await build({
      entryPoints: [entry.pathname],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2024',
      conditions: ['browser', '@hearsay/source'],
      plugins
    })
    const script = outputFiles[0].text
    const server = createServer((request, response) => {
      if (request.url === '/program.js') response.setHeader('content-type', 'text/javascript').end(script)
      else if (request.url === '/') {
        response.setHeader('content-type', 'text/html')
        response.end('<!doctype html><meta charset="utf-8"><script type="module" src="/program.js"></script>')
      } else response.writeHead(404).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new PageServer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

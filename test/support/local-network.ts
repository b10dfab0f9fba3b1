import { execFileSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'

/** Names of interfaces have at most 15 characters, and several runs may share a machine: the process tells them apart. */
const PREFIX = `hs${process.pid % 100_000}`

let networks = 0

/**
 * A network of its own for one test: hosts in network namespaces, all plugged into one bridge, with no way out. Needs
 * `iproute2` and root.
 */
export class LocalNetwork implements Disposable {
  readonly #ip: string
  readonly #name = `${PREFIX}n${networks++}`
  /** Takes away every namespace that was made. */
  readonly #made = new DisposableStack()
  #hosts = 0

  /** @param ip the program `ip` */
  constructor(ip: string) {
    this.#ip = ip
    this.#addNamespace(this.#name)
    try {
      this.#run('-n', this.#name, 'link', 'add', 'switch', 'type', 'bridge')
      this.#run('-n', this.#name, 'link', 'set', 'switch', 'up')
    } catch (error) {
      this.#made.dispose()
      throw error
    }
  }

  /** Adds a host with the address 10.77.0.N, and gives the name of its namespace. */
  async addHost(): Promise<string> {
    const number = ++this.#hosts
    const host = `${this.#name}h${number}`
    const port = `port${number}`
    this.#addNamespace(host)
    this.#run('-n', host, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', this.#name)
    this.#run('-n', this.#name, 'link', 'set', port, 'master', 'switch', 'up')
    this.#run('-n', host, 'link', 'set', 'lo', 'up')
    this.#run('-n', host, 'address', 'add', `10.77.0.${number}/24`, 'dev', 'eth0')
    this.#run('-n', host, 'link', 'set', 'eth0', 'up')
    // As a host with a router has: multicast leaves by the default route.
    this.#run('-n', host, 'route', 'add', 'default', 'dev', 'eth0')
    // The kernel tells of a new cable a moment after it was plugged in; until then programs do not see its address.
    while (!this.#run('-n', host, 'link', 'show', 'dev', 'eth0').includes('state UP')) await setTimeout(20)
    return host
  }

  [Symbol.dispose](): void {
    this.#made.dispose()
  }

  #addNamespace(name: string): void {
    this.#run('netns', 'add', name)
    this.#made.defer(() => {
      this.#run('netns', 'delete', name)
    })
  }

  #run(...args: readonly string[]): string {
    return execFileSync(this.#ip, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  }
}

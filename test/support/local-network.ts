import { execFileSync } from 'node:child_process'

/** Names of interfaces have at most 15 characters, and several runs may share a machine: the process tells them apart. */
const PREFIX = `hs${process.pid % 100_000}`

let networks = 0

/**
 * A network of its own for one test: hosts in network namespaces, all plugged into one bridge, with no way out. Needs
 * `iproute2` and root.
 */
export class LocalNetwork implements Disposable {
  readonly #ip: string
  readonly #name: string
  readonly #hosts: string[] = []

  /** @param ip the program `ip` */
  constructor(ip: string) {
    this.#ip = ip
    this.#name = `${PREFIX}n${networks++}`
    this.#run('netns', 'add', this.#name)
    this.#run('-n', this.#name, 'link', 'add', 'switch', 'type', 'bridge')
    this.#run('-n', this.#name, 'link', 'set', 'switch', 'up')
  }

  /** Adds a host with the address 10.77.0.N, and gives the name of its namespace. */
  addHost(): string {
    const number = this.#hosts.length + 1
    const host = `${this.#name}h${number}`
    this.#run('netns', 'add', host)
    this.#hosts.push(host)
    const port = `port${number}`
    this.#run('-n', host, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', this.#name)
    this.#run('-n', this.#name, 'link', 'set', port, 'master', 'switch', 'up')
    this.#run('-n', host, 'link', 'set', 'lo', 'up')
    this.#run('-n', host, 'address', 'add', `10.77.0.${number}/24`, 'dev', 'eth0')
    this.#run('-n', host, 'link', 'set', 'eth0', 'up')
    // As a host with a router has: multicast leaves by the default route.
    this.#run('-n', host, 'route', 'add', 'default', 'dev', 'eth0')
    return host
  }

  [Symbol.dispose](): void {
    for (const namespace of [...this.#hosts.splice(0), this.#name]) this.#run('netns', 'delete', namespace)
  }

  #run(...args: readonly string[]): void {
    execFileSync(this.#ip, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }
}

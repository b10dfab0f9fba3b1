import { start, stop } from '@libp2p/interface'
import type { FoundPeer } from './found-peers.ts'
import type { Platform } from '../platform/platform.ts'
import type { HearsayComponents } from '../components.ts'
import type { PeerDiscovery, PeerInfo } from '@libp2p/interface'

/** Members on the local network: asks for them by multicast DNS (RFC 6762), and answers when others ask. */
export class LocalNetwork {
  readonly #components: HearsayComponents
  readonly #load: NonNullable<Platform['mdns']>
  readonly #serviceType: string
  readonly #onFound: (peer: FoundPeer) => void
  #starting: Promise<void> = Promise.resolve()
  #mdns: PeerDiscovery | undefined

  constructor(
    components: HearsayComponents,
    load: NonNullable<Platform['mdns']>,
    serviceType: string,
    onFound: (peer: FoundPeer) => void
  ) {
    this.#components = components
    this.#load = load
    this.#serviceType = serviceType
    this.#onFound = onFound
  }

  start(): Promise<void> {
    this.#starting = this.#start()
    return this.#starting
  }

  async stop(): Promise<void> {
    await this.#starting.catch(() => undefined)
    this.#mdns?.removeEventListener('peer', this.#onPeer)
    await stop(this.#mdns)
    this.#mdns = undefined
  }

  async #start(): Promise<void> {
    const mdns = await this.#load(this.#serviceType)
    this.#mdns = mdns(this.#components)
    this.#mdns.addEventListener('peer', this.#onPeer)
    await start(this.#mdns)
  }

  readonly #onPeer = ({ detail: { id, multiaddrs } }: CustomEvent<PeerInfo>): void => {
    const peerId = id.toString()
    this.#onFound({ peerId, addresses: multiaddrs.map((address) => `${address.toString()}/p2p/${peerId}`) })
  }
}

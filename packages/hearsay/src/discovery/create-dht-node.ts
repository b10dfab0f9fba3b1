import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { platform } from '#platform'
import { bareNode } from '../create-node.ts'
import { resolveIdentity } from '../identity/identity.ts'
import { resolveDhtNodeOptions } from '../options.ts'
import { startNode, waitForEntry } from '../start-node.ts'
import { DhtEntries } from './dht-entries.ts'
import { DhtEntrance } from './dht-entrance.ts'
import type { Identity } from '../identity/identity.ts'
import type { DhtNodeOptions, ResolvedNodeOptions } from '../options.ts'
import type { Identify } from '@libp2p/identify'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'

/** A node of the DHT in which rooms are found. It is in no room. */
export interface DhtNode extends AsyncDisposable {
  readonly peerId: string
  /** Where members and other DHT nodes reach it: what they take as `dht.bootstrap`, or as `bootstrap`. */
  readonly addresses: readonly string[]
  /** Leaves nothing behind. Idempotent. */
  close(): Promise<void>
}

interface DhtNodeServices extends Record<string, unknown> {
  identify: Identify
  ping: Ping
  dht: KadDHT
  entrance: DhtEntrance
}

/**
 * Runs a node of the DHT: it keeps members' records for an hour and answers who looks them up. It carries no traffic of
 * any room. Resolves when it listens and, with `bootstrap`, another DHT node has answered.
 *
 * @throws {UnknownOptionError} {InvalidOptionError} {InvalidMultiaddrError} an option cannot be meant
 * @throws {IdentityUnreadableError} {IdentityCorruptError} {IdentityKeyTypeError} {IdentityPermissionsError}
 *   {IdentityInUseError} the identity cannot be used
 * @throws {ListenError} a listen address cannot be opened
 * @throws {BootstrapError} nobody answers at the bootstrap addresses
 */
export async function createDhtNode(options: DhtNodeOptions = {}): Promise<DhtNode> {
  const resolved = resolveDhtNodeOptions(options)
  resolved.signal?.throwIfAborted()
  const identity = await resolveIdentity(resolved.identity, (where) => platform.openIdentity(where))
  try {
    return await startDhtNode(resolved, identity)
  } catch (error) {
    await identity.release()
    throw error
  }
}

async function startDhtNode(options: ResolvedNodeOptions, identity: Identity): Promise<DhtNode> {
  const { dhtServer } = await import('./dht-service.ts')
  const { dht, datastore, peerStore } = dhtServer()
  const node = await createLibp2p<DhtNodeServices>({
    ...bareNode({
      privateKey: identity.privateKey,
      listen: options.listen?.map(String),
      logger: options.logger,
      metrics: options.metrics
    }),
    datastore,
    peerStore,
    services: {
      identify: identify(),
      ping: ping(),
      dht,
      entrance: (components) => new DhtEntrance(new DhtEntries(components, options.bootstrap))
    }
  })
  const close = async (): Promise<void> => {
    try {
      await node.stop()
    } finally {
      await identity.release()
    }
  }
  try {
    await startNode(node, options.listen)
    await waitForEntry(node.services.entrance, options.bootstrap, options.bootstrapTimeoutMs, options.signal)
  } catch (error) {
    await close()
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    peerId: node.peerId.toString(),
    get addresses() {
      return node.getMultiaddrs().map(String)
    },
    // Asked a second time, libp2p would say that it is done while it still stops.
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close())
  }
}

import { platform } from '#platform'
import { checkRtcOptions } from './check-rtc-options.ts'
import { createNode } from './create-node.ts'
import { DhtClient } from './discovery/dht-client.ts'
import { DhtEntries } from './discovery/dht-entries.ts'
import { NodeRouting } from './discovery/routing-access.ts'
import { resolveIdentity } from './identity/identity.ts'
import { MeshNode } from './mesh-node.ts'
import { resolveMeshOptions } from './options.ts'
import { startNode, waitForEntry } from './start-node.ts'
import type { OwnComponents } from './components.ts'
import type { RoutingAccess } from './discovery/routing-access.ts'
import type { Identity } from './identity/identity.ts'
import type { Mesh } from './mesh.ts'
import type { MeshOptions, ResolvedMeshOptions } from './options.ts'

/**
 * Joins a room, on a libp2p node of its own. Resolves when the node listens and, with `bootstrap`, one of the addresses
 * has answered; connections come about from then on.
 *
 * @throws {UnknownOptionError} {InvalidOptionError} {InvalidMultiaddrError} {InvalidRoomError} an option cannot be meant
 * @throws {IdentityUnreadableError} {IdentityCorruptError} {IdentityKeyTypeError} {IdentityPermissionsError}
 *   {IdentityInUseError} the identity cannot be used
 * @throws {ListenError} a listen address cannot be opened
 * @throws {BootstrapError} nobody answers at the bootstrap addresses
 */
export async function createMesh(options: MeshOptions): Promise<Mesh> {
  const resolved = resolveMeshOptions(options)
  checkRtcOptions(resolved)
  resolved.signal?.throwIfAborted()
  const identity = await resolveIdentity(resolved.identity, (where) => platform.openIdentity(where))
  try {
    return await startMesh(resolved, identity)
  } catch (error) {
    await identity.release()
    throw error
  }
}

async function startMesh(options: ResolvedMeshOptions, identity: Identity): Promise<Mesh> {
  const node = await createNode({
    privateKey: identity.privateKey,
    listen: options.listen?.map(String),
    logger: options.logger,
    metrics: options.metrics,
    dhtServer: options.dhtServer,
    hearsay: (components) =>
      new MeshNode(components, options, {
        bootstrap: options.bootstrap,
        startTimeMs: identity.startTimeMs,
        routing: routingOf(components, options),
        stop: async () => {
          try {
            await node.stop()
          } finally {
            await identity.release()
          }
        }
      })
  })
  try {
    await startNode(node, options.listen)
    await waitForEntry(
      node.services.hearsay,
      [...options.bootstrap, ...options.dhtBootstrap],
      options.bootstrapTimeoutMs,
      options.signal
    )
  } catch (error) {
    await node.stop()
    throw error
  }
  return node.services.hearsay
}

function routingOf(components: OwnComponents, options: ResolvedMeshOptions): RoutingAccess | undefined {
  if (!options.dht) return undefined
  const entries = new DhtEntries(components, options.dhtBootstrap)
  return options.dhtServer ? new NodeRouting(components, entries) : new DhtClient(components, entries)
}

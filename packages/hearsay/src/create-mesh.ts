import { platform } from '#platform'
import { checkRtcOptions } from './check-rtc-options.ts'
import { createNode } from './create-node.ts'
import { withDeadline } from './deadline.ts'
import { BootstrapError, ListenError } from './errors.ts'
import { resolveIdentity } from './identity/identity.ts'
import { MeshNode } from './mesh-node.ts'
import { resolveMeshOptions } from './options.ts'
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
    hearsay: (components) =>
      new MeshNode(components, options, {
        bootstrap: options.bootstrap,
        stop: async () => {
          await node.stop()
          await identity.release()
        }
      })
  })
  try {
    await start(node, options)
    await enter(node.services.hearsay, options)
  } catch (error) {
    await node.stop()
    throw error
  }
  return node.services.hearsay
}

async function start(node: { start(): void | Promise<void> }, options: ResolvedMeshOptions): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnsupportedListenAddressesError') throw error
    throw new ListenError((options.listen ?? platform.defaultListen).map(String), error)
  }
}

/** Waits until a bootstrap address has answered; the mesh tries them meanwhile. */
async function enter(
  mesh: MeshNode,
  { bootstrap, bootstrapTimeoutMs, signal }: ResolvedMeshOptions
): Promise<void> {
  try {
    await withDeadline(bootstrapTimeoutMs, signal, (deadline) => settledOrAborted(mesh.entered, deadline))
  } catch {
    signal?.throwIfAborted()
    const failures = [...mesh.bootstrapFailures.values()]
    throw new BootstrapError(bootstrap.map(String), bootstrapTimeoutMs, new AggregateError(failures))
  }
}

function settledOrAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new Error('aborted', { cause: signal.reason }))
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(() => {
      resolve()
    }, reject)
  })
}

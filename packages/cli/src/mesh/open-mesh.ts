import type { Mesh, MeshOptions } from 'hearsay'
import { SupersededError, UsageError } from '../errors.ts'
import { secretOption } from '../options/secrets.ts'
import type { CommandContext } from '../command.ts'
import { parseIceServer } from './ice-server.ts'
import type { MESH_OPTIONS } from '../options/mesh-options.ts'

/** A mesh and how long the command is to use it. */
export interface OpenMesh extends AsyncDisposable {
  readonly mesh: Mesh
  /** Aborted when the command is to stop, or the mesh has stopped by itself. */
  readonly signal: AbortSignal
  /** @throws {SupersededError} the mesh has stopped by itself */
  throwIfSuperseded(): void
}

/**
 * Joins the mesh that the options describe.
 *
 * @throws {UsageError} no room was named, or options exclude each other
 */
export async function openMesh(context: CommandContext<typeof MESH_OPTIONS>): Promise<OpenMesh> {
  const options = meshOptions(context)
  // Loaded only now: help, versions and mistakes are answered at once.
  const { createMesh } = await import('hearsay')
  const mesh = await createMesh({ ...options, signal: context.signal })
  const superseded = new AbortController()
  mesh.addEventListener('superseded', () => {
    superseded.abort(new SupersededError())
  })
  return {
    mesh,
    signal: AbortSignal.any([context.signal, superseded.signal]),
    throwIfSuperseded: () => {
      superseded.signal.throwIfAborted()
    },
    [Symbol.asyncDispose]: () => mesh.close()
  }
}

function meshOptions(context: CommandContext<typeof MESH_OPTIONS>): MeshOptions {
  const { values } = context
  const { room, identity, listen, bootstrap, dht, 'dht-server': dhtServer } = values
  const invite = secretOption('invite', context)
  if ((room === undefined || room === '') && invite === undefined) {
    throw new UsageError('no room given; name one with --room, or give an --invite')
  }
  return withoutUndefined({
    room,
    invite,
    identity,
    bootstrap,
    dht: dht.length > 0 || dhtServer ? { bootstrap: dht, server: dhtServer } : undefined,
    mdns: values.mdns,
    listen: listen.length === 0 ? undefined : listen,
    password: secretOption('password', context),
    roomKey: secretOption('room-key', context),
    iceServers: values['ice-server'].map(parseIceServer),
    maxConnections: values['max-connections'],
    overlayDegree: values['overlay-degree']
  })
}

/** What was not given must not be there at all: the library's defaults stand. */
function withoutUndefined(options: {
  [Key in keyof MeshOptions]: MeshOptions[Key] | undefined
}): MeshOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

import { checkRtcOptions } from './check-rtc-options.ts'
import { MeshNode } from './mesh-node.ts'
import { resolveHearsayOptions } from './options.ts'
import type { HearsayComponents } from './components.ts'
import type { Mesh } from './mesh.ts'
import type { HearsayOptions } from './options.ts'

/**
 * The mesh as a service of a libp2p node: `services: { identify: identify(), pubsub: gossipsub(…), hearsay: hearsay({ room }) }`.
 * It starts and stops with the node, whose key must be Ed25519.
 *
 * @throws {UnknownOptionError} {InvalidOptionError} at once; the rest of what is wrong when the node is made or started
 */
export function hearsay(options: HearsayOptions): (components: HearsayComponents) => Mesh {
  const resolved = resolveHearsayOptions(options)
  checkRtcOptions(resolved)
  return (components) => new MeshNode(components, resolved)
}

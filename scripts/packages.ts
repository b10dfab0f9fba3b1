import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The root of the checkout. */
export const ROOT = join(import.meta.dirname, '..')

/** Packages in the order in which they build and may import each other: only those before, through their index. */
export const ORDER = ['sctp', 'webrtc', 'nat', 'signaling', 'session', 'hearsay', 'cli', 'testing']

export interface WorkspacePackage {
  readonly name: string
  readonly folder: string
  /** Whether others can install it by itself. */
  readonly published: boolean
}

/** The packages that exist, in build order. A folder that the order does not know is an error. */
export function listPackages(): WorkspacePackage[] {
  const folders = readdirSync(join(ROOT, 'packages')).filter((name) =>
    existsSync(join(ROOT, 'packages', name, 'package.json'))
  )
  const unknown = folders.filter((name) => !ORDER.includes(name))
  if (unknown.length > 0) {
    throw new Error(`packages/${unknown.join(', packages/')}: say in scripts/packages.ts where it builds`)
  }
  return ORDER.filter((name) => folders.includes(name)).map((name) => {
    const folder = join(ROOT, 'packages', name)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string
      private?: boolean
    }
    return { name: manifest.name, folder, published: manifest.private !== true }
  })
}

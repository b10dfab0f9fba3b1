import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'mocha'

const ROOT = join(import.meta.dirname, '../..')

interface Manifest {
  readonly name: string
  readonly version?: string
  readonly license?: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}

const paths = [
  'package.json',
  ...globSync('{packages/*,interop,benchmarks}/package.json', { cwd: ROOT })
].sort()
const manifests = paths.map((path) => ({ path, ...(readJson(path) as Manifest) }))

describe('the manifests of the packages', () => {
  for (const { path, dependencies, devDependencies } of manifests) {
    it(`${path} pins exact versions`, () => {
      const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
        ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)
      )
      assert.deepEqual(loose, [])
    })
  }

  it('agree on one version of everything that more than one of them depends on', () => {
    const versions = new Map<string, Set<string>>()
    for (const { dependencies, devDependencies } of manifests) {
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        versions.set(name, (versions.get(name) ?? new Set()).add(version))
      }
    }
    assert.deepEqual(
      [...versions].filter(([, found]) => found.size > 1),
      []
    )
  })

  it('carry one version and the licence wherever they are published', () => {
    const published = manifests.filter((manifest) => manifest.private !== true)
    assert.ok(published.length > 0)
    assert.deepEqual([...new Set(published.map(({ version }) => version))].length, 1)
    assert.deepEqual([...new Set(published.map(({ license }) => license))], ['MIT'])
  })

  it('have a lockfile that names no registry', () => {
    const { packages } = readJson('package-lock.json') as {
      packages: Readonly<Record<string, { resolved?: string }>>
    }
    const hosts = Object.entries(packages).filter(([, { resolved }]) => resolved?.includes('://'))
    assert.deepEqual(hosts, [])
  })

  it('have a script for CI that can be executed', () => {
    assert.equal(statSync(join(ROOT, '.ci/run')).mode & 0o111, 0o111)
  })
})

import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { ORDER } from './scripts/packages.ts'

// The architecture's rules (docs/ARCHITECTURE.md).

/** Packages that are named here and not earlier in ORDER: what the design says they know nothing of. */
const KNOWS_NOTHING_OF = {
  sctp: ORDER.filter((name) => name !== 'sctp'),
  nat: ['sctp', 'webrtc'],
  signaling: ['sctp', 'webrtc', 'nat'],
  session: ['sctp', 'nat'],
  cli: ['sctp', 'webrtc', 'nat', 'signaling', 'session']
}

const LIBP2P = '(^|/)node_modules/(libp2p|@libp2p|@chainsafe/libp2p[^/]*|@multiformats/multiaddr[^/]*)(/|$)'

/** Files that also run in a page, or that are cores without I/O: no `node:` module. */
const NO_NODE = [
  '^packages/sctp/src/',
  '^packages/session/src/',
  '^packages/signaling/src/(?!node/)',
  '^packages/webrtc/src/(sdp|candidates|configuration|browser)(/|[.]ts$)',
  '^packages/hearsay/src/(?!platform/node[.]ts$|identity/identity-(file|lock|start-file)[.]ts$)'
]

/** The files that packages export: the only ones that others may import. */
const ENTRIES = globSync('packages/*/package.json', { cwd: import.meta.dirname }).flatMap((manifest) =>
  Object.values(
    JSON.parse(readFileSync(posix.join(import.meta.dirname, manifest), 'utf8')).exports ?? {}
  ).map(
    (conditions) =>
      `^${posix.join(posix.dirname(manifest), conditions['@hearsay/source']).replaceAll('.', '[.]')}$`
  )
)

const direction = ORDER.map((name, index) => {
  const forbidden = [...ORDER.slice(index + 1), ...(KNOWS_NOTHING_OF[name] ?? [])]
  return {
    name: `direction-${name}`,
    comment: `${name} must not import ${forbidden.join(', ')}`,
    severity: 'error',
    from: { path: `^packages/${name}/src/` },
    to: { path: `^packages/(${forbidden.join('|')})/` }
  }
}).filter((rule) => !rule.to.path.includes('()'))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...direction,
    {
      name: 'no-deep-import',
      comment: "another package's files are reached through what it exports only",
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/[^/]+/', pathNot: ['^packages/$1/', ...ENTRIES] }
    },
    {
      name: 'no-deep-import-from-outside',
      comment:
        'tests across packages and benchmarks, too, use what a package exports; decoders, which are fuzzed, none does',
      severity: 'error',
      from: { path: '^(test|interop|benchmarks)/', pathNot: '^test/fuzz/targets/' },
      to: { path: '^packages/[^/]+/', pathNot: ENTRIES }
    },
    {
      name: 'no-tests-in-sources',
      comment: 'what is published imports neither tests nor benchmarks',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^(packages/[^/]+/test|test|interop|benchmarks|scripts)/' }
    },
    {
      name: 'no-node-builtins',
      comment: 'these files run in a page too, or are cores without I/O',
      severity: 'error',
      from: { path: NO_NODE },
      to: { dependencyTypes: ['core'] }
    },
    {
      name: 'sctp-stands-alone',
      comment: 'the association is a pure core: it imports nothing outside itself',
      severity: 'error',
      from: { path: '^packages/sctp/src/' },
      to: { pathNot: '^packages/sctp/src/' }
    },
    {
      name: 'werift-in-one-place',
      comment:
        'werift is touched in packages/webrtc/src/node only (and compared with in benchmarks and interop)',
      severity: 'error',
      from: { pathNot: ['^packages/webrtc/(src/node|test)/', '^benchmarks/', '^interop/', 'node_modules'] },
      to: { path: '(^|/)node_modules/werift' }
    },
    {
      name: 'no-libp2p-below',
      comment: 'WebRTC, SCTP and sessions know nothing of libp2p',
      severity: 'error',
      from: { path: '^packages/(sctp|webrtc|nat|session)/' },
      to: { path: LIBP2P }
    },
    {
      name: 'no-circular',
      comment: 'two files that import each other are one file, or need a third',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
    },
    {
      name: 'no-orphans',
      comment: 'a file that nothing imports and that imports nothing is dead',
      severity: 'error',
      from: { orphan: true, pathNot: ['[.]d[.]ts$', '/index[.]ts$', '[.]config[.]', '/fixtures/'] },
      to: {}
    },
    {
      name: 'not-resolvable',
      comment: 'an import that leads nowhere (what the binary imports comes with the build)',
      severity: 'error',
      from: { pathNot: '^packages/hearsay/bin/' },
      to: { couldNotResolve: true }
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'a package imports what its own package.json declares',
      severity: 'error',
      from: { path: '^(packages/[^/]+|benchmarks|interop)/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] }
    },
    {
      name: 'no-deprecated-core',
      comment: 'a Node module that is going away',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['deprecated'] }
    }
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: ['(^|/)dist/', '[.]cache/'] },
    combinedDependencies: false,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@hearsay/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json', '.d.ts']
    }
  }
}

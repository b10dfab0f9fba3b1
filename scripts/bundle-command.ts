import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import { ROOT } from './packages.ts'

// One folder below the manifest, as the sources are below theirs: the command reads its version there.
const TARGET = join(ROOT, 'packages/hearsay/command')

/**
 * Of werift we run ICE alone. Its one-file build drags in certificates, media and their dependencies, which keep their
 * side effects in any bundle; the sources that it ships beside that file do not.
 */
const weriftIceOnly: Plugin = {
  name: 'werift-ice-only',
  setup(bundle) {
    const main = createRequire(join(ROOT, 'packages/webrtc/package.json')).resolve('werift')
    const ice = join(dirname(main), '../../ice/src/index.js')
    bundle.onResolve({ filter: /^werift$/ }, () => ({ path: ice }))
  }
}

/**
 * Bundles the `hearsay` command, all that it imports included, into `packages/hearsay/command`: one small start-up file
 * and a few chunks instead of a thousand modules, so that a node starts in a third of the time.
 *
 * @returns the folder
 */
export async function bundleCommand(): Promise<string> {
  rmSync(TARGET, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { hearsay: 'packages/cli/src/main.ts' },
    outdir: TARGET,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    conditions: ['@hearsay/source'],
    // Names stay: whoever reports a stack trace should have one that can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    plugins: [weriftIceOnly],
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);"
    }
  })
  writeFileSync(join(TARGET, 'THIRD-PARTY-NOTICES'), notices(Object.keys(metafile.inputs)))
  return TARGET
}

/** The licences of all packages that came in. */
function notices(inputs: readonly string[]): string {
  const folders = new Set(
    inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [])
  )
  return [...folders].sort().map(notice).join('\n')
}

function notice(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const texts = globSync('{LICENSE,LICENCE,License,license}*', { cwd: join(ROOT, folder) })
    .map((file) => join(ROOT, folder, file))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8').trim())
  const title = `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})`
  return `${title}\n${'='.repeat(title.length)}\n\n${texts.join('\n\n')}\n`
}

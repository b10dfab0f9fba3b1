/**
 * Assembles each `NAME.wat` of the packages into `NAME-wasm.ts` beside it, which is checked in, so that nothing has to
 * be built to run from source. Usage: `npm run generate`.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import loadWabt from 'wabt'
import { ROOT } from './packages.ts'

/** The code of `NAME-wasm.ts`. */
export async function assemble(file: string): Promise<string> {
  const wabt = await loadWabt()
  const name = basename(file, '.wat')
  const module = wabt.parseWat(file, readFileSync(file, 'utf8'), { simd: true, relaxed_simd: true })
  module.validate()
  const binary = Buffer.from(module.toBinary({}).buffer)
  return `// Generated from ${name}.wat by \`npm run generate\`.
export const wasm =
  '${binary.toString('base64')}'
`
}

if (import.meta.main) {
  for (const file of globSync('packages/*/src/**/*.wat', { cwd: ROOT })) {
    const target = file.replace(/\.wat$/, '-wasm.ts')
    writeFileSync(join(ROOT, target), await assemble(join(ROOT, file)))
    console.log(`generated ${target}`)
  }
}

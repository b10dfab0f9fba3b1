/**
 * Generates `pb/NAME.js` and `pb/NAME.d.ts` beside each `NAME.proto` of the packages. protons writes TypeScript with
 * namespaces and enums, which type stripping cannot run, so it is compiled once, here. Usage:
 * `npm run generate [-- PACKAGE…]`.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { generate } from 'protons'
import ts from 'typescript'
import { ROOT } from './packages.ts'

async function generateOne(proto: string): Promise<void> {
  const name = basename(proto, '.proto')
  const target = join(dirname(proto), 'pb')
  // Inside the package, so that the compiler finds the runtime's types from there.
  const scratch = mkdtempSync(join(dirname(proto), 'pb-'))
  try {
    await generate(proto, { output: scratch })
    const source = join(scratch, `${name}.ts`)
    const program = ts.createProgram([source], {
      target: ts.ScriptTarget.ES2024,
      module: ts.ModuleKind.NodeNext,
      lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
      types: [],
      skipLibCheck: true,
      declaration: true,
      outDir: scratch
    })
    const result = program.emit()
    const diagnostics = [...ts.getPreEmitDiagnostics(program), ...result.diagnostics]
    if (diagnostics.length > 0) {
      throw new Error(
        diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')).join('\n')
      )
    }
    mkdirSync(target, { recursive: true })
    for (const extension of ['.js', '.d.ts']) {
      const note = `// Generated from ${name}.proto by \`npm run generate\`.\n`
      // What is encoded may as well be a view of shared or foreign memory: protons' types are narrower than its code.
      const code = readFileSync(join(scratch, name + extension), 'utf8').replaceAll(
        'Uint8Array<ArrayBuffer>',
        'Uint8Array'
      )
      writeFileSync(join(target, name + extension), note + code)
    }
    console.log(`generated ${relative(ROOT, target)}/${name}`)
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

const wanted = process.argv.slice(2)
const protos = (wanted.length === 0 ? ['*'] : wanted).flatMap((name) =>
  globSync(`packages/${name}/src/**/*.proto`, { cwd: ROOT })
)
for (const proto of protos.toSorted()) {
  await generateOne(join(ROOT, proto))
}

/**
 * Builds `dist/` of every package, or of the ones named: JavaScript, declarations and their maps, package after
 * package, each against the declarations of those built before it. With all of them it bundles the command too. Usage:
 * `npm run build [-- NAME…]`.
 */
import { cpSync, existsSync, globSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { bundleCommand } from './bundle-command.ts'
import { listPackages, ROOT, type WorkspacePackage } from './packages.ts'

const formatHost: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => ROOT,
  getNewLine: () => '\n'
}

function baseOptions(): ts.CompilerOptions {
  const read = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), (name) => ts.sys.readFile(name))
  if (read.error !== undefined) {
    throw new Error(ts.formatDiagnostic(read.error, formatHost))
  }
  const { compilerOptions } = read.config as { compilerOptions: unknown }
  return ts.convertCompilerOptionsFromJson(compilerOptions, ROOT).options
}

function build({ name, folder }: WorkspacePackage, base: ts.CompilerOptions): boolean {
  const source = join(folder, 'src')
  const target = join(folder, 'dist')
  rmSync(target, { recursive: true, force: true })
  const program = ts.createProgram({
    rootNames: globSync('**/*.ts', { cwd: source }).map((file) => join(source, file)),
    options: {
      ...base,
      // Published declarations must stand without the sources of their neighbours.
      customConditions: [],
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      noEmit: false,
      declaration: true,
      declarationMap: true,
      sourceMap: true,
      rootDir: source,
      outDir: target,
      // Lets the compiler lead this package's own `imports` and `exports` from dist back to src.
      configFilePath: join(folder, 'tsconfig.json')
    }
  })
  const diagnostics = [...ts.getPreEmitDiagnostics(program)]
  if (diagnostics.length === 0) {
    diagnostics.push(...program.emit().diagnostics)
  }
  if (diagnostics.length > 0) {
    console.error(ts.formatDiagnostics(diagnostics, formatHost))
    console.error(`${name} did not build`)
    return false
  }
  copyGenerated(source, target)
  console.log(`built ${name} into ${relative(ROOT, target)}`)
  return true
}

/** Generated protobuf code is JavaScript with declarations beside it already: it is copied as it is. */
function copyGenerated(source: string, target: string): void {
  for (const file of globSync('**/pb/*.{js,d.ts}', { cwd: source })) {
    cpSync(join(source, file), join(target, file))
  }
}

const wanted = process.argv.slice(2)
const packages = listPackages().filter(
  ({ name, folder }) =>
    wanted.length === 0 || wanted.includes(name) || wanted.includes(relative(join(ROOT, 'packages'), folder))
)
if (packages.length === 0 || packages.some(({ folder }) => !existsSync(join(folder, 'src')))) {
  throw new Error(`nothing to build: ${wanted.join(', ')} is no package`)
}
const options = baseOptions()
if (!packages.every((entry) => build(entry, options))) process.exitCode = 1
else if (wanted.length === 0) console.log(`bundled the command into ${relative(ROOT, await bundleCommand())}`)

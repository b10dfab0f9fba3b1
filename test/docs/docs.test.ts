import assert from 'node:assert/strict'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { after, before, describe, it } from 'mocha'
import ts from 'typescript'
import { HearsayCommand } from '../support/hearsay-command.ts'
import { ChildProgram } from '../support/processes.ts'
import { collectPrograms, extractBlocks, foreignHosts, type DocumentedProgram } from './code-blocks.ts'
import { brokenLinks } from './links.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Inside the checkout, so that `import 'hearsay'` finds the workspace; not under node_modules, so that types are stripped. */
const WORK = join(ROOT, '.cache/docs')

const documents = globSync(['README.md', 'CONTRIBUTING.md', 'docs/**/*.md'], { cwd: ROOT }).sort()
const blocks = documents.flatMap((document) =>
  extractBlocks(document, readFileSync(join(ROOT, document), 'utf8'))
)
const programs = documents.flatMap((document) =>
  collectPrograms(blocks.filter((block) => block.document === document))
)

function pathOf({ document, file }: Pick<DocumentedProgram, 'document' | 'file'>): string {
  return join(WORK, document, file)
}

describe('every code block of the documentation', () => {
  before(() => {
    rmSync(WORK, { recursive: true, force: true })
    for (const program of programs) {
      mkdirSync(dirname(pathOf(program)), { recursive: true })
      writeFileSync(pathOf(program), program.text)
    }
  })

  after(() => {
    rmSync(WORK, { recursive: true, force: true })
  })

  it('type-checks', function () {
    this.timeout(120_000)
    const config = ts.getParsedCommandLineOfConfigFile(
      join(ROOT, 'tsconfig.base.json'),
      { noEmit: true, noUnusedLocals: false, noUnusedParameters: false },
      {
        ...ts.sys,
        onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
          throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'))
        }
      }
    )
    const checked = ts.createProgram(programs.map(pathOf), config?.options ?? {})
    const failures = ts
      .getPreEmitDiagnostics(checked)
      .filter(({ file }) => file?.fileName.startsWith(WORK))
      .map((diagnostic) => explain(diagnostic))
    assert.deepEqual(failures, [])
  })

  for (const program of programs) {
    const title = `${program.document}:${program.line} ${program.file}`
    if (program.use === 'bundle') {
      it(`${title} bundles for a page`, async () => {
        const { errors } = await build({
          entryPoints: [pathOf(program)],
          bundle: true,
          write: false,
          format: 'esm',
          platform: 'browser',
          conditions: ['@hearsay/source'],
          logLevel: 'silent'
        })
        assert.deepEqual(errors, [])
      })
    } else if (
      program.use === 'run' &&
      !programs.some(({ document, beside }) => document === program.document && beside === program.file)
    ) {
      it(`${title} runs`, async function () {
        this.timeout(60_000)
        await runProgram(program)
      })
    }
  }

  for (const block of blocks) {
    const title = `${block.document}:${block.line}`
    if (block.language === 'json') {
      it(`${title} is JSON`, () => {
        assert.doesNotThrow(() => JSON.parse(block.text) as unknown)
      })
    }
    if (block.language === 'sh') {
      it(`${title} names commands that exist`, async () => {
        for (const line of block.text.split('\n').filter((text) => text !== '' && !text.startsWith('#'))) {
          await checkCommandLine(line)
        }
      })
    }
  }
})

describe('every link of the documentation', () => {
  for (const document of documents) {
    it(`${document} leads somewhere`, () => {
      assert.deepEqual(brokenLinks(ROOT, document), [])
    })
  }
})

/** How long a documented program may run, in milliseconds: whoever tries it waits for it too. */
const RUN_MS = 30_000

async function runProgram(program: DocumentedProgram): Promise<void> {
  if (program.beside === undefined) {
    return expectSuccess(program, [])
  }
  const partner = programs.find(
    ({ document, file }) => document === program.document && file === program.beside
  )
  assert.ok(partner !== undefined)
  assert.deepEqual(foreignHosts(partner), [])
  await using beside = new ChildProgram([pathOf(partner)])
  const argument = await beside.line()
  await expectSuccess(program, [argument])
}

async function expectSuccess(program: DocumentedProgram, args: readonly string[]): Promise<void> {
  assert.deepEqual(
    foreignHosts(program),
    [],
    'a program that runs may name this machine only; mark it `check`'
  )
  await using child = new ChildProgram([pathOf(program), ...args])
  child.endInput()
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
  }, RUN_MS)
  const { code, signal, stdout, stderr } = await child.end()
  clearTimeout(timer)
  assert.equal(signal, null, `${program.file} did not end within ${RUN_MS / 1000} s`)
  assert.equal(code, 0, `${program.file} failed:\n${stderr}`)
  if (program.output !== undefined) {
    assert.equal(stdout, program.output)
  }
}

/** A position in the document instead of one in the extracted file. */
function explain({ file, start, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n')
  if (file === undefined || start === undefined) {
    return message
  }
  const line = file.getLineAndCharacterOfPosition(start).line + 1
  return `${relative(WORK, file.fileName)}:${line} ${message}`
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}
const NPM_COMMANDS = new Set(['ci', 'install', 'start', 'test', 'run', 'exec'])

/** Commands in documents are not run (one of them is this very test run), but they must exist. */
async function checkCommandLine(line: string): Promise<void> {
  for (const command of line.split(/&&|\|/).map((part) => part.trim().split(/\s+/))) {
    const [program, verb, ...words] = command
    if (program !== 'npm') {
      continue
    }
    assert.ok(verb !== undefined && NPM_COMMANDS.has(verb), `npm ${verb ?? ''} is no command we document`)
    // Options of npm's own may stand before the name.
    const [script, ...rest] = words.slice(words.findIndex((word) => !word.startsWith('-')))
    const name = verb === 'run' ? script : verb === 'start' || verb === 'test' ? verb : undefined
    if (name !== undefined) {
      assert.ok(name in manifest.scripts, `package.json has no script ${name}`)
    }
    if (name === 'hearsay') {
      await checkHearsay(rest.filter((word) => word !== '--'))
    }
  }
}

/** The help of the command that the words name knows every option among them. */
async function checkHearsay(words: readonly string[]): Promise<void> {
  const firstOption = words.findIndex((word) => word.startsWith('-'))
  const name = firstOption === -1 ? words : words.slice(0, firstOption)
  await using help = new HearsayCommand(['help', ...name])
  const { code, stdout, stderr } = await help.end()
  assert.equal(code, 0, stderr)
  for (const option of words.filter((word) => word.startsWith('--'))) {
    assert.ok(stdout.includes(`${option} `), `hearsay ${name.join(' ')} has no option ${option}`)
  }
}

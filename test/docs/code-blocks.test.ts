import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { collectPrograms, extractBlocks, foreignHosts } from './code-blocks.ts'

const fenced = (info: string, ...lines: readonly string[]): string =>
  [`\`\`\`${info}`, ...lines, '```', ''].join('\n')

describe('code blocks of a document', () => {
  it('are found with their line, language, attributes and text', () => {
    const [block, ...others] = extractBlocks(
      'a.md',
      `# Title\n\n${fenced('ts file=a.ts browser', 'one', '', 'two')}`
    )
    assert.equal(others.length, 0)
    assert.deepEqual(block, {
      document: 'a.md',
      line: 3,
      language: 'ts',
      attributes: new Map([
        ['file', 'a.ts'],
        ['browser', '']
      ]),
      text: 'one\n\ntwo\n'
    })
  })

  it('lose the indentation of the list that they stand in', () => {
    const [block] = extractBlocks('a.md', '1. step\n\n   ```sh\n   npm ci\n   ```\n')
    assert.equal(block?.text, 'npm ci\n')
  })

  it('must be closed and must name their language', () => {
    assert.throws(() => extractBlocks('a.md', '```ts\nx\n'), /a\.md:1: .*not closed/)
    assert.throws(() => extractBlocks('a.md', fenced('', 'x')), /a\.md:1: name the language/)
  })

  it('become programs: continued, paired, with their output', () => {
    const programs = collectPrograms(
      extractBlocks(
        'a.md',
        [
          fenced('ts file=alice.ts', 'const a = 1'),
          fenced('ts continues', 'console.log(a)'),
          fenced('ts file=bob.ts beside=alice.ts', 'console.log(2)'),
          fenced('text output', '2')
        ].join('\n')
      )
    )
    assert.deepEqual(
      programs.map(({ file, text, beside, output }) => ({ file, text, beside, output })),
      [
        { file: 'alice.ts', text: 'const a = 1\n\nconsole.log(a)\n', beside: undefined, output: undefined },
        { file: 'bob.ts', text: 'console.log(2)\n', beside: 'alice.ts', output: '2\n' }
      ]
    )
  })

  const mistakes: [string, string, RegExp][] = [
    ['an attribute that is none', fenced('ts fil=a.ts', 'x'), /fil is no attribute/],
    ['a partner that is not there', fenced('ts beside=b.ts', 'x'), /has no b\.ts/],
    ['output of nothing', fenced('text output', 'x'), /no program comes before/],
    ['a continuation of nothing', fenced('ts continues', 'x'), /nothing comes before/]
  ]
  for (const [what, markdown, message] of mistakes) {
    it(`refuse ${what}`, () => {
      assert.throws(() => collectPrograms(extractBlocks('a.md', markdown)), message)
    })
  }

  it('name hosts of their own only where they are to run', () => {
    const own =
      "['/ip4/127.0.0.1/tcp/1', '/ip4/0.0.0.0/tcp/0', '/ip6/::1/tcp/1', 'stun:127.0.0.1:3478', 'turn:localhost']"
    assert.deepEqual(foreignHosts({ text: own }), [])
    const foreign =
      "['/ip4/192.0.2.7/tcp/1', '/dns4/example.org/tcp/443/wss', 'stuns:stun.example.org?transport=tcp']"
    assert.deepEqual(foreignHosts({ text: foreign }), ['192.0.2.7', 'example.org', 'stun.example.org'])
  })
})

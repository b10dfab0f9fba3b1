import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'mocha'
import { brokenLinks } from './links.ts'

describe('links of a document', () => {
  it('lead to files and headings that exist, or are named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'links-'))
    try {
      writeFileSync(join(folder, 'b.md'), '## The compact form, in `bytes`\n')
      const links = [
        '[one](b.md)',
        '[two](b.md#the-compact-form-in-bytes)',
        '[three](#here)',
        '[four](https://example.org/x)',
        '[five](c.md)',
        '[six](b.md#elsewhere)',
        '```text\n[code](d.md)\n```'
      ]
      writeFileSync(join(folder, 'a.md'), `# Here\n\n${links.join('\n')}\n`)
      assert.deepEqual(brokenLinks(folder, 'a.md'), ['c.md', 'b.md#elsewhere'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

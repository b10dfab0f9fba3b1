import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const LINK = /\]\((?<file>[^)#\s]*)(?:#(?<anchor>[^)\s]+))?\)/g
const FENCED = /^( *)(`{3,})[^`]*$[\s\S]*?^\1\2$/gm
const HEADING = /^#{1,6} +(?<title>.+)$/gm

/**
 * Links of a document that lead to no file of the checkout, or to no heading there. Those into the network are nobody's
 * promise.
 *
 * @param document its path, relative to `root`
 */
export function brokenLinks(root: string, document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8').replaceAll(FENCED, '')
  return [...text.matchAll(LINK)].flatMap(({ groups: { file = '', anchor } = {} }) => {
    if (/^\w+:/.test(file)) return []
    const target = file === '' ? join(root, document) : join(root, dirname(document), file)
    const leads = existsSync(target) && (anchor === undefined || anchorsOf(target).includes(anchor))
    return leads ? [] : [anchor === undefined ? file : `${file}#${anchor}`]
  })
}

/** As they are made where Markdown is shown: small letters, digits and dashes. */
function anchorsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(HEADING)].map(({ groups }) =>
    (groups?.title ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-')
  )
}

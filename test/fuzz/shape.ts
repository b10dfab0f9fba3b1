/** Fields that say which of several things a value is: their text is part of its shape. */
const DISCRIMINANTS = new Set(['type', 'kind', 'state', 'outcome', 'lane'])

/** Values deeper than this differ no further. */
const MAX_DEPTH = 6

/** What a value looks like, without what it says: inputs that lead to a new shape are worth keeping. */
export function shapeOf(value: unknown, depth = 0): string {
  if (ArrayBuffer.isView(value)) return `bytes${magnitude(value.byteLength)}`
  if (typeof value === 'number' || typeof value === 'bigint') return `number${magnitude(Number(value))}`
  if (typeof value === 'string') return `text${magnitude(value.length)}`
  if (typeof value !== 'object' || value === null) return String(value)
  if (depth > MAX_DEPTH) return '…'
  if (Array.isArray(value)) {
    const first = value.length === 0 ? '' : shapeOf(value[0], depth + 1)
    return `[${first}×${magnitude(value.length)}]`
  }
  const fields = Object.entries(value).map(([name, field]) => {
    const isDiscriminant = DISCRIMINANTS.has(name) && typeof field === 'string'
    return `${name}:${isDiscriminant ? field : shapeOf(field, depth + 1)}`
  })
  return `{${fields.join(',')}}`
}

function magnitude(count: number): string {
  return count < 0 ? '-' : String(Math.ceil(Math.log2(count + 1)))
}

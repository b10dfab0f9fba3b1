/** A table of plain text; numbers are written by the caller and stand to the right where `right` says so. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0))
  )
  const line = (cells: readonly string[]): string =>
    ` ${cells.map((text, column) => (right.has(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0))).join('  ')}`.trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

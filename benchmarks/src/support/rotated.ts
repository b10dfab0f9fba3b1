/** The items in the order of the turn with this number, so that none always comes before, or behind, another. */
export function rotated<T>(items: readonly T[], turn: number): T[] {
  const start = turn % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

import assert from 'node:assert/strict'

/** Everything has come, once, unchanged, and in order where that counts. */
export function assertArrived(
  received: readonly string[],
  expected: readonly string[],
  { inOrder, label }: { readonly inOrder: boolean; readonly label: string }
): void {
  if (inOrder) assert.deepEqual(received, expected, label)
  else assert.deepEqual(received.toSorted(), expected.toSorted(), label)
}

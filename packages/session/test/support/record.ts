import fc from 'fast-check'

/** `fc.record` whose values are plain objects, so that decoded ones compare equal. */
export function record<Value>(model: {
  [Key in keyof Value]: fc.Arbitrary<Value[Key]>
}): fc.Arbitrary<Value> {
  return fc.record(model, { noNullPrototype: true })
}

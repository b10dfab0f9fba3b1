/** A package under us is not the one that we were built for, and going on would not be safe. */
export class UnsupportedDependencyError extends Error {
  static override readonly name = 'UnsupportedDependencyError'
  override readonly name = 'UnsupportedDependencyError'
  readonly code = 'ERR_UNSUPPORTED_DEPENDENCY'
}

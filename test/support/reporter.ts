import Mocha from 'mocha'
import { missingRequirements } from './requirements.ts'

/** After the last test, in milliseconds. What keeps the process longer is a leak, and no run may hang on it. */
const END_TIMEOUT_MS = 10_000

/**
 * mocha's `spec` reporter with a plain end: what could not be run on this machine and why, then, as the last line,
 * `N passed, N failed` (and `, N skipped` where tests were skipped).
 */
export default class ClosingLineReporter extends Mocha.reporters.Spec {
  override epilogue(): void {
    super.epilogue()
    if (missingRequirements.size > 0) {
      console.log('Not run on this machine:')
      for (const [reason, count] of missingRequirements) {
        console.log(`  ${reason} (asked for by ${String(count)} of the tests or suites)`)
      }
      console.log()
    }
    const { passes, failures, pending } = this.stats
    console.log(
      `${String(passes)} passed, ${String(failures)} failed` +
        (pending > 0 ? `, ${String(pending)} skipped` : '')
    )
    setTimeout(() => {
      console.error(`Something keeps the process alive: ${process.getActiveResourcesInfo().join(', ')}`)
      process.exit(1)
    }, END_TIMEOUT_MS).unref()
  }
}

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A tool of the machine that some tests need and that npm cannot install. */
export type Requirement = keyof typeof REQUIREMENTS

interface RequirementEntry {
  /** Names of the program, in order of preference. */
  readonly programs: readonly string[]
  /** Also needed, beside the program. */
  readonly root?: boolean
  readonly reason: string
}

const REQUIREMENTS = {
  chromium: {
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    reason: 'Chromium is not installed'
  },
  firefox: { programs: ['firefox-esr', 'firefox'], reason: 'Firefox is not installed' },
  openssl: { programs: ['openssl'], reason: 'OpenSSL is not installed' },
  iproute2: { programs: ['ip'], root: true, reason: 'iproute2 is not installed, or this user is not root' }
} as const satisfies Record<string, RequirementEntry>

/** What was asked for and is not here, with the number of suites or tests that asked. Read by the reporter. */
export const missingRequirements = new Map<string, number>()

/**
 * Skips the running test or suite where a tool of the machine is absent, and gives the tool's path where it is there.
 * In CI (`CI=true`) nothing may be skipped for that reason, so there it throws.
 *
 * @param context `this` of a mocha test or `before` hook (written as a `function`, not an arrow)
 */
export function requirement(context: Pick<Mocha.Context, 'skip'>, name: Requirement): string {
  const entry: RequirementEntry = REQUIREMENTS[name]
  const path = entry.root === true && process.getuid?.() !== 0 ? undefined : findProgram(entry.programs)
  if (path !== undefined) {
    return path
  }
  if (process.env.CI === 'true') {
    throw new Error(`${entry.reason}, and CI must not skip: let .ci/run install it`)
  }
  missingRequirements.set(entry.reason, (missingRequirements.get(entry.reason) ?? 0) + 1)
  return context.skip()
}

function findProgram(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin', '/sbin')
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // not in this folder
      }
    }
  }
  return undefined
}

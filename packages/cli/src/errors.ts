/** Base of every error that the command itself finds. The message ends with what to do. */
export class CliError extends Error {
  static override readonly name: string = 'CliError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** The command line, the environment or the config file says something that cannot be meant. Exit code 2. */
export class UsageError extends CliError {
  static override readonly name = 'UsageError'

  constructor(message: string, code = 'ERR_USAGE', options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** A file that an option names cannot be read or does not hold what it should. */
export class OptionFileError extends CliError {
  static override readonly name = 'OptionFileError'

  constructor(option: string, path: string, why: string, cause?: unknown) {
    super('ERR_OPTION_FILE', `${option} names ${path}, ${why}; give a file that this user can read`, {
      cause
    })
  }
}

/** The room stayed empty, or lines could not be handed to everybody in it. */
export class UndeliveredError extends CliError {
  static override readonly name = 'UndeliveredError'

  constructor(message: string) {
    super('ERR_UNDELIVERED', message)
  }
}

/** The demo did not show what it promises. */
export class DemoFailedError extends CliError {
  static override readonly name = 'DemoFailedError'

  constructor(message: string) {
    super('ERR_DEMO_FAILED', message)
  }
}

/** Another process began to use our identity after us. */
export class SupersededError extends CliError {
  static override readonly name = 'SupersededError'

  constructor() {
    super('ERR_SUPERSEDED', 'a newer process uses this identity; give each its own with --identity')
  }
}

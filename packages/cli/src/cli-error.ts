/**
 * How a command ends badly: a message for people and an exit code that scripts may rely on.
 *
 * | exit code | meaning                                                        |
 * |-----------|----------------------------------------------------------------|
 * | 0         | done                                                           |
 * | 1         | it could not be done: nothing listens, not found, refused, died |
 * | 2         | wrong command, option or setting; nothing was tried             |
 * | 3         | the data folder or the store's lease is held by somebody else   |
 */
export type ExitCode = 1 | 2 | 3;

/** Ends a command with `exitCode`; `message` goes to standard error as it is. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

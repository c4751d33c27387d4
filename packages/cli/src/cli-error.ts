/**
 * How a command ends badly: a message for people and an exit code that scripts may rely on.
 *
 * | exit code | meaning                                                                   |
 * |-----------|---------------------------------------------------------------------------|
 * | 0         | done                                                                      |
 * | 1         | it could not be done: nothing listens, not found, refused, died            |
 * | 2         | wrong command, option or setting; nothing was tried                        |
 * | 3         | the data folder or the store's lease is held by somebody else              |
 * | 4         | nobody knows whether it was done: the answer to a change was lost          |
 * | 130, 143  | interrupted by Ctrl-C or by a signal to end (128 and the signal's number)  |
 */
export type ExitCode = 1 | 2 | 3 | 4 | 129 | 130 | 143;

/** Ends a command with `exitCode`; `message` goes to standard error as it is, unless it is empty. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The surroundings of a command that runs as this process. */
import { systemClock } from '@sion/components';
import { defaultPatience } from '../client/object-read.ts';
import type { Surroundings } from '../commands/surroundings.ts';
import { interruptible } from '../interruption.ts';

/** Runs a command on the process's own streams; Ctrl-C and the signals to end reach it as an abort. */
export function withSurroundings(run: (around: Surroundings) => Promise<void>): Promise<void> {
  return interruptible((signal) =>
    run({
      clock: systemClock,
      input: process.stdin,
      output: process.stdout,
      errors: errorsOutput(),
      signal,
      patience: defaultPatience,
    }),
  );
}

/** A terminal without cursor movements (`TERM=dumb`, as editors have) gets lines, not a bar. */
function errorsOutput(): Surroundings['errors'] {
  const { stderr } = process;
  return {
    isTTY: stderr.isTTY && process.env['TERM'] !== 'dumb',
    get columns() {
      return stderr.columns ?? 80;
    },
    write: (text) => stderr.write(text),
  };
}

/**
 * Ctrl-C and the signals to end. The first asks: what is under way is given up, and what a later run can use is kept.
 * The second ends the process at once.
 */
import { CliError, type ExitCode } from './cli-error.ts';

/** The reason that a command's signal aborts with. */
export class Interruption extends CliError {
  constructor(exitCode: ExitCode, message = 'Interrupted.') {
    super(exitCode, message);
  }
}

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Runs `act` with a signal that aborts when the process is asked to end. */
export async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const listeners = Object.entries(exitCodes).map(([name, exitCode]) => {
    const listener = () => {
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(new Interruption(exitCode));
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  try {
    return await act(controller.signal);
  } finally {
    for (const removeListener of listeners) removeListener();
  }
}

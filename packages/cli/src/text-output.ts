/**
 * Lines for standard output, with its backpressure. Who reads them may go first (`sion ls | head`): that is no fault,
 * but there is no use in going on.
 */
import type { Writable } from 'node:stream';
import { CliError } from './cli-error.ts';

/** Writes; false = nobody reads any more. */
export function writeText(output: Writable, text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (error === null || error === undefined) resolve(true);
      else if (isGone(error)) resolve(false);
      else reject(new CliError(1, `Standard output cannot be written: ${error.message}`));
    });
  });
}

/** True for the error of an output whose reader has gone. */
export function isGone(error: unknown): boolean {
  const code = error instanceof Error ? Object.getOwnPropertyDescriptor(error, 'code')?.value : undefined;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EIO';
}

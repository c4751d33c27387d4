/**
 * `sion get KEY [FILE|-]`: streams an object to a file or to standard output. A file appears under its name only when
 * every byte has come; a transfer that breaks off leaves nothing behind. Who reads standard output may go first
 * (`sion get KEY | head -c 10`): that is no fault.
 */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../cli-error.ts';
import { type Address, callHttp, isSuccess, throwRefusal } from '../client/http-call.ts';
import { objectPath } from '../client/object-path.ts';

/** `target` is a path, or `-` for `output`. */
export async function getObject(http: Address, key: string, target: string, output: Writable): Promise<void> {
  const answer = await callHttp(http, { method: 'GET', path: objectPath(key) });
  if (answer.statusCode === 404) {
    answer.resume();
    throw new CliError(1, `There is no object ${JSON.stringify(key)}.`);
  }
  if (!isSuccess(answer)) return throwRefusal(answer);
  if (target === '-') {
    await pipeline(answer, output, { end: false }).catch((error: unknown) => {
      if (fieldOf(error, 'code') === 'EPIPE') return;
      throw failure(key, 'standard output', error);
    });
    return;
  }
  const partial = `${target}.${process.pid}.partial`;
  try {
    await pipeline(answer, createWriteStream(partial, { flags: 'wx' }));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw failure(key, target, error);
  }
}

const writingCalls: readonly unknown[] = ['open', 'write', 'close', 'rename'];

/** Either this side could not write, or the other side did not send everything; only then trying again helps. */
function failure(key: string, target: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  if (writingCalls.includes(fieldOf(error, 'syscall'))) {
    return new CliError(1, `${target} cannot be written: ${reason}`, { cause: error });
  }
  return new CliError(1, `Object ${JSON.stringify(key)} did not come whole: ${reason}. Try again.`, { cause: error });
}

function fieldOf(error: unknown, name: 'code' | 'syscall'): unknown {
  return error instanceof Error ? Object.getOwnPropertyDescriptor(error, name)?.value : undefined;
}

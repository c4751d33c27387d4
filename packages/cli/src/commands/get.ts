/**
 * `sion get KEY [FILE|-]`: streams an object to a file or to standard output. A file appears under its name only when
 * every byte has come; a transfer that breaks off leaves nothing behind.
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
      throw brokenOff(key, error);
    });
    return;
  }
  const partial = `${target}.${process.pid}.partial`;
  try {
    await pipeline(answer, createWriteStream(partial, { flags: 'wx' }));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw brokenOff(key, error);
  }
}

function brokenOff(key: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError(1, `Object ${JSON.stringify(key)} did not come whole: ${reason}. Try again.`, { cause: error });
}

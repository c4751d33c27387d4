/** The proxy's admin port, as far as the commands use it. */
import { createInterface } from 'node:readline';
import type { ObjectPlaces, ProxyStatus } from '@sion/proxy';
import { CliError } from '../cli-error.ts';
import { type Address, callHttp, fieldOf, isSuccess, readJson, throwRefusal } from './http-call.ts';
import type { ObjectName } from './object-name.ts';

/** What the proxy says of itself. */
export async function fetchStatus(admin: Address, signal?: AbortSignal): Promise<ProxyStatus> {
  const call = { method: 'GET', path: '/v1/status', ...(signal === undefined ? {} : { signal }) } as const;
  // The answer is the proxy's own, from this very release.
  return (await readJson(await callHttp(admin, call))) as ProxyStatus;
}

/** Where an object's chunks are; undefined when no function holds any. */
export async function fetchPlaces(admin: Address, name: ObjectName): Promise<ObjectPlaces | undefined> {
  const answer = await callHttp(admin, { method: 'GET', path: `/v1/status/objects/${name.encoded}` });
  if (answer.statusCode === 404) {
    answer.resume();
    return undefined;
  }
  return (await readJson(answer)) as ObjectPlaces;
}

/** Makes the proxy forget what it knows of one key or of all that begin with a prefix; gives how many it knew. */
export async function invalidate(admin: Address, what: 'key' | 'prefix', name: ObjectName): Promise<number> {
  const answer = await callHttp(admin, { method: 'POST', path: `/v1/invalidate?${what}=${name.encoded}` });
  return countOf(await readJson(answer), 'invalidated');
}

/** How far a warming is. */
export interface WarmProgress {
  readonly placed: number;
  readonly held: number;
  readonly missing: number;
  readonly refused: number;
  readonly bytes: number;
  readonly done: boolean;
}

/** Brings everything that begins with `prefix` into memory; its progress, the last of it with `done`. */
export async function* warm(
  admin: Address,
  prefix: ObjectName,
  signal?: AbortSignal,
): AsyncGenerator<WarmProgress, void, undefined> {
  const answer = await callHttp(admin, {
    method: 'POST',
    path: `/v1/warm?prefix=${prefix.encoded}`,
    ...(signal === undefined ? {} : { signal }),
  });
  if (!isSuccess(answer)) return throwRefusal(answer);
  let done = false;
  try {
    for await (const line of createInterface({ input: answer })) {
      if (line.trim() === '') continue;
      const progress = progressOf(JSON.parse(line));
      done ||= progress.done;
      yield progress;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CliError) throw error;
    throw brokenOff(error);
  } finally {
    answer.destroy();
  }
  signal?.throwIfAborted();
  if (!done) throw brokenOff('the answer ended early');
}

function progressOf(value: unknown): WarmProgress {
  const message = fieldOf(fieldOf(value, 'error'), 'message');
  if (typeof message === 'string') throw new CliError(1, message);
  return {
    placed: countOf(value, 'placed'),
    held: countOf(value, 'held'),
    missing: countOf(value, 'missing'),
    refused: countOf(value, 'refused'),
    bytes: countOf(value, 'bytes'),
    done: fieldOf(value, 'done') === true,
  };
}

function countOf(value: unknown, name: string): number {
  const count = fieldOf(value, name);
  if (typeof count === 'number') return count;
  throw new CliError(1, `The answer has no count "${name}". Are the command and the proxy of the same release?`);
}

function brokenOff(reason: unknown): CliError {
  const words = reason instanceof Error ? reason.message : String(reason);
  return new CliError(1, `Warming broke off: ${words}. Run it again: what is in memory already is passed by.`);
}

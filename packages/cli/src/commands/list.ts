/**
 * `sion ls [PREFIX]`: the keys, one per line, as they come from the proxy; with `--long` their size, time of change and
 * life time before them, with `--json` one JSON object per line. It holds one page at a time and stops asking when nobody
 * reads any more.
 */
import type { Writable } from 'node:stream';
import type { Address } from '../client/http-call.ts';
import { type ListEntry, type ListScope, listObjects } from '../client/object-list.ts';
import { writeText } from '../text-output.ts';
import type { Surroundings } from './surroundings.ts';

export interface ListRequest {
  readonly http: Address;
  readonly scope: ListScope;
  readonly format: ListFormat;
}

/** `encoded`: percent-encoded keys, for `--encoded` of other commands. */
export type ListFormat = 'keys' | 'long' | 'json' | 'encoded';

/** Lines are written together up to so many characters. */
const batchCharacters = 16 * 1024;

export async function printObjects(request: ListRequest, around: Surroundings): Promise<void> {
  const { clock, output, signal } = around;
  let batch = '';
  for await (const entry of listObjects(request.http, request.scope, signal)) {
    batch += `${lineOf(entry, request.format, clock.wallMs())}\n`;
    if (batch.length < batchCharacters) continue;
    if (!(await flush(output, batch))) return;
    batch = '';
  }
  if (batch !== '') await flush(output, batch);
}

async function flush(output: Writable, text: string): Promise<boolean> {
  return writeText(output, text);
}

/** One entry as a line, without its line feed. */
export function lineOf(entry: ListEntry, format: ListFormat, nowMs: number): string {
  const { name } = entry;
  if (format === 'json') return JSON.stringify(entry.raw);
  if (format === 'encoded') return name.encoded;
  if (format === 'keys') return name.shown;
  if (entry.kind === 'prefix') return `${'-'.padStart(14)}  ${'-'.padEnd(20)}  ${'-'.padStart(10)}  ${name.shown}`;
  const { sizeBytes, modified, expires } = entry;
  const ttl = expires === undefined ? '-' : `${Math.max(0, Math.ceil((Date.parse(expires) - nowMs) / 1000))}s`;
  const time = modified.replace(/\.\d+Z$/, 'Z');
  return `${String(sizeBytes).padStart(14)}  ${time.padEnd(20)}  ${ttl.padStart(10)}  ${name.shown}`;
}

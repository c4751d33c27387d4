/** Surroundings for tests of the commands: streams that are looked at, a signal to end with, retries without pauses. */
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { systemClock } from '@sion/components';
import type { Address } from '../client/http-call.ts';
import { nameOfText } from '../client/object-name.ts';
import { defaultPatience } from '../client/object-read.ts';
import type { PutTerms } from '../client/object-write.ts';
import { type GetRequest, getObject } from './get.ts';
import { putObject } from './put.ts';
import type { Surroundings } from './surroundings.ts';

export interface TestSurroundings extends Surroundings {
  readonly output: PassThrough;
  /** What was said on standard error. */
  said(): string;
  readonly ending: AbortController;
}

export function surroundings(change: Partial<Surroundings> = {}): TestSurroundings {
  const ending = new AbortController();
  let said = '';
  return {
    clock: systemClock,
    input: Readable.from([]),
    errors: {
      write: (text) => {
        said += text;
      },
    },
    signal: ending.signal,
    patience: { ...defaultPatience, firstPauseMs: 0 },
    ...change,
    output: new PassThrough(),
    said: () => said,
    ending,
  };
}

export function testAddress(port: number): Address {
  return { purpose: 'the proxy’s HTTP port', host: '127.0.0.1', port, setting: 'SION_HTTP_PORT' };
}

/** Puts bytes through standard input. */
export async function put(http: Address, key: string, value: Uint8Array | string, terms: PutTerms = {}): Promise<void> {
  const input = Readable.from([Buffer.from(value)]);
  await putObject({ http, name: nameOfText(key), source: '-', terms }, surroundings({ input }));
}

export async function putFile(http: Address, key: string, source: string, terms: PutTerms = {}): Promise<void> {
  await putObject({ http, name: nameOfText(key), source, terms }, surroundings());
}

/** Gets an object through standard output. */
export async function get(http: Address, key: string, change: Partial<GetRequest> = {}): Promise<Buffer> {
  const around = surroundings();
  const bytes = buffer(around.output);
  await getObject({ http, name: nameOfText(key), target: '-', ...change }, around);
  around.output.end();
  return bytes;
}

export async function getFile(http: Address, key: string, target: string, around = surroundings()): Promise<void> {
  await getObject({ http, name: nameOfText(key), target }, around);
}

/** Bytes of which no stretch is like another: each four say where they are, and of what. */
export function countedBytes(sizeBytes: number, first = 0): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at + 4 <= sizeBytes; at += 4) bytes.writeUInt32LE(first + at / 4, at);
  return bytes;
}

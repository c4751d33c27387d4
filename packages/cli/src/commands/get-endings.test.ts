/** How `sion get` ends when it is this side that cannot, or no longer wants to, take the bytes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveHttp } from '../../../../tests/doubles/http-front.ts';
import type { Address } from '../client/http-call.ts';
import { getFile, put, testAddress } from './surroundings.test-data.ts';

let folder: string;
let http: Address;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sion-cli-'));
  const { port } = await serveHttp();
  http = testAddress(port);
  await put(http, 'large', Buffer.alloc(3_000_000, 'sion '));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['a folder that is not there', () => join(folder, 'none', 'out')],
  [
    'a folder in the place of the file',
    () => {
      mkdirSync(join(folder, 'out'));
      return join(folder, 'out');
    },
  ],
])('%s is told as such, and trying again is not advised', async (_name, makeTarget) => {
  const target = makeTarget();
  const attempt = getFile(http, 'large', target);
  await expect(attempt).rejects.toThrow(`${target} cannot be written: `);
  await expect(attempt).rejects.not.toThrow('Try again');
  expect(readdirSync(folder).filter((name) => name.includes('.sion-part'))).toEqual([]);
});

test('a reader that goes before the end is no fault', async () => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'get', 'large'], {
    env: { PATH: process.env['PATH'], SION_HTTP_PORT: String(http.port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [words, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect([code, words]).toEqual([0, '']);
});

/** get and put against the real HTTP front. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { HttpServerParts } from '@sion/proxy';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveHttp } from '../../../../tests/doubles/http-front.ts';
import { CliError } from '../cli-error.ts';
import { nameOfText } from '../client/object-name.ts';
import { putObject } from './put.ts';
import { get, getFile, put, putFile, surroundings, testAddress } from './surroundings.test-data.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sion-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function serve(change: Partial<HttpServerParts> = {}) {
  const served = await serveHttp(change);
  return { ...served, http: testAddress(served.port) };
}

function file(name: string, content: Uint8Array | string = ''): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('what is put is got again', () => {
  const large = Buffer.alloc(3_000_000, 'sion ');

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a byte', Buffer.from([0])],
    ['three megabytes', large],
  ])('%s, from and to a file', async (_name, bytes) => {
    const { http } = await serve();
    await putFile(http, 'a key/with ümlauts %', file('in', bytes));
    await getFile(http, 'a key/with ümlauts %', join(folder, 'out'));
    expect(readFileSync(join(folder, 'out')).equals(bytes)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['in', 'out']);
  });

  test('from standard input and to standard output', async () => {
    const { http } = await serve();
    await put(http, 'piped', large);
    expect((await get(http, 'piped')).equals(large)).toBe(true);
  });
});

test('a life time is handed on', async () => {
  const { http, objects } = await serve();
  await putFile(http, 'brief', file('in', 'x'), { ttlSeconds: 60 });
  expect((await objects.info('brief'))?.expiresAtMs).toBe(objects.nowMs() + 60_000);
});

describe('what goes wrong has one clear message', () => {
  test('a missing object', async () => {
    const { http } = await serve();
    await expect(getFile(http, 'nothing', join(folder, 'out'))).rejects.toThrow('There is no object nothing.');
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  test('a refusal of the proxy is given in its own words, also before the body was read', async () => {
    const { http } = await serve();
    const key = 'k'.repeat(600);
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(65_536));
      },
    });
    await expect(
      putObject({ http, name: nameOfText(key), source: '-', terms: {} }, surroundings({ input: endless })),
    ).rejects.toThrow(/512/);
    expect(endless.destroyed).toBe(true);
  });

  test('a file that cannot be read', async () => {
    const { http } = await serve();
    await expect(putFile(http, 'a', join(folder, 'none'))).rejects.toThrow(/none cannot be read/);
    await expect(putFile(http, 'a', folder)).rejects.toThrow('is a folder');
  });

  test('nothing that listens', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    await new Promise((resolve) => server.close(resolve));
    const attempt = get(testAddress(port), 'a');
    await expect(attempt).rejects.toThrow(`Nothing listens on 127.0.0.1:${port}`);
    await expect(attempt).rejects.toThrow('npm start');
    await expect(attempt).rejects.toBeInstanceOf(CliError);
    await expect(putFile(testAddress(port), 'a', file('in', 'x'))).rejects.toThrow('SION_HTTP_PORT');
  });
});

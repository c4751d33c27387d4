/** get and put against the real HTTP front. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { HttpServerParts } from '@sion/proxy';
import { SionError } from '@sion/wire';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectsReading, serveHttp } from '../../../../tests/doubles/http-front.ts';
import { CliError } from '../cli-error.ts';
import type { Address } from '../client/http-call.ts';
import { getObject } from './get.ts';
import { putObject } from './put.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sion-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function serve(change: Partial<HttpServerParts> = {}) {
  const served = await serveHttp(change);
  return { ...served, http: addressOf(served.port) };
}

function addressOf(port: number): Address {
  return { purpose: 'the proxy’s HTTP port', host: '127.0.0.1', port, setting: 'SION_HTTP_PORT' };
}

function file(name: string, content: Uint8Array | string = ''): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const noInput = () => Readable.from([]);

async function getBytes(http: Address, key: string): Promise<Buffer> {
  const output = new PassThrough();
  const bytes = buffer(output);
  await getObject(http, key, '-', output);
  output.end();
  return bytes;
}

describe('what is put is got again', () => {
  const large = Buffer.alloc(3_000_000, 'sion ');

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a byte', Buffer.from([0])],
    ['three megabytes', large],
  ])('%s, from and to a file', async (_name, bytes) => {
    const { http } = await serve();
    await putObject(http, 'a key/with ümlauts %', file('in', bytes), noInput(), {});
    await getObject(http, 'a key/with ümlauts %', join(folder, 'out'), new PassThrough());
    expect(readFileSync(join(folder, 'out')).equals(bytes)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['in', 'out']);
  });

  test('from standard input and to standard output', async () => {
    const { http } = await serve();
    await putObject(http, 'piped', '-', Readable.from([large.subarray(0, 10), large.subarray(10)]), {});
    expect((await getBytes(http, 'piped')).equals(large)).toBe(true);
  });
});

test('a life time is handed on', async () => {
  const { http, objects } = await serve();
  await putObject(http, 'brief', file('in', 'x'), noInput(), { ttlSeconds: 60 });
  expect((await objects.info('brief'))?.expiresAtMs).toBe(objects.nowMs() + 60_000);
});

describe('what goes wrong has one clear message', () => {
  test('a missing object', async () => {
    const { http } = await serve();
    await expect(getObject(http, 'nothing', join(folder, 'out'), new PassThrough())).rejects.toThrow(
      'There is no object "nothing".',
    );
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
    await expect(putObject(http, key, '-', endless, {})).rejects.toThrow(/512/);
    expect(endless.destroyed).toBe(true);
  });

  test('an object that breaks off leaves no file behind', async () => {
    const pieces = async function* () {
      yield Buffer.alloc(1000);
      await partialFile(folder);
      throw new SionError('unavailable', 'the store has gone');
    };
    const { objects } = objectsReading(pieces, 2000);
    const { http } = await serve({ objects });
    await expect(getObject(http, 'a', join(folder, 'out'), new PassThrough())).rejects.toThrow('did not come whole');
    expect(readdirSync(folder)).toEqual([]);
  });

  /** Resolves when the transfer has begun to write. */
  async function partialFile(place: string): Promise<void> {
    const isThere = () => readdirSync(place).some((name) => name.endsWith('.partial'));
    const there = Promise.withResolvers<void>();
    const watcher = watch(place, () => isThere() && there.resolve());
    if (isThere()) there.resolve();
    await there.promise;
    watcher.close();
  }

  test('a file that cannot be read', async () => {
    const { http } = await serve();
    await expect(putObject(http, 'a', join(folder, 'none'), noInput(), {})).rejects.toThrow(/none cannot be read/);
    await expect(putObject(http, 'a', folder, noInput(), {})).rejects.toThrow('is a folder');
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
    const attempt = getBytes(addressOf(port), 'a');
    await expect(attempt).rejects.toThrow(`Nothing listens on 127.0.0.1:${port}`);
    await expect(attempt).rejects.toThrow('npm start');
    await expect(attempt).rejects.toBeInstanceOf(CliError);
    await expect(putObject(addressOf(port), 'a', file('in', 'x'), noInput(), {})).rejects.toThrow('SION_HTTP_PORT');
  });
});

/**
 * The newcomer's first steps with Redis's own client: values of every size go in and come out equal, and their plain
 * bytes lie in the store. `.ci/run` brings `redis-cli`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Payload } from '@sion/workload';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalSion } from '../e2e/local-sion.ts';

let sion: LocalSion;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sion-redis-cli-'));
  sion = await LocalSion.start();
});
afterAll(async () => {
  await sion.stop();
  rmSync(folder, { recursive: true, force: true });
});

function redisCli(...args: readonly string[]): ChildProcess {
  return spawn('redis-cli', ['-p', String(sion.proxy.ready['respPort']), ...args]);
}

/** What the client printed, without its last line feed. */
async function answer(...args: readonly string[]): Promise<string> {
  const child = redisCli(...args);
  child.stdin?.end();
  const [words] = await Promise.all([text(child.stdout ?? Readable.from([])), once(child, 'close')]);
  return words.replace(/\n$/, '');
}

async function hashFile(path: string, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256');
  // redis-cli ends what it prints with a line feed of its own.
  if (sizeBytes > 0) for await (const piece of createReadStream(path, { end: sizeBytes - 1 })) hash.update(piece);
  return hash.digest('hex');
}

function* pieces(payload: Payload): Generator<Uint8Array> {
  const pieceBytes = 1 << 20;
  for (let offset = 0; offset < payload.sizeBytes; offset += pieceBytes) {
    const piece = new Uint8Array(Math.min(pieceBytes, payload.sizeBytes - offset));
    payload.fill(piece, offset);
    yield piece;
  }
}

test('redis-cli finds a server that answers it', async () => {
  expect(await answer('PING')).toBe('PONG');
  expect(await answer('-3', 'HELLO', '3')).toContain('proto');
  expect(await answer('SET', 'counter', '41')).toBe('OK');
  expect(await answer('INCR', 'counter')).toBe('42');
  expect(await answer('GET', 'nothing')).toBe('');
  expect(await answer('NOSUCHCOMMAND')).toContain("ERR unknown command 'NOSUCHCOMMAND'");
});

const sizes = { '0 B': 0, '1 B': 1, '1 KB': 1e3, '1 MB': 1e6, '100 MB': 1e8, '400 MB': 4e8 };

test.each(Object.entries(sizes))(
  'a value of %s',
  async (_name, sizeBytes) => {
    const key = `value-${sizeBytes}`;
    const [put, got] = [join(folder, 'put'), join(folder, 'got')];
    await pipeline(Readable.from(pieces(new Payload({ key, version: 1, sizeBytes }))), createWriteStream(put));
    const expected = await hashFile(put, sizeBytes);

    const set = redisCli('-x', 'SET', key);
    const said = text(set.stdout ?? Readable.from([]));
    if (set.stdin !== null) await pipeline(createReadStream(put), set.stdin);
    expect(await said).toBe('OK\n');

    const get = redisCli('GET', key);
    get.stdin?.end();
    if (get.stdout !== null) await pipeline(get.stdout, createWriteStream(got));
    expect(await answer('STRLEN', key)).toBe(String(sizeBytes));
    expect(await hashFile(got, sizeBytes)).toBe(expected);
    expect(await hashFile(join(sion.dataDir, 'store', key), sizeBytes)).toBe(expected);
    rmSync(put);
    rmSync(got);
  },
  360_000,
);

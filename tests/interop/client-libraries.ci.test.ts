/**
 * Client libraries, unchanged, against a whole SION: ioredis, node-redis, valkey-glide, and Debian's python3-redis.
 * `.ci/run` installs the last two and names the folder of valkey-glide in `VALKEY_GLIDE`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Payload } from '@sion/workload';
import { Redis } from 'ioredis';
import { createClient, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LocalSion } from '../e2e/local-sion.ts';

let sion: LocalSion;
let port: number;

beforeAll(async () => {
  sion = await LocalSion.start();
  port = Number(sion.proxy.ready['respPort']);
});
afterAll(() => sion.stop());

function payload(key: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  new Payload({ key, version: 1, sizeBytes }).fill(bytes, 0);
  return bytes;
}

const large = payload('large', 5_000_000);

describe.each([2, 3] as const)('ioredis with RESP%i', (protocol) => {
  test('works unchanged', async () => {
    const redis = new Redis({ host: '127.0.0.1', port, protocol, connectionName: 'io' });
    const key = (name: string) => `io${protocol}:${name}`;
    expect(await redis.set(key('k'), 'value', 'EX', 100)).toBe('OK');
    expect(await redis.getex(key('k'), 'PERSIST')).toBe('value');
    expect(await redis.ttl(key('k'))).toBe(-1);
    expect(await redis.set(key('large'), large)).toBe('OK');
    expect(large.equals((await redis.getBuffer(key('large'))) ?? Buffer.alloc(0))).toBe(true);
    expect(
      (await redis.getrangeBuffer(key('large'), 4_000_000, 4_000_099)).equals(large.subarray(4_000_000, 4_000_100)),
    ).toBe(true);
    const counted = await Promise.all(Array.from({ length: 300 }, () => redis.incr(key('n'))));
    expect(counted).toEqual(counted.map((_, at) => at + 1));
    await redis.mset(Object.fromEntries(Array.from({ length: 60 }, (_, at) => [key(`many:${at}`), String(at)])));
    const found: string[] = [];
    for await (const page of redis.scanStream({ match: key('many:*'), count: 9 })) found.push(...(page as string[]));
    expect(new Set(found).size).toBe(60);
    expect(await redis.client('LIST', 'ID', await redis.client('ID'))).toMatch(/name=io .*cmd=client\|list/);
    await expect(redis.lpush(key('list'), 'x')).rejects.toThrow("unknown command 'lpush'");
    await expect(redis.multi().set(key('k'), 'x').exec()).rejects.toThrow();
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.quit()).toBe('OK');
  });
});

describe.each([2, 3] as const)('node-redis with RESP%i', (version) => {
  test('works unchanged', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP: version, name: 'node' });
    await client.connect();
    const key = (name: string) => `node${version}:${name}`;
    expect(await client.set(key('k'), 'value', { expiration: { type: 'EX', value: 100 } })).toBe('OK');
    expect(await client.getDel(key('k'))).toBe('value');
    expect(await client.get(key('k'))).toBeNull();
    expect(await client.set(key('large'), large)).toBe('OK');
    const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    expect(large.equals((await buffers.get(key('large'))) ?? Buffer.alloc(0))).toBe(true);
    await client.mSet(Array.from({ length: 60 }, (_, at) => [key(`many:${at}`), String(at)] as [string, string]));
    const found: string[] = [];
    for await (const keys of client.scanIterator({ MATCH: key('many:*'), COUNT: 9 })) found.push(...keys);
    expect(new Set(found).size).toBe(60);
    expect(await client.clientInfo()).toMatchObject({ name: 'node', resp: version, libName: 'node-redis' });
    expect((await client.clientList()).length).toBeGreaterThan(0);
    expect(await client.commandGetKeys(['MSET', 'a', '1', 'b', '2'])).toEqual(['a', 'b']);
    expect(await client.configGet('maxmemory*')).toMatchObject({ 'maxmemory-policy': 'noeviction' });
    await expect(client.lPush(key('list'), 'x')).rejects.toThrow("unknown command 'LPUSH'");
    expect(await client.ping()).toBe('PONG');
    await client.close();
  });
});

/** What is used of valkey-glide, which is not among the dependencies. */
interface Glide {
  readonly GlideClient: { createClient(options: object): Promise<GlideClient> };
}
interface GlideClient {
  set(key: string, value: string | Buffer, options?: object): Promise<unknown>;
  get(key: string, options?: object): Promise<unknown>;
  incr(key: string): Promise<number>;
  mset(pairs: Readonly<Record<string, string>>): Promise<unknown>;
  mget(keys: readonly string[]): Promise<unknown>;
  ttl(key: string): Promise<number>;
  del(keys: readonly string[]): Promise<number>;
  customCommand(args: readonly string[]): Promise<unknown>;
  close(): void;
}

const glideFolder = process.env['VALKEY_GLIDE'];

test.skipIf(glideFolder === undefined)('valkey-glide works unchanged', async () => {
  const require = createRequire(`${glideFolder}/`);
  const { GlideClient } = require('@valkey/valkey-glide') as Glide;
  for (const protocol of [0, 1]) {
    const client = await GlideClient.createClient({
      addresses: [{ host: '127.0.0.1', port }],
      ...{ protocol, clientName: 'glide', requestTimeout: 30_000 },
    });
    const key = (name: string) => `glide${protocol}:${name}`;
    expect(await client.set(key('k'), 'value', { expiry: { type: 'EX', count: 100 } })).toBe('OK');
    expect(await client.get(key('k'))).toBe('value');
    expect(await client.ttl(key('k'))).toBeGreaterThan(90);
    expect(await client.get(key('nothing'))).toBeNull();
    expect(await client.set(key('large'), large)).toBe('OK');
    const got = await client.get(key('large'), { decoder: 0 });
    expect(Buffer.isBuffer(got) && large.equals(got)).toBe(true);
    const counted = await Promise.all(Array.from({ length: 300 }, () => client.incr(key('n'))));
    expect(counted.toSorted((a, b) => a - b)).toEqual(counted.map((_, at) => at + 1));
    expect(await client.mset({ [key('a')]: '1', [key('b')]: '2' })).toBe('OK');
    expect(await client.mget([key('a'), key('nothing'), key('b')])).toEqual(['1', null, '2']);
    expect(await client.del([key('a'), key('b')])).toBe(2);
    expect(await client.customCommand(['CLIENT', 'GETNAME'])).toBe('glide');
    await expect(client.customCommand(['LPUSH', 'list', 'x'])).rejects.toThrow('unknown command');
    client.close();
  }
});

test('python3-redis works unchanged', async () => {
  const script = fileURLToPath(new URL('python-client.py', import.meta.url));
  const child = spawn('/usr/bin/python3', [script, String(port)]);
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toContain('all is well');
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { openDirectoryStore, systemRandom } from '@sion/components';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { S3Server } from '../../../tests/s3-server/s3-server.ts';
import { buildNodeBundle, type NodeBundle } from './bundle.ts';
import { ScriptedProxy } from './scripted-proxy.test-data.ts';

let folder: string;
let bundle: NodeBundle;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sion-bundle-'));
  bundle = await buildNodeBundle({ outDir: join(folder, 'built', 'node') });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Calls the handler in a process of its own, with nothing but the bundle. */
async function callHandler(environment: Record<string, string>, event: unknown): Promise<unknown> {
  const script = `
    const { handler } = await import(${JSON.stringify(join(bundle.folder, 'index.mjs'))});
    const result = await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 60_000 });
    process.stdout.write(JSON.stringify(result), () => process.exit(0));`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: environment });
  return JSON.parse((await run).stdout);
}

const warmup = { v: 1, kind: 'warmup', node: 'n', host: 'h', port: 1, epoch: 1, session: 1, token: '00' };

it('is a module with what it loads and source maps, and says which code it is', async () => {
  const names = await readdir(bundle.folder);
  const modules = names.filter((name) => name.endsWith('.mjs'));
  expect(modules).toContain('index.mjs');
  expect(names.toSorted()).toEqual(modules.flatMap((name) => [name, `${name}.map`]).toSorted());
  expect(bundle).toMatchObject({ handler: 'index.handler', folder: join(folder, 'built', 'node') });
  expect(bundle.codeVersion).toMatch(/^[0-9a-f]{64}$/);
  const again = await buildNodeBundle({ outDir: join(folder, 'elsewhere') });
  expect(again.codeVersion).toBe(bundle.codeVersion);
});

it('starts small, and without an SDK, which a load from S3 brings in', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    await import(${JSON.stringify(join(bundle.folder, 'index.mjs'))});
    process.stdout.write(JSON.stringify(loaded), () => process.exit(0));`;
  const env = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512', SION_DATA_DIR: folder };
  const run = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  const urls: unknown = JSON.parse(run.stdout);
  const loaded = (Array.isArray(urls) ? urls.map(String) : []).filter((url) => url.startsWith('file:'));
  expect(loaded.map((url) => basename(url))).toContain('index.mjs');
  for (const url of loaded) expect(await readFile(fileURLToPath(url), 'utf8')).not.toMatch(/aws-sdk|smithy/);
  expect(bundle.sizeBytes).toBeLessThan(640 * 1024);
});

it('clears away the parts of an earlier build', async () => {
  const outDir = join(folder, 'rebuilt');
  await mkdir(outDir);
  await writeFile(join(outDir, 'part-s3-store-OLD.mjs'), '');
  await buildNodeBundle({ outDir });
  expect(await readdir(outDir)).not.toContain('part-s3-store-OLD.mjs');
});

it('stands alone: it answers a warm-up, with an instance id of its own per process', async () => {
  const environment = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512', SION_DATA_DIR: folder };
  const [a, b] = await Promise.all([callHandler(environment, warmup), callHandler(environment, warmup)]);
  expect(a).toMatchObject({
    v: 1,
    ended: 'warmup',
    chunks: 0,
    bytes: 0,
    instance: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(a).not.toEqual(b);
});

it('serves a session: stores, loads from the directory store, gives back', async () => {
  const store = await openDirectoryStore({ root: join(folder, 'store'), create: true, random: systemRandom });
  await store.claim();
  const object = systemRandom.bytes(2_000_000);
  const written = await store.put('o', object, {}, { kind: 'absent' });
  await store.close();
  const etag = written.kind === 'written' ? written.etag : '';
  const part = object.subarray(500_000, 1_500_000);
  const proxy = await ScriptedProxy.start();
  try {
    const environment = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512', SION_DATA_DIR: folder };
    const { host, port } = proxy;
    const result = callHandler(environment, { ...warmup, kind: 'session', host, port });
    const { control, bulk } = await proxy.open();
    const id = (index: number) => ({ epoch: 1, counter: 1, fragment: 0, index });
    const chunk = { checksum: crc32(part), payload: part };
    expect(await bulk.ask(1, 1, { type: 'store', id: id(0), ...chunk })).toEqual({ type: 'done' });
    const range = { storeName: 'o', etag, offset: 500_000, lengthBytes: part.length };
    expect(await control.ask(1, 2, { type: 'load', id: id(1), checksum: crc32(part), ...range })).toEqual({
      type: 'done',
    });
    for (const index of [0, 1]) {
      const fetched = await bulk.ask(1, 3, { type: 'fetch', id: id(index) });
      expect('payload' in fetched && Buffer.compare(fetched.payload, part)).toBe(0);
    }
    control.send(1, 0, { type: 'end' });
    expect(await result).toMatchObject({ ended: 'end', chunks: 2, bytes: 2_000_000 });
  } finally {
    await proxy.close();
  }
});

it('loads from S3, with the SDK that it brings along', async () => {
  const server = await S3Server.start();
  const proxy = await ScriptedProxy.start();
  try {
    const object = Buffer.from(systemRandom.bytes(300_000));
    const etag = `"${server.bucket().put('p/o', object, {}).etag}"`;
    const environment = {
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      SION_STORE: 's3',
      SION_S3_BUCKET: 'bucket',
      SION_S3_ENDPOINT: server.endpoint,
      SION_PREFIX: 'p',
    };
    const { host, port } = proxy;
    const result = callHandler(environment, { ...warmup, kind: 'session', host, port });
    const { control } = await proxy.open();
    const part = object.subarray(1000, 250_000);
    const load = { storeName: 'o', etag, offset: 1000, lengthBytes: part.length, checksum: crc32(part) };
    const id = { epoch: 1, counter: 1, fragment: 0, index: 0 };
    expect(await control.ask(1, 1, { type: 'load', id, ...load })).toEqual({ type: 'done' });
    control.send(1, 0, { type: 'end' });
    expect(await result).toMatchObject({ ended: 'end', chunks: 1, bytes: part.length });
  } finally {
    await proxy.close();
    await server.close();
  }
});

it('refuses to start with a setting that is not one', async () => {
  const environment = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512', SION_DATA_DIR: folder, SION_DATA_DIRECTORY: 'x' };
  await expect(callHandler(environment, warmup)).rejects.toThrow(/SION_DATA_DIRECTORY .*is not a setting/);
});

/**
 * The node's bundle under AWS's own runtime client, the one inside the managed runtime, driven by the emulator: what
 * runs here runs on Lambda. The client compiles itself on installation, so `.ci/run` brings it and names its folder in
 * AWS_LAMBDA_RIC.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLambdaFunctions } from '@sion/aws';
import { type Functions, readSettings, silentLog, systemClock, systemRandom } from '@sion/components';
import {
  createEmulator,
  createEmulatorControl,
  type Emulator,
  type EmulatorControl,
  localEmulatorSettings,
} from '@sion/emulator';
import { buildNodeBundle } from '@sion/node';
import { encodeInvocation, type InvocationPayload } from '@sion/wire';
import { afterAll, beforeAll, expect, test } from 'vitest';

const name = 'sion-node-000';
const bootstrapScript = join(process.env['AWS_LAMBDA_RIC'] ?? '/AWS_LAMBDA_RIC-is-not-set', 'index.mjs');

let folder: string;
let emulator: Emulator;
let control: EmulatorControl;
let functions: Functions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sion-ric-'));
  const environment = { SION_DATA_DIR: folder, SION_LAMBDA_PORT: '0' };
  const settings = readSettings(localEmulatorSettings, { environment });
  emulator = await createEmulator({ settings, clock: systemClock, random: systemRandom, log: silentLog });
  control = createEmulatorControl(emulator.endpoint);
  const bundle = await buildNodeBundle({ outDir: join(folder, 'node') });
  await control.putFunction(name, {
    bundleFolder: bundle.folder,
    handler: bundle.handler,
    codeVersion: bundle.codeVersion,
    bootstrapScript,
    memoryMb: 512,
    timeoutMs: 30_000,
    reservedConcurrency: 1,
    environment: { SION_DATA_DIR: folder },
  });
  functions = createLambdaFunctions({
    region: 'us-east-1',
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxConcurrent: 4,
    timeoutMs: 60_000,
  });
});

afterAll(async () => {
  await functions.close();
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});

async function invoke(change: Partial<InvocationPayload>) {
  const payload: InvocationPayload = {
    v: 1,
    kind: 'warmup',
    node: name,
    host: '127.0.0.1',
    port: 1,
    epoch: 1,
    session: 1,
    token: '00',
    ...change,
  };
  const outcome = await functions.invoke(name, encodeInvocation(payload));
  if (outcome.kind !== 'returned') throw new Error(`${JSON.stringify(outcome)}\n${await control.functionLog(name)}`);
  return { result: JSON.parse(Buffer.from(outcome.payload).toString()), report: outcome.report };
}

test('a warm-up returns at once, and the instance stays the same', async () => {
  const first = await invoke({});
  expect(first.result).toMatchObject({ v: 1, ended: 'warmup', chunks: 0, bytes: 0 });
  expect(first.report?.initMs).toBeGreaterThan(0);
  const second = await invoke({});
  expect(second.result.instance).toBe(first.result.instance);
  expect(second.report?.initMs).toBeUndefined();
});

test('between invocations the instance is frozen', async () => {
  await invoke({});
  expect((await control.instances()).map(({ state, processState }) => [state, processState])).toEqual([['idle', 'T']]);
});

test('a session dials the address of its invocation', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      hello.resolve(bytes);
      socket.destroy();
    });
  });
  const hello = Promise.withResolvers<Buffer>();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { result } = await invoke({ kind: 'session', port });
  expect((await hello.promise).includes(name)).toBe(true);
  expect(result.ended).toBe('link-lost');
  await new Promise((resolve) => server.close(resolve));
});

test('an event that is none of ours is the function’s own error', async () => {
  const outcome = await functions.invoke(name, Buffer.from('{"v":2}'));
  expect(outcome).toMatchObject({ kind: 'function-error', errorType: 'SionError' });
});

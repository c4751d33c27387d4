import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEmulatorControl } from './control/control-client.ts';
import { type Bench, openBench, plainFunction, rejection } from './emulator.test-data.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test('functions are put, listed and removed', async () => {
  const { putFunction, functions, removeFunction } = bench.control;
  const definition = { ...plainFunction(bench.bundleFolder), reservedConcurrency: 2, codeVersion: 'v1' };
  const listing = {
    name: 'f',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
    state: 'Active',
    memoryMb: 256,
    timeoutMs: 60_000,
    handler: 'index.handler',
    bundleFolder: bench.bundleFolder,
    instances: 0,
    reservedConcurrency: 2,
    codeVersion: 'v1',
  };
  expect(await putFunction('f', definition)).toEqual(listing);
  expect(await functions()).toEqual([listing]);
  expect(await bench.control.status()).toMatchObject({
    functions: 1,
    pid: process.pid,
    endpoint: bench.emulator.endpoint,
  });
  await removeFunction('f');
  expect(await functions()).toEqual([]);
  expect(await rejection(removeFunction('f'))).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('no function f'),
  });
});

test.each([
  ['a relative folder', { bundleFolder: 'bundle' }, 'absolute path'],
  ['a folder that is not there', { bundleFolder: '/no/such/folder' }, 'build it first'],
  ['too little memory', { memoryMb: 127 }, 'memoryMb'],
  ['too much memory', { memoryMb: 10_241 }, 'memoryMb'],
  ['a time-out above 15 minutes', { timeoutMs: 900_001 }, 'timeoutMs'],
  ['a variable of Lambda’s own', { environment: { AWS_LAMBDA_RUNTIME_API: 'x' } }, 'choose another'],
  ['an unknown field', { colour: 'green' }, 'additional'],
  ['more concurrency than there is', { reservedConcurrency: 901 }, 'at most 900 is left'],
])('%s is refused with the remedy', async (_, change, words) => {
  const definition = { ...plainFunction(bench.bundleFolder), ...change };
  const refused = await rejection(bench.control.putFunction('wrong', definition));
  expect(refused).toMatchObject({ name: 'SionError', code: 'invalid', message: expect.stringContaining(words) });
  expect(await bench.control.functions()).toEqual([]);
});

test.each([
  [{}, 'exactly one of'],
  [{ count: 1, share: 0.5 }, 'exactly one of'],
  [{ share: 1.5 }, 'share'],
  [{ instance: 'nobody' }, 'no instance nobody'],
  [{ all: true, functionName: 'none' } as const, 'no function none'],
])('reclaiming %o is refused with the remedy', async (wish, words) => {
  expect(await rejection(bench.control.reclaim(wish))).toMatchObject({ message: expect.stringContaining(words) });
});

test('a name that is none, and a call that is none', async () => {
  const refused = await rejection(bench.control.putFunction('not a name', plainFunction(bench.bundleFolder)));
  expect(refused).toMatchObject({ message: expect.stringContaining('letters, digits') });
  expect(await rejection(bench.control.functionLog(join('..', 'x')))).toMatchObject({ code: 'invalid' });
});

test('networks without a limit cannot be given one', async () => {
  const limit = { bytesPerSecond: 1000, burstBytes: 0, peakBytesPerSecond: 0 };
  const refused = await rejection(bench.control.limitNetwork(limit));
  expect(refused).toMatchObject({ message: expect.stringContaining('SION_EMULATOR_NETWORK_BYTES_PER_SECOND') });
});

test('an emulator that is not there', async () => {
  const { endpoint } = bench.emulator;
  const nobody = createEmulatorControl(endpoint.replace(/\d+$/, '1'));
  expect(await rejection(nobody.status())).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('is it running?'),
  });
});

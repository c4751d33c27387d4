import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../tests/doubles/turns.ts';
import type { InstanceListing } from './control/contract.ts';
import { type Bench, type Gate, isGone, openBench, openGate } from './emulator.test-data.ts';
import { readProcessState } from './process/memory.ts';

let bench: Bench;
let gate: Gate;
beforeAll(async () => {
  bench = await openBench({ emulatorMemorySampleMs: 10 });
  gate = await openGate();
});
afterAll(async () => {
  await gate.close();
  await bench.close();
});

async function instancesOf(name: string): Promise<readonly InstanceListing[]> {
  return (await bench.control.instances()).filter((each) => each.functionName === name);
}

async function pidOf(name: string): Promise<number> {
  const pid = (await instancesOf(name))[0]?.pid;
  if (pid === undefined) throw new Error(`${name} has no instance with a process`);
  return pid;
}

describe('freeze and thaw', () => {
  test('between invocations the process is stopped (state T), within one it is not; memory is kept', async () => {
    await bench.put('f', { reservedConcurrency: 1 });
    for (const count of [1, 2, 3]) {
      const running = bench.invoke('f', { gate: gate.port });
      await gate.arrival();
      const pid = await pidOf('f');
      expect(await instancesOf('f')).toMatchObject([{ state: 'busy', processState: expect.stringMatching(/[RSD]/) }]);
      gate.release();
      expect((await running).payload).toMatchObject({ count, pid });
      await until(() => readProcessState(pid) === 'T');
      expect(await instancesOf('f')).toMatchObject([{ state: 'idle', invocations: count, processState: 'T' }]);
    }
  });

  test('one invocation at a time: two callers get two instances', async () => {
    await bench.put('two');
    const calls = [bench.invoke('two', { gate: gate.port }), bench.invoke('two', { gate: gate.port })];
    await gate.arrival();
    await gate.arrival();
    gate.release();
    const pids = (await Promise.all(calls)).map((answer) => answer.payload['pid']);
    expect(new Set(pids).size).toBe(2);
  });
});

describe('how an instance is lost', () => {
  /** Loses the instance with this event, and shows that the next invocation finds a fresh one. */
  async function lose(name: string, event: object): Promise<{ log: string; payload: object; pid: number }> {
    expect((await bench.invoke(name)).payload['count']).toBe(1);
    const pid = await pidOf(name);
    const answer = await bench.invoke(name, event);
    expect(answer).toMatchObject({ statusCode: 200, functionError: 'Unhandled' });
    await until(() => isGone(pid));
    expect((await bench.invoke(name)).payload['count']).toBe(1);
    return { ...answer, pid };
  }

  test.each([{ hang: true }, { spin: true }])('time-out (%o)', async (event) => {
    const name = `slow-${Object.keys(event)[0]}`;
    await bench.put(name, { timeoutMs: 1500 });
    const { log, payload } = await lose(name, event);
    expect(payload).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1.50 seconds$/),
    });
    expect(log).toMatch(/\tDuration: 1500.00 ms\tBilled Duration: 1500 ms\t.*\tStatus: timeout\t\n$/);
  });

  test('crash: exit, signal, an error that nobody caught', async () => {
    await bench.put('crash');
    const exit = await lose('crash', { exit: 7 });
    expect(exit.payload).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('Runtime exited with error: exit status 7'),
    });
    await bench.put('killed');
    expect((await lose('killed', { kill: 'SIGKILL' })).payload).toMatchObject({
      errorMessage: expect.stringContaining('Runtime exited with error: signal: killed'),
    });
    await bench.put('unsettled');
    expect((await lose('unsettled', { never: true })).payload).toMatchObject({ errorType: 'Runtime.ExitError' });
    await bench.put('rejected');
    expect((await lose('rejected', { reject: 'lost', hang: true })).payload).toMatchObject({
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: 'lost',
    });
  });

  test.each([{ allocateMb: 150, hang: true }, { allocateMb: 150 }])('out of memory (%o)', async (event) => {
    const name = `fat-${String('hang' in event)}`;
    await bench.put(name, { memoryMb: 128 });
    const { log, payload } = await lose(name, event);
    expect(payload).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
    expect(log).toMatch(
      /\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\t\n$/,
    );
  });
});

test('what a handler started goes with its instance', async () => {
  await bench.put('parent');
  const { payload } = await bench.invoke('parent', { start: true });
  const started = Number(payload['started']);
  expect(isGone(started)).toBe(false);
  await bench.control.reclaim({ all: true, functionName: 'parent' });
  await until(() => isGone(started));
  await bench.put('leaver');
  const left = bench.invoke('leaver', { start: true, exit: 0, gate: gate.port });
  const orphan = Number(await gate.arrival());
  gate.release();
  expect((await left).functionError).toBe('Unhandled');
  await until(() => isGone(orphan));
});

describe('INIT', () => {
  async function putBroken(name: string, source: string, handler = 'index.handler'): Promise<void> {
    const bundleFolder = join(bench.folder, name);
    mkdirSync(bundleFolder);
    writeFileSync(join(bundleFolder, 'index.mjs'), source);
    await bench.put(name, { bundleFolder, handler });
  }

  test.each([
    ['broken-syntax', 'export const handler = async ( => 1;', 'index.handler', 'Runtime.UserCodeSyntaxError'],
    ['broken-throw', "throw new RangeError('init');", 'index.handler', 'RangeError'],
    ['broken-exit', 'process.exit(4);', 'index.handler', 'Runtime.ExitError'],
    ['no-module', '', 'other.handler', 'Runtime.ImportModuleError'],
    ['no-export', 'export const a = 1;', 'index.handler', 'Runtime.HandlerNotFound'],
    ['no-function', 'export const handler = 1;', 'index.handler', 'Runtime.HandlerNotFound'],
    [
      'callback',
      'export const handler = (a, b, c) => c(null, 1);',
      'index.handler',
      'Runtime.CallbackHandlerDeprecated',
    ],
    ['bad-name', '', 'handler', 'Runtime.MalformedHandlerName'],
  ])('%s', async (name, source, handler, errorType) => {
    await putBroken(name, source, handler);
    const answer = await bench.invoke(name);
    expect(answer).toMatchObject({ functionError: 'Unhandled', payload: { errorType } });
    expect(answer.log).toMatch(/\tInit Duration: /);
    expect(await instancesOf(name)).toEqual([]);
  });

  test('CommonJS and AWS’s extensions are found', async () => {
    const bundleFolder = join(bench.folder, 'common');
    mkdirSync(bundleFolder);
    writeFileSync(join(bundleFolder, 'app.cjs'), 'exports.run = async () => ({ common: true });');
    await bench.put('common', { bundleFolder, handler: 'app.run' });
    expect((await bench.invoke('common')).payload).toEqual({ common: true });
  });
});

test('an instance finds what Lambda sets, the function’s own, PATH, and nothing of ours', async () => {
  await bench.put('env', { environment: { COLOUR: 'green', AWS_ACCESS_KEY_ID: 'own' }, memoryMb: 300 });
  const { payload } = await bench.invoke('env', { environment: true });
  expect(payload).toMatchObject({
    COLOUR: 'green',
    AWS_ACCESS_KEY_ID: 'own',
    PATH: process.env['PATH'],
    _HANDLER: 'index.handler',
    LAMBDA_TASK_ROOT: bench.bundleFolder,
    AWS_REGION: 'us-east-1',
    AWS_LAMBDA_FUNCTION_NAME: 'env',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '300',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/env',
    AWS_LAMBDA_LOG_STREAM_NAME: expect.any(String),
    AWS_LAMBDA_RUNTIME_API: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-/),
  });
  const expected = /^(AWS_|LAMBDA_|_HANDLER$|_X_AMZN|PATH$|LANG$|TZ$|COLOUR$)/;
  expect(Object.keys(payload).filter((name) => !expected.test(name))).toEqual([]);
});

test('new code replaces instances: idle ones now, busy ones after their invocation', async () => {
  await bench.put('code', { codeVersion: '1' });
  const calls = [bench.invoke('code', { gate: gate.port }), bench.invoke('code', { gate: gate.port })];
  await gate.arrival();
  await gate.arrival();
  gate.release();
  await Promise.all(calls);
  const running = bench.invoke('code', { gate: gate.port });
  await gate.arrival();
  const before = await instancesOf('code');
  const pidWhere = (state: string) => before.find((each) => each.state === state)?.pid ?? 0;
  await bench.put('code', { codeVersion: '1', reservedConcurrency: 5 });
  expect(await instancesOf('code')).toHaveLength(2);
  await bench.put('code', { codeVersion: '2', reservedConcurrency: 5 });
  await until(() => isGone(pidWhere('idle')));
  expect(await instancesOf('code')).toMatchObject([{ state: 'busy', pid: pidWhere('busy') }]);
  gate.release();
  expect((await running).payload).toMatchObject({ count: 2 });
  await until(() => isGone(pidWhere('busy')));
  expect((await bench.invoke('code')).payload['count']).toBe(1);
});

describe('reclamation on command', () => {
  test('one, a count, a share, all: the processes are gone when it answers', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `r${index}`);
    for (const name of names) {
      await bench.put(name);
      await bench.invoke(name);
    }
    const pids = new Map<string, number>();
    for (const name of names) pids.set(name, await pidOf(name));
    const alive = () => names.filter((name) => !isGone(pids.get(name) ?? 0));
    const first = (await instancesOf('r0'))[0]?.id ?? '';
    expect(await bench.control.reclaim({ instance: first })).toEqual({ reclaimed: [first] });
    expect(alive()).toEqual(names.slice(1));
    expect(await bench.control.reclaim({ all: true, functionName: 'r1' })).toMatchObject({
      reclaimed: [expect.any(String)],
    });
    expect(alive()).toEqual(names.slice(2));
    const others = (await bench.control.instances()).length - 4;
    await bench.control.reclaim({ count: 2, functionName: 'r2', seed: 1 });
    expect(alive()).toEqual(names.slice(3));
    const { reclaimed } = await bench.control.reclaim({ share: 0.5, seed: 1 });
    expect(reclaimed.length).toBe(Math.round((others + 3) / 2));
    await bench.control.reclaim({ all: true });
    expect([alive(), await bench.control.instances()]).toEqual([[], []]);
  });

  test('a busy instance dies with its invocation, unless it is to be spared', async () => {
    await bench.put('busy', { reservedConcurrency: 1 });
    const running = bench.invoke('busy', { gate: gate.port });
    await gate.arrival();
    expect(await bench.control.reclaim({ all: true, functionName: 'busy', idleOnly: true })).toEqual({ reclaimed: [] });
    expect((await bench.control.reclaim({ all: true, functionName: 'busy' })).reclaimed).toHaveLength(1);
    expect(await running).toMatchObject({ functionError: 'Unhandled', payload: { errorType: 'Runtime.ExitError' } });
    expect((await bench.invoke('busy')).payload['count']).toBe(1);
  });
});

/** `Functions` over the unmodified SDK against the emulator: what the fleet meets in local mode, and on AWS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLambdaFunctions } from '@sion/aws';
import { type Functions, readSettings, silentLog, systemClock, systemRandom } from '@sion/components';
import { createEmulator, createEmulatorControl, type Emulator, localEmulatorSettings } from '@sion/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
let emulator: Emulator;
let functions: Functions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sion-functions-'));
  const source =
    "let count = 0; export const run = async (e) => { if (e.fail) throw new RangeError('no'); return ++count; };";
  writeFileSync(join(folder, 'index.mjs'), source);
  const environment = {
    SION_LAMBDA_PORT: '0',
    SION_DATA_DIR: folder,
    SION_EMULATOR_INVOCATIONS_PER_SECOND: '4',
    SION_EMULATOR_RATE_WINDOW_MS: '3600000',
  };
  const settings = readSettings(localEmulatorSettings, { environment });
  emulator = await createEmulator({ settings, clock: systemClock, random: systemRandom, log: silentLog });
  const control = createEmulatorControl(emulator.endpoint);
  const definition = { bundleFolder: folder, handler: 'index.run', memoryMb: 128, timeoutMs: 60_000 };
  await control.putFunction('f', { ...definition, reservedConcurrency: 1 });
  functions = createLambdaFunctions({
    region: 'us-east-1',
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxConcurrent: 8,
    timeoutMs: 90_000,
  });
});
afterAll(async () => {
  await functions.close();
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});

const invoke = (event: object, name = 'f') => functions.invoke(name, Buffer.from(JSON.stringify(event)));

test('returned with its report, failed, throttled, refused, and the meter agrees', async () => {
  const first = await invoke({});
  if (first.kind !== 'returned' || first.report === undefined) throw new Error(JSON.stringify(first));
  expect(Buffer.from(first.payload).toString()).toBe('1');
  expect(first.report.billedMs).toBe(
    Math.ceil(Number((first.report.durationMs + (first.report.initMs ?? 0)).toFixed(2))),
  );
  expect(first.report).toMatchObject({ memoryMb: 128, initMs: expect.any(Number) });
  const failed = await invoke({ fail: true });
  expect(failed).toMatchObject({ kind: 'function-error', errorType: 'RangeError', message: 'no' });
  const others = [await invoke({}), await invoke({})];
  const billed = [first, failed, ...others].map((outcome) =>
    'report' in outcome ? (outcome.report?.billedMs ?? 0) : 0,
  );
  const meter = await createEmulatorControl(emulator.endpoint).meter();
  expect(meter.functions['f']).toMatchObject({ invocations: 4, billedMs: billed.reduce((sum, each) => sum + each, 0) });
  expect(await invoke({})).toMatchObject({
    kind: 'throttled',
    reason: 'ReservedFunctionInvocationRateLimitExceeded',
    retryAfterMs: expect.any(Number),
  });
  expect(await invoke({}, 'none')).toMatchObject({ kind: 'refused', errorType: 'ResourceNotFoundException' });
});

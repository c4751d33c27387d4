import { describe, expect, test } from 'vitest';
import { until } from '../../../tests/doubles/turns.ts';
import { type Bench, fieldsOf, openBench, openGate, rejection } from './emulator.test-data.ts';
import type { EmulatorSettings } from './settings.ts';

/** Far longer than any test: what it counts does not depend on how fast the test runs. */
const hourMs = 3_600_000;

async function withBench(settings: Partial<EmulatorSettings>, use: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await openBench(settings);
  try {
    await use(bench);
  } finally {
    await bench.close();
  }
}

/** Invokes until the function is refused, and gives the count before and the refusal. */
async function spend(bench: Bench, name: string): Promise<[number, Record<string, unknown>]> {
  for (let served = 0; ; served += 1) {
    const outcome = await bench.invoke(name).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (outcome instanceof Error) return [served, fieldsOf(outcome)];
  }
}

function refusal(reason: string) {
  return { name: 'TooManyRequestsException', Reason: reason, Type: 'User' };
}

describe('TooManyRequestsException', () => {
  test('ReservedFunctionInvocationRateLimitExceeded after ten within the window', () =>
    withBench({ emulatorInvocationsPerSecond: 10, emulatorRateWindowMs: hourMs }, async (bench) => {
      await bench.put('f', { reservedConcurrency: 1 });
      const [served, refused] = await spend(bench, 'f');
      expect(served).toBe(10);
      expect(refused).toMatchObject({
        ...refusal('ReservedFunctionInvocationRateLimitExceeded'),
        $metadata: { httpStatusCode: 429 },
      });
      expect(Number(refused['retryAfterSeconds'])).toBeGreaterThan(3000);
      expect(Number(refused['retryAfterSeconds'])).toBeLessThanOrEqual(3600);
      await bench.put('g', { reservedConcurrency: 2 });
      expect((await spend(bench, 'g'))[0]).toBe(20);
      expect((await bench.control.instances()).filter((each) => each.functionName === 'g').length).toBe(2);
      expect((await bench.control.meter()).functions['f']).toMatchObject({ invocations: 10, throttles: 1 });
    }));

  test('FunctionInvocationRateLimitExceeded and CallerRateLimitExceeded', () =>
    withBench(
      {
        emulatorInvocationsPerSecond: 3,
        emulatorRateWindowMs: hourMs,
        emulatorAccountConcurrency: 2,
        emulatorMinUnreservedConcurrency: 1,
      },
      async (bench) => {
        await bench.put('mine', { reservedConcurrency: 1 });
        await bench.put('f');
        const [served, refused] = await spend(bench, 'f');
        expect([served, refused]).toMatchObject([3, refusal('FunctionInvocationRateLimitExceeded')]);
        await bench.control.removeFunction('mine');
        await bench.put('g');
        await bench.put('h');
        expect(await spend(bench, 'g')).toMatchObject([3, refusal('CallerRateLimitExceeded')]);
        expect(await spend(bench, 'h')).toMatchObject([0, refusal('CallerRateLimitExceeded')]);
      },
    ));

  test('ReservedFunctionConcurrentInvocationLimitExceeded while its one instance is busy, and at zero', () =>
    withBench({}, async (bench) => {
      const gate = await openGate();
      await bench.put('f', { reservedConcurrency: 1 });
      const running = bench.invoke('f', { gate: gate.port });
      await gate.arrival();
      const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
      for (let index = 0; index < 5; index += 1) {
        expect(await rejection(bench.invoke('f'))).toMatchObject({ ...refusal(reason), retryAfterSeconds: '1' });
      }
      expect((await bench.control.instances()).length).toBe(1);
      gate.release();
      const { pid } = (await running).payload;
      expect((await bench.invoke('f')).payload).toMatchObject({ pid, count: 2 });
      await bench.put('off', { reservedConcurrency: 0 });
      expect(await rejection(bench.invoke('off'))).toMatchObject(refusal(reason));
      await gate.close();
    }));

  test('ConcurrentInvocationLimitExceeded for the account’s concurrency and for the scaling rate', () =>
    withBench(
      {
        emulatorAccountConcurrency: 2,
        emulatorMinUnreservedConcurrency: 1,
        emulatorScalingBurst: 1,
        emulatorScalingWindowMs: hourMs,
      },
      async (bench) => {
        const gate = await openGate();
        for (const name of ['f', 'g']) await bench.put(name);
        const running = bench.invoke('f', { gate: gate.port });
        await gate.arrival();
        const scaling = await rejection(bench.invoke('f'));
        expect(scaling).toMatchObject(refusal('ConcurrentInvocationLimitExceeded'));
        expect(Number(scaling['retryAfterSeconds'])).toBeGreaterThan(3000);
        const other = bench.invoke('g', { gate: gate.port });
        await gate.arrival();
        const account = await rejection(bench.invoke('g'));
        expect(account).toMatchObject({ ...refusal('ConcurrentInvocationLimitExceeded'), retryAfterSeconds: '1' });
        gate.release();
        await Promise.all([running, other]);
        await gate.close();
      },
    ));
});

test('exactly one instance per function with reserved concurrency 1, whatever many callers do', () =>
  withBench({}, async (bench) => {
    const names = ['n0', 'n1', 'n2'];
    for (const name of names) await bench.put(name, { reservedConcurrency: 1 });
    const calls = Array.from({ length: 60 }, (_, index) => bench.invoke(names[index % 3] ?? ''));
    const outcomes = await Promise.allSettled(calls);
    const served = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value.payload['pid']] : [],
    );
    expect(served.length).toBeGreaterThanOrEqual(3);
    expect(new Set(served).size).toBe(3);
    expect((await bench.control.instances()).map((each) => each.functionName).sort()).toEqual(names);
  }));

test('a function unused for long is Inactive: ResourceNotReady, then Pending', () =>
  withBench({ emulatorInactiveAfterMs: 1, emulatorPendingMs: hourMs }, async (bench) => {
    await bench.put('f');
    await until(async () => (await bench.control.functions())[0]?.state === 'Inactive');
    expect(await rejection(bench.invoke('f'))).toMatchObject({
      name: 'ResourceNotReadyException',
      $metadata: { httpStatusCode: 502 },
    });
    expect(await rejection(bench.invoke('f'))).toMatchObject({
      name: 'ResourceConflictException',
      $metadata: { httpStatusCode: 409 },
      message: expect.stringContaining('Pending'),
    });
    expect((await bench.control.functions())[0]?.state).toBe('Pending');
  }));

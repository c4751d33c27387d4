import { describe, expect, test } from 'vitest';
import { Rehearsal } from './rehearsal.test-data.ts';
import { reportLine } from './report.ts';

const instant = { coldStartMs: 0, initFloorMs: 0 };

describe('cold start and INIT', () => {
  test('the cold start is not billed, INIT is, and lasts at least its floor', () => {
    const rehearsal = new Rehearsal({ coldStartMs: 100, initFloorMs: 128 });
    rehearsal.put('f');
    const request = rehearsal.invoke('f');
    rehearsal.advance(99);
    expect(rehearsal.actors.size).toBe(0);
    rehearsal.advance(1);
    rehearsal.advance(30);
    rehearsal.ready(1);
    expect(() => rehearsal.holder(request)).toThrow('no instance holds');
    rehearsal.advance(98);
    expect(rehearsal.holder(request)).toBe(1);
    rehearsal.advance(55.013);
    rehearsal.answer(1);
    expect(rehearsal.reply(request)).toMatchObject({
      kind: 'returned',
      report: { durationMs: 55.01, initMs: 128, billedMs: 184 },
    });
    expect(rehearsal.nowMs).toBeCloseTo(283.013);
    expect(rehearsal.call('f')).toMatchObject({ report: { durationMs: 0, billedMs: 1 } });
    expect(rehearsal.reports.map((report) => report.initMs)).toEqual([128, undefined]);
  });

  test('the REPORT line says what was billed', () => {
    const report = {
      requestId: 'r',
      functionName: 'f',
      instance: 1,
      durationMs: 55.01,
      initMs: 127.75,
      billedMs: 183,
      memoryMb: 256,
      maxMemoryMb: 61,
    };
    expect(reportLine({ ...report, status: 'success' })).toBe(
      'REPORT RequestId: r\tDuration: 55.01 ms\tBilled Duration: 183 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\tInit Duration: 127.75 ms\t',
    );
    expect(reportLine({ ...report, status: 'timeout' })).toMatch(/\tStatus: timeout\t$/);
    expect(reportLine({ ...report, status: 'out-of-memory' })).toMatch(/\tError Type: Runtime.OutOfMemory\t$/);
  });

  test.each(['init-failed', 'exited', 'timeout'])(
    'INIT that fails (%s) is tried once more within the invocation',
    (how) => {
      const rehearsal = new Rehearsal({ coldStartMs: 0, initFloorMs: 0, initTimeoutMs: 10_000 });
      rehearsal.put('f');
      const request = rehearsal.invoke('f');
      const failInit = (instance: number) => {
        if (how === 'init-failed')
          rehearsal.feed({ kind: 'init-failed', instance, errorType: 'Boom', body: Buffer.from('{}') });
        else if (how === 'exited') rehearsal.feed({ kind: 'exited', instance, status: 'exit status 1' });
        else rehearsal.advance(instance === 1 ? 9000 : 3000);
      };
      rehearsal.advance(1000);
      failInit(1);
      expect(rehearsal.youngest()).toBe(2);
      failInit(2);
      expect(rehearsal.reply(request)).toMatchObject({
        kind: 'function-error',
        errorType: how === 'init-failed' ? 'Boom' : how === 'exited' ? 'Runtime.ExitError' : 'Sandbox.Timedout',
        report: { initMs: how === 'timeout' ? 10_000 : 1000, durationMs: how === 'timeout' ? 3000 : 0 },
      });
      expect(rehearsal.actors.size).toBe(0);
    },
  );

  test('after a failed INIT the second one counts as the invocation’s own time', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f', { timeoutMs: 3000 });
    const request = rehearsal.invoke('f');
    rehearsal.advance(50);
    rehearsal.feed({ kind: 'exited', instance: 1, status: 'exit status 1' });
    rehearsal.advance(70);
    rehearsal.ready(2);
    expect(rehearsal.effects.findLast((effect) => effect.kind === 'deliver')).toMatchObject({ deadlineInMs: 2930 });
    rehearsal.advance(5);
    rehearsal.answer(2);
    expect(rehearsal.reply(request)).toMatchObject({ report: { initMs: 50, durationMs: 75, billedMs: 125 } });
  });
});

describe('concurrency', () => {
  test('one invocation at a time per instance; a new instance when all are busy', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    const [a, b] = [rehearsal.invoke('f'), rehearsal.invoke('f')];
    expect([...rehearsal.actors.keys()]).toEqual([1, 2]);
    for (const instance of [1, 2]) {
      rehearsal.ready(instance);
      rehearsal.answer(instance);
    }
    expect([rehearsal.reply(a).kind, rehearsal.reply(b).kind]).toEqual(['returned', 'returned']);
    rehearsal.invoke('f');
    rehearsal.invoke('f');
    rehearsal.invoke('f');
    expect([...rehearsal.actors.keys()]).toEqual([1, 2, 3]);
  });

  test('reserved concurrency 1: one instance, and the second caller is refused', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f', { reservedConcurrency: 1 });
    rehearsal.invoke('f');
    const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
    expect(rehearsal.reply(rehearsal.invoke('f'))).toMatchObject({ kind: 'throttled', reason });
    rehearsal.put('off', { reservedConcurrency: 0 });
    expect(rehearsal.reply(rehearsal.invoke('off'))).toMatchObject({ kind: 'throttled', reason });
  });

  test('functions without a reservation share what the account has left', () => {
    const rehearsal = new Rehearsal({ ...instant, accountConcurrency: 3, minUnreservedConcurrency: 1 });
    rehearsal.put('mine', { reservedConcurrency: 1 });
    rehearsal.put('f');
    rehearsal.put('g');
    rehearsal.invoke('f');
    rehearsal.invoke('g');
    expect(rehearsal.reply(rehearsal.invoke('f'))).toMatchObject({ reason: 'ConcurrentInvocationLimitExceeded' });
    rehearsal.invoke('mine');
    expect(rehearsal.actors.size).toBe(3);
    expect(rehearsal.model.reservable('mine')).toBe(2);
    expect(rehearsal.model.reservable('f')).toBe(1);
    expect(() => rehearsal.put('g', { reservedConcurrency: 2 })).toThrow('reservable');
  });

  test('1,000 new instances at once, then 100 more per second', () => {
    const rehearsal = new Rehearsal({ ...instant, accountConcurrency: 3000, invocationsPerSecond: 1000 });
    rehearsal.put('f', { timeoutMs: 900_000 });
    const start = (wanted: number) => {
      const before = rehearsal.actors.size;
      for (let index = 0; index < wanted; index += 1) rehearsal.invoke('f');
      return rehearsal.actors.size - before;
    };
    expect(start(1200)).toBe(1000);
    expect(rehearsal.reply(rehearsal.invoke('f'))).toMatchObject({
      reason: 'ConcurrentInvocationLimitExceeded',
      retryAfterMs: 10,
    });
    rehearsal.advance(1000);
    expect(start(300)).toBe(100);
  });
});

describe('ten synchronous invocations per second and instance', () => {
  function spend(rehearsal: Rehearsal, name: string): void {
    for (let index = 0; index < 10; index += 1) {
      expect(rehearsal.call(name).kind).toBe('returned');
      rehearsal.advance(10);
    }
  }

  test('reserved: the eleventh is refused until the first is a second old', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f', { reservedConcurrency: 1 });
    spend(rehearsal, 'f');
    const refused = { kind: 'throttled', reason: 'ReservedFunctionInvocationRateLimitExceeded', retryAfterMs: 900 };
    expect(rehearsal.call('f')).toEqual(refused);
    rehearsal.advance(899);
    expect(rehearsal.call('f')).toEqual({ ...refused, retryAfterMs: 1 });
    rehearsal.advance(1);
    expect(rehearsal.call('f').kind).toBe('returned');
    expect(rehearsal.call('f').kind).toBe('throttled');
  });

  test('unreserved: a spent instance makes room for another', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    spend(rehearsal, 'f');
    expect(rehearsal.call('f').kind).toBe('returned');
    expect(rehearsal.actors.size).toBe(2);
  });

  test('the function’s and the account’s rates have reasons of their own', () => {
    const one = new Rehearsal({ ...instant, accountConcurrency: 1, minUnreservedConcurrency: 0 });
    one.put('f');
    spend(one, 'f');
    expect(one.call('f')).toMatchObject({ reason: 'FunctionInvocationRateLimitExceeded' });
    const two = new Rehearsal({ ...instant, accountConcurrency: 2, minUnreservedConcurrency: 0 });
    for (const name of ['f', 'g', 'h']) two.put(name);
    for (let index = 0; index < 10; index += 1) {
      two.call('f');
      two.call('g');
    }
    two.advance(500);
    expect(two.call('h')).toMatchObject({ reason: 'CallerRateLimitExceeded', retryAfterMs: 500 });
  });

  test('as many instances as concurrency are not exceeded for the sake of the rate', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f', { reservedConcurrency: 2 });
    const long = rehearsal.invoke('f');
    rehearsal.ready(1);
    rehearsal.holder(long);
    spend(rehearsal, 'f');
    expect(rehearsal.call('f')).toMatchObject({ reason: 'ReservedFunctionInvocationRateLimitExceeded' });
    expect(rehearsal.actors.size).toBe(2);
  });

  test('the budget is the function’s: a new instance does not renew it', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f', { reservedConcurrency: 1 });
    for (let index = 0; index < 10; index += 1) {
      if (index === 5) rehearsal.feed({ kind: 'reclaim', selection: { kind: 'all' } });
      expect(rehearsal.call('f').kind).toBe('returned');
    }
    expect(rehearsal.call('f')).toMatchObject({ reason: 'ReservedFunctionInvocationRateLimitExceeded' });
  });

  test('Event invocations are not counted', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f', { reservedConcurrency: 1 });
    for (let index = 0; index < 15; index += 1) {
      rehearsal.invoke('f', 'event');
      rehearsal.ready(1);
      rehearsal.answer(1);
    }
    expect(rehearsal.reports.length).toBe(15);
  });
});

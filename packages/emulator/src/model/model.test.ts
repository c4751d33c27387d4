import { describe, expect, test } from 'vitest';
import { readMeter } from './meter.ts';
import { Rehearsal } from './rehearsal.ts';
import { reportLine } from './report.ts';

const instant = { coldStartMs: 0, initFloorMs: 0 };

function kills(rehearsal: Rehearsal): string[] {
  return rehearsal.effects.flatMap((effect) => (effect.kind === 'kill' ? [effect.reason] : []));
}

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
    expect(() => rehearsal.holder(request)).toThrow();
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

describe('how invocations end', () => {
  test('time-out: at exactly the time-out, however late the wake; memory is lost', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    const request = rehearsal.invoke('f');
    rehearsal.ready(1);
    rehearsal.nowMs = 5000;
    rehearsal.feed({ kind: 'wake' });
    const reply = rehearsal.reply(request);
    expect(reply).toMatchObject({
      kind: 'function-error',
      errorType: 'Sandbox.Timedout',
      report: { durationMs: 3000, billedMs: 3000, status: 'timeout' },
    });
    expect(kills(rehearsal)).toEqual(['timeout']);
    expect(readMeter(rehearsal.model.tallies(), 'arm64').total).toMatchObject({ timeouts: 1, functionErrors: 1 });
  });

  test.each([
    ['exit status 1', 'Runtime.ExitError', 'lost'],
    ['signal: killed', 'Runtime.ExitError', 'lost'],
  ])('a crash (%s)', (status, errorType, reported) => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    const request = rehearsal.invoke('f');
    rehearsal.ready(1);
    rehearsal.feed({ kind: 'exited', instance: 1, status });
    const reply = rehearsal.reply(request);
    expect(reply).toMatchObject({ kind: 'function-error', errorType, report: { status: reported } });
    expect(reply.kind === 'function-error' && Buffer.from(reply.body).toString()).toContain(status);
  });

  test('memory above the function’s: out of memory, also when the handler has answered', () => {
    for (const answered of [false, true]) {
      const rehearsal = new Rehearsal(instant);
      rehearsal.put('f', { memoryMb: 128 });
      const request = rehearsal.invoke('f');
      rehearsal.ready(1);
      const answer = { kind: 'returned', body: new Uint8Array() } as const;
      if (answered) rehearsal.feed({ kind: 'answered', instance: 1, requestId: request, answer });
      rehearsal.feed({ kind: 'memory', instance: 1, usedMb: 128 });
      expect(rehearsal.replies.has(request)).toBe(false);
      rehearsal.feed({ kind: 'memory', instance: 1, usedMb: 129 });
      expect(rehearsal.reply(request)).toMatchObject({
        errorType: 'Runtime.OutOfMemory',
        report: { maxMemoryMb: 128, status: 'out-of-memory' },
      });
    }
  });

  test('an answer stays the answer when the runtime dies before it asks for more', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    const request = rehearsal.invoke('f');
    rehearsal.ready(1);
    const answer = { kind: 'returned', body: Buffer.from('"kept"') } as const;
    rehearsal.feed({ kind: 'answered', instance: 1, requestId: request, answer });
    rehearsal.feed({ kind: 'exited', instance: 1, status: 'exit status 1' });
    expect(rehearsal.reply(request)).toMatchObject({ kind: 'returned', body: answer.body });
    expect(rehearsal.actors.size).toBe(0);
  });

  test('an answer for another request, or after the end, is not heard', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    const request = rehearsal.invoke('f');
    rehearsal.ready(1);
    const answer = { kind: 'returned', body: new Uint8Array() } as const;
    rehearsal.feed({ kind: 'answered', instance: 1, requestId: 'another', answer });
    rehearsal.feed({ kind: 'asked', instance: 1 });
    expect(rehearsal.replies.size).toBe(0);
    rehearsal.advance(3000);
    rehearsal.feed({ kind: 'answered', instance: 1, requestId: request, answer });
    expect(rehearsal.reply(request).kind).toBe('function-error');
  });

  test('no such function', () => {
    const rehearsal = new Rehearsal();
    expect(rehearsal.reply(rehearsal.invoke('none'))).toEqual({ kind: 'not-found' });
  });
});

describe('the life of instances', () => {
  test('frozen between invocations, before the answer is out; thawed before the next', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    rehearsal.call('f');
    rehearsal.call('f');
    const kinds = rehearsal.effects.map((effect) => effect.kind).filter((kind) => kind !== 'wake-at');
    const rest = ['freeze', 'report', 'respond'];
    expect(kinds).toEqual(['spawn', 'deliver', ...rest, 'thaw', 'deliver', ...rest]);
  });

  test('reclaimed when idle long enough, and never when told so', () => {
    const rehearsal = new Rehearsal({ ...instant, idleReclaimMs: 600_000, reclaimSpread: 0 });
    rehearsal.put('f');
    rehearsal.call('f');
    rehearsal.advance(599_000);
    rehearsal.call('f');
    rehearsal.advance(599_999);
    expect(rehearsal.actors.size).toBe(1);
    rehearsal.advance(1);
    expect(kills(rehearsal)).toEqual(['idle']);
    const forever = new Rehearsal({ ...instant, idleReclaimMs: 0, lifeTimeMs: 0 });
    forever.put('f');
    forever.call('f');
    forever.advance(1e12);
    expect(forever.actors.size).toBe(1);
  });

  test('reclaimed at the end of its life, but not in the middle of an invocation', () => {
    const rehearsal = new Rehearsal({ ...instant, idleReclaimMs: 0, lifeTimeMs: 7_200_000, reclaimSpread: 0 });
    rehearsal.put('f', { timeoutMs: 900_000 });
    rehearsal.call('f');
    rehearsal.advance(7_199_000);
    const request = rehearsal.invoke('f');
    rehearsal.advance(2000);
    expect(rehearsal.holder(request)).toBe(1);
    rehearsal.answer(1);
    expect(rehearsal.reply(request).kind).toBe('returned');
    expect(kills(rehearsal)).toEqual(['life-time']);
  });

  test('idle times spread by the share that is set', () => {
    const rehearsal = new Rehearsal({ ...instant, idleReclaimMs: 1000, reclaimSpread: 0.5, lifeTimeMs: 0 });
    rehearsal.put('f');
    const requests = Array.from({ length: 50 }, () => rehearsal.invoke('f'));
    for (const instance of rehearsal.actors.keys()) rehearsal.ready(instance);
    for (const request of requests) rehearsal.answer(rehearsal.holder(request));
    rehearsal.advance(499);
    expect(rehearsal.actors.size).toBe(50);
    rehearsal.advance(501);
    expect(rehearsal.actors.size).toBeGreaterThan(5);
    expect(rehearsal.actors.size).toBeLessThan(45);
    rehearsal.advance(501);
    expect(rehearsal.actors.size).toBe(0);
  });

  test('reclaimed on command: one, a count, a share, all; the seed decides', () => {
    const fleet = () => {
      const rehearsal = new Rehearsal(instant);
      for (const name of ['f', 'g']) rehearsal.put(name);
      for (let index = 0; index < 10; index += 1) rehearsal.invoke(index % 2 === 0 ? 'f' : 'g');
      for (const instance of rehearsal.actors.keys()) rehearsal.ready(instance);
      return rehearsal;
    };
    const left = (rehearsal: Rehearsal) => [...rehearsal.actors.keys()];
    const [a, b, c] = [fleet(), fleet(), fleet()];
    for (const rehearsal of [a, b])
      rehearsal.feed({ kind: 'reclaim', selection: { kind: 'count', count: 4 }, seed: 7 });
    c.feed({ kind: 'reclaim', selection: { kind: 'count', count: 4 }, seed: 8 });
    expect(left(a)).toEqual(left(b));
    expect(left(a)).not.toEqual(left(c));
    expect(left(a).length).toBe(6);
    c.feed({ kind: 'reclaim', selection: { kind: 'one', instance: left(c)[0] ?? 0 } });
    expect(left(c).length).toBe(5);
    const d = fleet();
    d.feed({ kind: 'reclaim', selection: { kind: 'share', share: 0.4, functionName: 'f' } });
    expect([...d.actors.values()].filter((actor) => actor.functionName === 'f').length).toBe(3);
    d.feed({ kind: 'reclaim', selection: { kind: 'all' }, idleOnly: true });
    expect(left(d).length).toBe(8);
    d.feed({ kind: 'reclaim', selection: { kind: 'all' } });
    expect([left(d).length, d.replies.size]).toEqual([0, 10]);
  });

  test('an update ends idle instances now and busy ones after their invocation', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f', { revision: 'r1' });
    const [idle, busy] = [rehearsal.invoke('f'), rehearsal.invoke('f')];
    for (const instance of [1, 2]) rehearsal.ready(instance);
    rehearsal.answer(rehearsal.holder(idle));
    rehearsal.put('f', { revision: 'r1', reservedConcurrency: 2 });
    expect(kills(rehearsal)).toEqual([]);
    rehearsal.put('f', { revision: 'r2', reservedConcurrency: 2 });
    expect(kills(rehearsal)).toEqual(['update']);
    rehearsal.answer(rehearsal.holder(busy));
    expect(rehearsal.reply(busy).kind).toBe('returned');
    expect(kills(rehearsal)).toEqual(['update', 'update']);
    rehearsal.invoke('f');
    expect(rehearsal.effects.findLast((effect) => effect.kind === 'spawn')).toMatchObject({ revision: 'r2' });
  });

  test('a function that is removed answers what it had, and its bill stays', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    const request = rehearsal.invoke('f');
    rehearsal.ready(1);
    rehearsal.feed({ kind: 'remove-function', name: 'f' });
    expect(rehearsal.reply(request).kind).toBe('function-error');
    expect(rehearsal.reply(rehearsal.invoke('f')).kind).toBe('not-found');
    expect(readMeter(rehearsal.model.tallies(), 'arm64').functions['f']).toMatchObject({ invocations: 1 });
  });

  test('unused for two weeks: Inactive, then Pending, then Active', () => {
    const rehearsal = new Rehearsal(instant);
    const day = 86_400_000;
    rehearsal.put('f');
    rehearsal.call('f');
    rehearsal.advance(14 * day - 1);
    expect(rehearsal.model.functions(rehearsal.nowMs)[0]?.state).toBe('Active');
    rehearsal.advance(1);
    expect(rehearsal.model.functions(rehearsal.nowMs)[0]?.state).toBe('Inactive');
    expect(rehearsal.call('f')).toEqual({ kind: 'not-ready', state: 'Inactive' });
    expect(rehearsal.call('f')).toEqual({ kind: 'not-ready', state: 'Pending' });
    rehearsal.advance(60_000);
    expect(rehearsal.call('f').kind).toBe('returned');
  });
});

describe('Event invocations', () => {
  function attempts(rehearsal: Rehearsal): number[] {
    return rehearsal.effects.flatMap((effect) => (effect.kind === 'deliver' ? [1] : []));
  }

  test('two retries after function errors, one and two minutes later', () => {
    const rehearsal = new Rehearsal({ ...instant, idleReclaimMs: 0 });
    rehearsal.put('f');
    const request = rehearsal.invoke('f', 'event');
    expect(rehearsal.reply(request)).toEqual({ kind: 'accepted' });
    rehearsal.ready(1);
    rehearsal.answer(1, false);
    rehearsal.advance(59_999);
    expect(attempts(rehearsal).length).toBe(1);
    rehearsal.advance(1);
    expect(attempts(rehearsal).length).toBe(2);
    rehearsal.answer(1, false);
    rehearsal.advance(120_000);
    expect(attempts(rehearsal).length).toBe(3);
    expect(rehearsal.settled.size).toBe(0);
    rehearsal.answer(1, false);
    expect(rehearsal.settled.get(request)).toBe('failed');
    rehearsal.advance(3_600_000);
    expect([attempts(rehearsal).length, rehearsal.reports.length]).toEqual([3, 3]);
  });

  test('a success ends it', () => {
    const rehearsal = new Rehearsal(instant);
    rehearsal.put('f');
    const request = rehearsal.invoke('f', 'event');
    rehearsal.ready(1);
    rehearsal.answer(1, false);
    rehearsal.advance(60_000);
    rehearsal.answer(rehearsal.holder(request), true);
    expect(rehearsal.settled.get(request)).toBe('succeeded');
  });

  test('throttled ones wait, ever longer, until they are too old', () => {
    const rehearsal = new Rehearsal({ ...instant, eventMaxAgeMs: 20_000 });
    rehearsal.put('f', { reservedConcurrency: 1, timeoutMs: 900_000 });
    rehearsal.invoke('f');
    rehearsal.ready(1);
    const [first, second] = [rehearsal.invoke('f', 'event'), rehearsal.invoke('f', 'event')];
    rehearsal.advance(6999);
    rehearsal.answer(1);
    expect(rehearsal.actors.get(1)?.requestId).toBeUndefined();
    rehearsal.advance(1);
    expect(rehearsal.holder(first)).toBe(1);
    rehearsal.advance(20_000);
    expect(rehearsal.settled.get(second)).toBe('expired');
  });

  test('a full queue refuses', () => {
    const rehearsal = new Rehearsal({ ...instant, eventQueueLimit: 1 });
    rehearsal.put('f');
    rehearsal.invoke('f', 'event');
    expect(rehearsal.reply(rehearsal.invoke('f', 'event'))).toMatchObject({ kind: 'throttled' });
  });
});

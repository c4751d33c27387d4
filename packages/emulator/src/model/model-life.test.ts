import { describe, expect, test } from 'vitest';
import { readMeter } from './meter.ts';
import { Rehearsal } from './rehearsal.test-data.ts';

const instant = { coldStartMs: 0, initFloorMs: 0 };

function kills(rehearsal: Rehearsal): string[] {
  return rehearsal.effects.flatMap((effect) => (effect.kind === 'kill' ? [effect.reason] : []));
}

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

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Figures } from './figures.ts';
import { readMeter } from './meter.ts';
import { Rehearsal } from './rehearsal.test-data.ts';

/** Small limits, so that a few dozen events reach them. */
const figures: Partial<Figures> = {
  accountConcurrency: 6,
  minUnreservedConcurrency: 1,
  scalingBurst: 4,
  invocationsPerSecond: 3,
  coldStartMs: 40,
  initFloorMs: 20,
  initTimeoutMs: 400,
  idleReclaimMs: 3000,
  lifeTimeMs: 9000,
  inactiveAfterMs: 20_000,
  pendingMs: 1000,
  eventRetryMs: 500,
  eventBackoffMs: 100,
  eventMaxBackoffMs: 800,
  eventMaxAgeMs: 6000,
  eventQueueLimit: 5,
};

const reserved: Record<string, number> = { one: 1, two: 2 };
const names = ['one', 'two', 'free', 'open'];

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('invoke' as const), name: fc.constantFrom(...names, 'none') }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('event' as const), name: fc.constantFrom(...names) }) },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('advance' as const), byMs: fc.constantFrom(1, 20, 40, 300, 1000, 4000) }),
  },
  { weight: 8, arbitrary: fc.record({ op: fc.constant('ready' as const) }) },
  { weight: 8, arbitrary: fc.record({ op: fc.constant('answer' as const), nth: fc.nat(9), succeeds: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('exit' as const), nth: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('init-failed' as const), nth: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('memory' as const),
      nth: fc.nat(9),
      usedMb: fc.integer({ min: 1, max: 200 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('reclaim' as const),
      share: fc.constantFrom(0.3, 1),
      idleOnly: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('update' as const), name: fc.constantFrom(...names) }) },
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function put(rehearsal: Rehearsal, name: string, revision: string): void {
  const reservedConcurrency = reserved[name];
  rehearsal.put(name, {
    revision,
    timeoutMs: 700,
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
  });
}

function nth(rehearsal: Rehearsal, index: number): number {
  const instances = [...rehearsal.actors.keys()];
  return instances[index % Math.max(1, instances.length)] ?? 0;
}

function perform(rehearsal: Rehearsal, operations: readonly Operation[]): string[] {
  const requests: string[] = [];
  for (const name of names) put(rehearsal, name, 'r0');
  for (const [position, step] of operations.entries()) {
    if (step.op === 'invoke') requests.push(rehearsal.invoke(step.name));
    else if (step.op === 'event') requests.push(rehearsal.invoke(step.name, 'event'));
    else if (step.op === 'advance') rehearsal.advance(step.byMs);
    else if (step.op === 'ready') for (const instance of rehearsal.actors.keys()) rehearsal.ready(instance);
    else if (step.op === 'answer') rehearsal.answer(nth(rehearsal, step.nth), step.succeeds);
    else if (step.op === 'exit')
      rehearsal.feed({ kind: 'exited', instance: nth(rehearsal, step.nth), status: 'exit status 1' });
    else if (step.op === 'init-failed') {
      const instance = nth(rehearsal, step.nth);
      rehearsal.feed({ kind: 'init-failed', instance, errorType: 'Boom', body: new Uint8Array() });
    } else if (step.op === 'memory') {
      rehearsal.feed({ kind: 'memory', instance: nth(rehearsal, step.nth), usedMb: step.usedMb });
    } else if (step.op === 'reclaim') {
      const selection = { kind: 'share', share: step.share } as const;
      rehearsal.feed({ kind: 'reclaim', selection, idleOnly: step.idleOnly });
    } else put(rehearsal, step.name, `r${position}`);
    checkCaps(rehearsal);
  }
  // Whatever is still under way ends by its time-outs, retries and ages.
  for (let second = 0; second < 20; second += 1) {
    rehearsal.advance(1000);
    checkCaps(rehearsal);
  }
  return requests;
}

function checkCaps(rehearsal: Rehearsal): void {
  const views = rehearsal.model.instances(rehearsal.nowMs);
  const busy = (name?: string) =>
    views.filter((view) => view.state !== 'idle' && (name === undefined || view.functionName === name)).length;
  expect(busy()).toBeLessThanOrEqual(6);
  expect(busy('free') + busy('open')).toBeLessThanOrEqual(3);
  for (const [name, limit] of Object.entries(reserved)) {
    expect(views.filter((view) => view.functionName === name).length).toBeLessThanOrEqual(limit);
  }
}

test('whatever happens: caps hold, each invocation is answered once, the meter is the sum of the reports', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), fc.nat(1000), (operations, seed) => {
      const rehearsal = new Rehearsal(figures, seed);
      const requests = perform(rehearsal, operations);
      for (const request of requests) {
        const reply = rehearsal.reply(request);
        expect(rehearsal.settled.has(request)).toBe(reply.kind === 'accepted');
      }
      const { total } = readMeter(rehearsal.model.tallies(), 'arm64');
      let [billedMs, mbMs] = [0, 0];
      for (const report of rehearsal.reports) {
        billedMs += report.billedMs;
        mbMs += report.billedMs * report.memoryMb;
        expect(report.billedMs).toBe(
          Math.max(1, Math.ceil(Math.round((report.durationMs + (report.initMs ?? 0)) * 100) / 100)),
        );
      }
      expect([total.invocations, total.billedMs]).toEqual([rehearsal.reports.length, billedMs]);
      expect(total.gbSeconds).toBeCloseTo(mbMs / 1024 / 1000, 12);
    }),
    { numRuns: 300 },
  );
});

test('the same events give the same effects', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), fc.nat(1000), (operations, seed) => {
      const [first, second] = [new Rehearsal(figures, seed), new Rehearsal(figures, seed)];
      perform(first, operations);
      perform(second, operations);
      expect(second.effects).toEqual(first.effects);
    }),
    { numRuns: 50 },
  );
});

test('never more synchronous invocations than the rate allows in any second', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ waitMs: fc.nat(400) }), { maxLength: 150 }), (steps) => {
      const rehearsal = new Rehearsal({ coldStartMs: 0, initFloorMs: 0 });
      rehearsal.put('one', { reservedConcurrency: 1 });
      const served: number[] = [];
      for (const { waitMs } of steps) {
        rehearsal.advance(waitMs);
        if (rehearsal.call('one').kind === 'returned') served.push(rehearsal.nowMs);
        const lastSecond = served.filter((atMs) => atMs > rehearsal.nowMs - 1000);
        expect(lastSecond.length).toBeLessThanOrEqual(10);
      }
    }),
    { numRuns: 100 },
  );
});

import { Readable } from 'node:stream';
import { VirtualTime } from '@sion/components';
import { describe, expect, test } from 'vitest';
import { createScriptedTarget, type ScriptedTarget, virtualClock } from '../load/scripted-target.test-data.ts';
import type { BenchResult } from '../result.ts';
import type { BenchSettings, MixSettings, TraceSettings } from '../settings.ts';
import { createBenchWorker } from './bench-worker.ts';
import { runBench } from './run-bench.ts';

const halfAndHalf: MixSettings = {
  kind: 'mix',
  name: 'A',
  mix: { get: 50, put: 50 },
  keys: 'zipf',
  zipf: 0.99,
  sizes: '100',
  records: 50,
  rangeBytes: 10,
};

const base: BenchSettings = {
  seed: 'test',
  targets: [{ name: 'one', kind: 'redis', url: 'redis://user:secret@nowhere:1' }],
  workload: halfAndHalf,
  load: { mode: 'open', arrivals: 'even', rate: { kind: 'steps', steps: [{ perSecond: 100, seconds: 1e9 }] } },
  seconds: 60,
  requests: 0,
  lanes: 4,
  fillLanes: 4,
  rounds: 1,
  workers: 1,
  timeoutMs: 60_000,
  keyPrefix: 'p:',
};

interface World {
  readonly time: VirtualTime;
  readonly targets: ReadonlyMap<string, ScriptedTarget>;
  readonly stop: AbortController;
}

/** Runs in virtual time; `disturb` is called when everything has been put together. */
async function run(
  settings: BenchSettings,
  disturb: (world: World) => void = () => {},
  file = '',
): Promise<BenchResult> {
  const openFile = () => Readable.from([Buffer.from(file)]);
  const time = new VirtualTime();
  const clock = virtualClock(time);
  const targets = new Map(settings.targets.map(({ name }) => [name, createScriptedTarget(time, 5)]));
  const stop = new AbortController();
  disturb({ time, targets, stop });
  const openTarget = async ({ name }: { name: string }) => targets.get(name) ?? createScriptedTarget(time, 5);
  const workers = Array.from({ length: settings.workers }, (_, index) =>
    createBenchWorker({
      ...{ clock, settings, openFile, openTarget, spinMs: 0, loopUtilization: () => 0.2 },
      share: { index, count: settings.workers },
    }),
  );
  let result: BenchResult | undefined;
  const surroundings = {
    ...{ command: 'test', startedAt: '', sionVersion: '', nodeVersion: '', platform: '', cpuModel: '' },
    ...{ cpus: 1, memoryBytes: 1, loadAverage: 0 },
  };
  const running = runBench({
    ...{ clock, settings, surroundings, workers, signal: stop.signal },
    statusOf: async () => undefined,
    tell: () => {},
  }).then((ended) => {
    result = ended;
  });
  await time.run(() => result !== undefined);
  await running;
  if (result === undefined) throw new Error('the run did not end');
  return result;
}

function only({ targets }: BenchResult) {
  const [target] = targets;
  if (target === undefined) throw new Error('there is no target');
  return target;
}

/** For two seconds nothing is answered. */
const stallAt20s = ({ time, targets }: World) => {
  time.after(20_000, () => {
    for (const target of targets.values()) target.stallUntilMs = time.nowMs + 2_000;
  });
};

describe('a stall of two seconds, coordinated omission', () => {
  test('shows in the response times of an open loop, and would not in service times', async () => {
    const target = only(await run(base, stallAt20s));
    expect(target.requests).toBe(6_000);
    expect(target.responseMs.p99Ms).toBeGreaterThan(1_000);
    expect(target.serviceMs.p99Ms).toBeLessThan(10);
    expect(target.serviceMs.maxMs).toBeGreaterThan(1_900);
    expect(target.verdict).toMatchObject({ isValid: true, isVerified: true });
    expect(target.verdict.notes.join()).toContain('all 4 lanes were busy');
  });

  test('hides from a closed loop', async () => {
    const target = only(await run({ ...base, load: { mode: 'closed' } }, stallAt20s));
    expect(target.responseMs.p99Ms).toBeLessThan(10);
    expect(target.verdict.notes.join()).toContain('closed loop');
  });
});

test('the same seed sends the same requests, however many workers make them', async () => {
  const sentBy = async (workers: number) => {
    const target = only(await run({ ...base, workers, lanes: 8, seconds: 10 }));
    return target.rows.map(({ operation, sizeClass, responseMs }) => [operation, sizeClass, responseMs.count]);
  };
  const one = await sentBy(1);
  expect(one.map(([operation]) => operation)).toEqual(['get', 'put']);
  expect(await sentBy(3)).toEqual(one);
  expect(await sentBy(1)).toEqual(one);
});

test('targets take turns over the same requests', async () => {
  const targets = [...base.targets, { name: 'two', kind: 'redis', url: 'redis://nowhere:2' } as const];
  const result = await run({ ...base, targets, rounds: 5, seconds: 10 });
  const [one, two] = result.targets;
  expect(one?.requests).toBe(1_000);
  expect(two?.requests).toBe(1_000);
  expect(two?.rows.map(({ responseMs }) => responseMs.count)).toEqual(
    one?.rows.map(({ responseMs }) => responseMs.count),
  );
  expect(one?.busySeconds).toBeCloseTo(10, 1);
});

test('every operation is verified; what was deleted may be absent', async () => {
  const mix = { get: 30, range: 20, head: 10, put: 15, insert: 5, modify: 10, delete: 10 };
  const target = only(await run({ ...base, workload: { ...halfAndHalf, name: 'custom', mix }, seconds: 20 }));
  expect(target.verdicts.right).toBeGreaterThan(500);
  expect(target.verdicts.absent).toBeGreaterThan(10);
  expect(target.verdicts).toMatchObject({ miss: 0, stale: 0, wrong: 0 });
  expect(new Set(target.rows.map(({ operation }) => operation))).toEqual(new Set(Object.keys(mix)));
});

test('wrong bytes and lost values are told', async () => {
  const target = only(
    await run({ ...base, workload: { ...halfAndHalf, mix: { get: 1 } } }, ({ time, targets }) => {
      time.after(30_000, () => {
        for (const { values } of targets.values()) {
          for (const [at, [key, value]] of [...values].entries()) {
            if (at % 2 === 0) values.delete(key);
            else values.set(key, Buffer.from(value).fill(7, 50, 51));
          }
        }
      });
    }),
  );
  expect(target.verdicts.wrong).toBeGreaterThan(0);
  expect(target.verdicts.miss).toBeGreaterThan(0);
  expect(target.verdict.isVerified).toBe(false);
});

test('a run that is broken off gives what was measured, and shows no password', async () => {
  const result = await run(base, ({ time, stop }) => {
    time.after(10_000, () => stop.abort());
  });
  expect(result.interrupted).toBe(true);
  expect(only(result).requests).toBeGreaterThan(900);
  expect(only(result).requests).toBeLessThan(1_001);
  expect(only(result).verdict.isValid).toBe(true);
  expect(JSON.stringify(result)).not.toContain('secret');
});

describe('a trace', () => {
  const trace: TraceSettings = {
    ...{ kind: 'trace', file: 'trace', key: 'uri', firstTouch: 'exists', speed: 1, maxGapSeconds: 0, fromHour: 0 },
    ...{ toHour: 0, sample: 1, sizeScale: 1, maxBytes: 0, skipBadRows: true },
  };
  const file = [
    '1000 REST.GET.OBJECT a 5000',
    'nonsense',
    '2000 REST.GET.OBJECT a 5000 100 199',
    '3000 REST.PUT.OBJECT a 600',
    '3500 REST.COPY.OBJECT a 600',
    '4000 REST.HEAD.OBJECT a 600',
    '4001 REST.DELETE.OBJECT a',
    '5000 REST.GET.OBJECT a 600',
    '605000 REST.GET.OBJECT b 70',
  ].join('\n');
  const replay = (given: Partial<TraceSettings> = {}) =>
    run(
      {
        ...base,
        ...{ workload: { ...trace, format: 'cos', ...given }, seconds: 0 },
        load: { mode: 'open', rate: { kind: 'recorded' } },
      },
      undefined,
      file,
    );
  const countsOf = (result: BenchResult) =>
    Object.fromEntries(
      only(result).rows.map(({ operation, sizeClass, responseMs }) => [`${operation} ${sizeClass}`, responseMs.count]),
    );

  test('is replayed as it is: ranges, overwrites, HEAD, DELETE, at its own times', async () => {
    const result = await replay();
    expect(countsOf(result)).toEqual({
      ...{
        'get ≤ 16 KB': 1,
        'get ≤ 1 KB': 2,
        'range ≤ 1 KB': 1,
        'put ≤ 1 KB': 1,
        'head ≤ 1 KB': 1,
        'delete ≤ 1 KB': 1,
      },
    });
    expect(only(result)).toMatchObject({ filled: 2, failed: 0, verdicts: { right: 4, absent: 1, miss: 0, wrong: 0 } });
    expect(only(result).busySeconds).toBeCloseTo(604, 0);
    expect(result.facts).toMatchObject({ rows: 8, badRows: 1, requests: 7, objects: 2, copiesLeftOut: 1 });
  });

  test('faster, without long pauses, and with objects that are written when they are first read', async () => {
    const result = await replay({ speed: 2, maxGapSeconds: 10, firstTouch: 'put' });
    expect(only(result).busySeconds).toBeCloseTo(2 + 10, 0);
    expect(countsOf(result)).toMatchObject({ 'insert ≤ 16 KB': 1, 'insert ≤ 1 KB': 1, 'get ≤ 16 KB': 1 });
    expect(only(result)).toMatchObject({ filled: 0, failed: 0, unfinished: 0, verdicts: { right: 4, absent: 1 } });
    expect(result.facts).toMatchObject({ skippedSeconds: 290 });
  });
});

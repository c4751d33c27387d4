import { VirtualTime } from '@sion/components';
import { describe, expect, test } from 'vitest';
import { createScriptedTarget, type ScriptedTarget, virtualClock } from '../load/scripted-target.test-data.ts';
import type { BenchResult } from '../result.ts';
import type { BenchSettings } from '../settings.ts';
import { createBenchWorker } from './bench-worker.ts';
import { runBench } from './run-bench.ts';

const base: BenchSettings = {
  seed: 'test',
  targets: [{ name: 'one', kind: 'redis', url: 'redis://user:secret@nowhere:1' }],
  workload: {
    kind: 'mix',
    name: 'A',
    mix: { get: 50, put: 50 },
    keys: 'zipf',
    zipf: 0.99,
    sizes: '100',
    records: 50,
    rangeBytes: 10,
  },
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
async function run(settings: BenchSettings, disturb: (world: World) => void = () => {}): Promise<BenchResult> {
  const time = new VirtualTime();
  const clock = virtualClock(time);
  const targets = new Map(settings.targets.map(({ name }) => [name, createScriptedTarget(time, 5)]));
  const stop = new AbortController();
  disturb({ time, targets, stop });
  const openTarget = async ({ name }: { name: string }) => targets.get(name) ?? createScriptedTarget(time, 5);
  const workers = Array.from({ length: settings.workers }, (_, index) =>
    createBenchWorker({
      ...{ clock, settings, openTarget, spinMs: 0, loopUtilization: () => 0.2 },
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
  const target = only(await run({ ...base, workload: { ...base.workload, name: 'custom', mix }, seconds: 20 }));
  expect(target.verdicts.right).toBeGreaterThan(500);
  expect(target.verdicts.absent).toBeGreaterThan(10);
  expect(target.verdicts).toMatchObject({ miss: 0, stale: 0, wrong: 0 });
  expect(new Set(target.rows.map(({ operation }) => operation))).toEqual(new Set(Object.keys(mix)));
});

test('wrong bytes and lost values are told', async () => {
  const target = only(
    await run({ ...base, workload: { ...base.workload, mix: { get: 1 } } }, ({ time, targets }) => {
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

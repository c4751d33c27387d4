import { describe, expect, test } from 'vitest';
import { Recorder } from '../record/recorder.ts';
import { type BenchResult, resultFormat } from '../result.ts';
import type { SionSample } from '../run/sion-sample.ts';
import { createTargetResult } from '../run/target-result.ts';
import { barChart, lineChart } from './chart.ts';
import { compareResults, readResult } from './compare.ts';
import { writeHtmlReport } from './html-report.ts';
import { formatBytes, formatCount, formatMs } from './quantities.ts';
import { writeTerminalReport } from './terminal-report.ts';

function sample(atMs: number, round: number, memory: number): SionSample {
  return {
    ...{
      atMs,
      round,
      gets: { memory, store: 1 },
      invocations: { request: memory },
      costUsd: { serving: memory / 1000 },
    },
    ...{ storeRequests: {}, nodes: { idle: 2, open: 1 }, holding: 3, windowBytes: { active: 1e6 * memory } },
  };
}

function result(name: string, answerMs: number): BenchResult {
  const recorder = new Recorder();
  for (let at = 0; at < 200; at++) {
    recorder.countSent(0.05, 0);
    const endedMs = at * 50 + answerMs;
    const request = { dueMs: at * 50, startedMs: at * 50, endedMs, verdict: 'right' } as const;
    recorder.countEnd({ ...request, operation: 'get', bytes: at % 2 === 0 ? 1_000 : 2_000_000 });
  }
  const spec = { name, kind: 'redis', url: 'redis://x' } as const;
  const target = createTargetResult({
    ...{
      spec,
      told: { redis_version: '7 <b>' },
      mode: 'open',
      maxLanes: 4,
      recordings: [recorder.recording()],
      peakLanes: 1,
    },
    ...{ busyMs: 10_000, loopUtilization: 0.1, filled: 10 },
    samples: [sample(0, 0, 0), sample(1_000, 0, 10), sample(5_000, 1, 500), sample(6_000, 1, 520)],
  });
  const settings = {
    ...{ seed: 's', targets: [spec], seconds: 10, requests: 0, lanes: 4, fillLanes: 1, rounds: 2, workers: 1 },
    ...{ timeoutMs: 1_000, keyPrefix: 'p', load: { mode: 'closed' } as const },
    workload: {
      ...({ kind: 'mix', name: 'C', mix: { get: 1 }, keys: 'uniform', zipf: 0.99, sizes: '1KB' } as const),
      ...{ records: 10, rangeBytes: 1 },
    },
  };
  const surroundings = {
    ...{ command: `bench ${name}`, startedAt: '2026-01-01', sionVersion: '1', nodeVersion: 'v24', platform: 'linux' },
    ...{ cpuModel: 'cpu', cpus: 2, memoryBytes: 1, loadAverage: 0 },
  };
  return { format: resultFormat, surroundings, settings, facts: {}, interrupted: false, targets: [target] };
}

describe('reports', () => {
  test('the page needs nothing else, and shows text as text', () => {
    const page = writeHtmlReport(result('fast', 5));
    expect(page).not.toMatch(/<script|src=|href=|url\(|@import/);
    expect(page).toContain('7 &lt;b&gt;');
    expect(page).not.toContain('<b>\n');
    for (const title of ['Comparison', 'Distributions', 'reads by source', 'dollars per hour', 'bytes in memory']) {
      expect(page).toContain(title);
    }
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('the terminal has a line per operation and size', () => {
    const text = writeTerminalReport(result('fast', 5));
    expect(text).toMatch(/get +≤ 1 KB +100 +5\.00 ms/);
    expect(text).toMatch(/get +≤ 10 MB +100/);
    expect(text).toContain('served by: memory 30');
  });

  test('two results: what differs, and by what factor', () => {
    const text = compareResults(result('x', 5), result('x', 10));
    expect(text).toMatch(/get +≤ 1 KB +100 → 100 +5\.00 ms → 10\.0 ms {2}× 2\.00/);
    expect(compareResults(result('x', 5), result('y', 5))).toContain('x → y');
    const [one, other] = [result('x', 5), result('x', 5)];
    const changed = { ...other, settings: { ...other.settings, lanes: 8 } };
    expect(compareResults(one, changed)).toContain('differs: settings.lanes: 4 → 8');
    expect(compareResults(one, changed)).toContain('same');
  });

  test('what is no result is refused', () => {
    expect(() => readResult('{', 'a.json')).toThrow('a.json is no JSON');
    expect(() => readResult('{"format":"other"}', 'a.json')).toThrow('a.json is no result');
    expect(readResult(JSON.stringify(result('x', 5)), 'a.json').targets.length).toBe(1);
  });
});

describe('charts', () => {
  const formats = { formatX: String, formatY: String };

  test('of nothing are nothing', () => {
    expect(lineChart({ title: '', xLabel: '', series: [], ...formats })).toBe('');
    expect(barChart({ title: '', groups: [], format: String })).toBe('');
  });

  test('one point, and values of 0, have a place', () => {
    const chart = lineChart({
      title: 't',
      xLabel: '',
      series: [{ name: 'a', points: [[0, 0]] }],
      logX: true,
      ...formats,
    });
    expect(chart).not.toMatch(/NaN|Infinity/);
  });

  test('areas lie on one another', () => {
    const series = ['a', 'b'].map((name) => ({ name, points: [[0, 1] as const, [1, 1] as const] }));
    const chart = lineChart({ title: 't', xLabel: '', series, isStacked: true, ...formats });
    expect(chart.indexOf('b: 2')).toBeGreaterThan(0);
    expect(chart.indexOf('b: 2')).toBeLessThan(chart.indexOf('a: 1'));
  });
});

test('quantities', () => {
  expect([0.1234, 5, 55.55, 999, 1_500, 20_000].map(formatMs)).toEqual([
    '0.123 ms',
    '5.00 ms',
    '55.5 ms',
    '999 ms',
    '1.50 s',
    '20.0 s',
  ]);
  expect([0, 999, 1_000, 52_300_000].map(formatBytes)).toEqual(['0 B', '999 B', '1.00 KB', '52.3 MB']);
  expect([1, 999, 1_000, 12_345_678].map(formatCount)).toEqual(['1', '999', '1,000', '12,345,678']);
});

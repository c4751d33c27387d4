import { describe, expect, test } from 'vitest';
import type { FaultRecord, RequestRecord } from './record.ts';
import { latencyOf, reportLoad, smallBytes } from './report.ts';

function request(startMs: number, tookMs: number, code = 'ok', sizeBytes = 100): RequestRecord {
  const what = { protocol: 'resp', durability: 'store', kind: 'get' } as const;
  return { ...what, startMs, endMs: startMs + tookMs, sizeBytes, code };
}

function fault(startMs: number, endMs: number, isDone = true): FaultRecord {
  return { kind: 'kill-proxy', text: 'kill-proxy', startMs, endMs, backMs: endMs, isDone };
}

/** Every 100 ms one that takes 10 ms. */
function steady(fromMs: number, untilMs: number): RequestRecord[] {
  return Array.from({ length: (untilMs - fromMs) / 100 }, (_, index) => request(fromMs + 100 * index, 10));
}

describe('a load', () => {
  test('is counted by code, kind, protocol and second', () => {
    const report = reportLoad([...steady(0, 1_000), request(1_500, 5, 'lost'), request(1_600, 5, 'lost')], [], 3_000);
    expect(report).toMatchObject({ requests: 12, answered: 10, answeredBytes: 1_000, errors: { lost: 2 } });
    expect(report.byKind).toEqual({ get: { requests: 12, answered: 10 } });
    expect(report.byProtocol).toEqual({ resp: { requests: 12, answered: 10 } });
    expect(report.seconds).toEqual([
      { second: 0, requests: 10, answered: 10 },
      { second: 1, requests: 2, answered: 0 },
      { second: 2, requests: 0, answered: 0 },
    ]);
  });

  test('without requests has no latency', () => {
    expect(reportLoad([], [], 0)).toMatchObject({ requests: 0, latency: { samples: 0, p50Ms: undefined } });
  });
});

test('latencies are of answered small requests, by nearest rank', () => {
  const requests = Array.from({ length: 100 }, (_, index) => request(0, index + 1));
  expect(latencyOf(requests)).toEqual({ samples: 100, p50Ms: 50, p99Ms: 99 });
  expect(latencyOf([request(0, 7), request(0, 900, 'lost'), request(0, 900, 'ok', smallBytes + 1)])).toEqual({
    ...{ samples: 1, p50Ms: 7, p99Ms: 7 },
  });
});

describe('an incident', () => {
  const outage = [...steady(0, 5_000), request(5_000, 200, 'lost'), request(5_800, 100, 'no-connection')];

  test('lasts until the last request fails; before, during and after are apart', () => {
    const { incidents } = reportLoad([...outage, ...steady(6_000, 10_000)], [fault(5_000, 5_010)], 10_000);
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({
      ...{ startMs: 5_000, endMs: 5_010, errorsForMs: 900, silentMs: 1_010 },
      errors: { lost: 1, 'no-connection': 1 },
      before: { samples: 30, p50Ms: 10 },
      during: { samples: 0 },
      after: { samples: 40, p50Ms: 10 },
    });
  });

  test('has what began or broke in it, not what a later one broke', () => {
    const requests = [...steady(0, 20_000), request(6_000, 10_000, 'timeout'), request(14_900, 200, 'lost')];
    const { incidents } = reportLoad(requests, [fault(5_000, 7_000), fault(15_000, 15_000)], 20_000);
    expect(incidents.map(({ errors }) => errors)).toEqual([{ timeout: 1 }, { lost: 1 }]);
  });

  test('has several faults when they meet, and none that found nothing to do', () => {
    const faults = [
      fault(1_000, 4_000),
      fault(2_000, 2_000),
      fault(5_900, 5_900),
      fault(9_000, 9_000),
      fault(9_500, 9_500, false),
    ];
    const { incidents } = reportLoad(steady(0, 12_000), faults, 12_000);
    expect(incidents.map(({ kinds }) => kinds.length)).toEqual([3, 1]);
  });
});

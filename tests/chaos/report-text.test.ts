import { expect, test } from 'vitest';
import type { FaultKind } from './fault-plan.ts';
import type { FaultRecord, Problem, RequestRecord } from './record.ts';
import { reportLoad } from './report.ts';
import { type ChaosReport, renderReport } from './report-text.ts';

function request(startMs: number, code = 'ok'): RequestRecord {
  const what = { protocol: 'http', durability: 'store', kind: 'set' } as const;
  return { ...what, startMs, endMs: startMs + 10, sizeBytes: 100, code };
}

function fault(kind: FaultKind, startMs: number): FaultRecord {
  return { kind, text: kind, startMs, endMs: startMs, backMs: startMs + 100, isDone: true };
}

function render(problems: readonly Problem[], isInterrupted = false): string {
  const requests = [request(0), request(5_010, 'lost'), request(5_500), request(20_000)];
  const faults = [fault('kill-proxy', 5_000), fault('reclaim-one', 15_000), fault('cut-links', 15_500)];
  const check = { operations: 4, unknowns: 1, keys: 2, readBack: 4, files: 2 };
  const report: ChaosReport = {
    ...{ settings: {}, machine: 'any', load: reportLoad(requests, faults, 21_000), reads: { memory: 3, store: 5 } },
    ...{ check, problems, isInterrupted },
  };
  return renderReport(report);
}

test('a good run ends with its verdict', () => {
  const text = render([]);
  expect(text).toMatch(/^kill-proxy +1 +1 +1 +0\.0 s \(0\.0\) +/m);
  expect(text).toMatch(/^several at once +1 +0 +0 +0 +/m);
  expect(text).toMatch(/^answered +75\.00 % of 4 requests/m);
  expect(text).toMatch(/^seconds +21: 2 with every request answered, 18 with none/m);
  expect(text).toMatch(/^reads from +store 5, memory 3$/m);
  expect(text).toMatch(/^at the end +4 reads, 2 files of the store$/m);
  expect(text.split('\n').at(-1)).toBe('Nothing was lost and nothing was wrong.');
});

test('a bad one ends with what is wrong, an interrupted one says that it was', () => {
  expect(
    render([{ kind: 'history', text: 'read of k' }])
      .split('\n')
      .slice(-2),
  ).toEqual([...['1 PROBLEMS:', '  history: read of k']]);
  expect(render([], true)).toMatch(/^at the end +not read back: interrupted$/m);
});

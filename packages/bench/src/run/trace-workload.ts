/** A recorded workload as requests: read whole, shaped, planned. What was left out is among its facts. */
import {
  planReplay,
  type ReplayStep,
  readTrace,
  type ShapedTrace,
  shapeTrace,
  synthesizeRegistry,
  type TraceRecord,
  type WorkRequest,
  workOf,
} from '@sion/workload';
import type { TraceSettings, WorkloadFacts } from '../settings.ts';
import type { OpenFile, Workload } from './workload.ts';

export async function openTrace(settings: TraceSettings, seed: string, openFile: OpenFile): Promise<Workload> {
  const { file, firstTouch, format, key, skipBadRows } = settings;
  const records: TraceRecord[] = [];
  let badRows = 0;
  const onBadRow = skipBadRows ? { onBadRow: () => void badRows++ } : {};
  const options = { registryKey: key, ...(format === undefined ? {} : { format }), ...onBadRow };
  const [, sizes] = /^synthetic:(large|all)$/.exec(file) ?? [];
  if (sizes === 'large' || sizes === 'all')
    for (const record of synthesizeRegistry({ seed, sizes, key })) records.push(record);
  else for await (const record of readTrace(openFile(file), options)) records.push(record);
  const shaped = shapeTrace(records, {
    ...settings,
    toHour: settings.toHour === 0 ? Number.POSITIVE_INFINITY : settings.toHour,
    maxBytes: settings.maxBytes === 0 ? Number.POSITIVE_INFINITY : settings.maxBytes,
    maxGapMs: settings.maxGapSeconds === 0 ? Number.POSITIVE_INFINITY : settings.maxGapSeconds * 1000,
  });
  const steps = planReplay(shaped.records, firstTouch);
  return {
    facts: { rows: records.length, badRows, ...factsOf(shaped, steps) },
    *initial() {
      if (firstTouch === 'exists') yield* existing(steps);
    },
    *requests() {
      let index = 0;
      for (const step of steps) {
        for (const request of workOf(step)) yield { index: index++, dueMs: step.atMs, request };
      }
    },
  };
}

/** What is read before it is written was there already. */
function* existing(steps: readonly ReplayStep[]): Generator<WorkRequest> {
  for (const { isFirst, record, sizeBytes } of steps) {
    if (isFirst && record.operation !== 'put') yield { operation: 'insert', key: record.key, sizeBytes };
  }
}

function factsOf(shaped: ShapedTrace, steps: readonly ReplayStep[]): WorkloadFacts {
  const { capped, outsideHours, outsideSample, skippedMs } = shaped;
  const first = steps.filter(({ isFirst }) => isFirst);
  return {
    requests: steps.flatMap(workOf).length,
    objects: first.length,
    objectBytes: first.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    seconds: (steps.at(-1)?.atMs ?? 0) / 1000,
    copiesLeftOut: steps.filter(({ record }) => record.operation === 'copy').length,
    ...{ outsideHours, outsideSample, capped, skippedSeconds: skippedMs / 1000 },
  };
}

/** One target's result from what its workers recorded. Pure. */
import { Latency } from '../record/latency.ts';
import { mergeRecordings, type Recording } from '../record/recorder.ts';
import type { LatencyResult, TargetResult } from '../result.ts';
import type { TargetSpec } from '../target.ts';
import { judgeRun } from '../verdict.ts';
import type { SionSample } from './sion-sample.ts';

export interface TargetFindings {
  readonly spec: TargetSpec;
  readonly told: Readonly<Record<string, string>>;
  readonly mode: 'open' | 'closed';
  readonly maxLanes: number;
  readonly recordings: readonly Recording[];
  /** Of all workers together. */
  readonly peakLanes: number;
  readonly busyMs: number;
  readonly loopUtilization: number;
  readonly filled: number;
  readonly samples: readonly SionSample[];
}

export function createTargetResult(findings: TargetFindings): TargetResult {
  const { busyMs, filled, loopUtilization, maxLanes, mode, peakLanes, recordings, samples, spec, told } = findings;
  const recording = mergeRecordings(recordings);
  const [response, service] = [new Latency(), new Latency()];
  const rows = recording.rows.map((row): LatencyResult => {
    const [ofResponse, ofService] = [Latency.decode(row.response), Latency.decode(row.service)];
    response.add(ofResponse);
    service.add(ofService);
    return { ...row, responseMs: ofResponse.summary(), serviceMs: ofService.summary() };
  });
  const failed = Object.values(recording.failures).reduce((sum, count) => sum + count, 0);
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const [responseMs, lagMs] = [response.summary(), Latency.decode(recording.lag).summary()];
  const waitingMs = Latency.decode(recording.waiting).summary();
  const { sent, unfinished, verdicts } = recording;
  const seconds = busyMs / 1000;
  return {
    ...{
      name: spec.name,
      kind: spec.kind,
      told,
      filled,
      failed,
      unfinished,
      bytes,
      verdicts,
      peakLanes,
      loopUtilization,
    },
    verdict: judgeRun({
      ...{ mode, response: responseMs, lag: lagMs, waiting: waitingMs, loopUtilization, sent, unfinished, verdicts },
      ...{ failures: failed, maxLanes, peakLanes },
    }),
    requests: response.count,
    busySeconds: seconds,
    requestsPerSecond: seconds > 0 ? response.count / seconds : 0,
    bytesPerSecond: seconds > 0 ? bytes / seconds : 0,
    ...{ responseMs, lagMs, waitingMs, serviceMs: service.summary(), samples },
    rows: rows.sort(byOperationAndSize),
    seconds: recording.seconds,
    failures: recording.failures,
  };
}

function byOperationAndSize(a: LatencyResult, b: LatencyResult): number {
  return a.operation === b.operation ? sizeOf(a) - sizeOf(b) : a.operation < b.operation ? -1 : 1;
}

/** The mean, which lies within the class. */
function sizeOf({ bytes, responseMs }: LatencyResult): number {
  return bytes / Math.max(1, responseMs.count);
}

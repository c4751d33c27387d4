/** The result of a run: what is written as JSON, compared later, and shown as a page. Times are milliseconds. */
import type { LatencySummary } from './record/latency.ts';
import type { LatencyRow, SecondLine, VerdictCounts } from './record/recorder.ts';
import type { SionSample } from './run/sion-sample.ts';
import type { BenchSettings, WorkloadFacts } from './settings.ts';
import type { TargetKind } from './target.ts';
import type { RunVerdict } from './verdict.ts';

export const resultFormat = 'sion-bench-1';

/** Where and with what it ran. */
export interface RunSurroundings {
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly sionVersion: string;
  readonly nodeVersion: string;
  readonly platform: string;
  readonly cpuModel: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Of the last minute, when the run began. */
  readonly loadAverage: number;
}

export interface BenchResult {
  readonly format: typeof resultFormat;
  readonly surroundings: RunSurroundings;
  readonly settings: BenchSettings;
  /** Of a trace: what was read, and what was left out. */
  readonly facts: WorkloadFacts;
  /** It was broken off; what is told is what was measured until then. */
  readonly interrupted: boolean;
  readonly targets: readonly TargetResult[];
}

/** A {@link LatencyRow} with its summaries; `response` and `service` hold the whole distribution. */
export interface LatencyResult extends LatencyRow {
  readonly responseMs: LatencySummary;
  readonly serviceMs: LatencySummary;
}

export interface TargetResult {
  readonly name: string;
  readonly kind: TargetKind;
  /** What it says of itself. */
  readonly told: Readonly<Record<string, string>>;
  readonly verdict: RunVerdict;
  /** Objects written beforehand. */
  readonly filled: number;
  readonly requests: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly bytes: number;
  readonly busySeconds: number;
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  /** All operations together. */
  readonly responseMs: LatencySummary;
  readonly serviceMs: LatencySummary;
  readonly rows: readonly LatencyResult[];
  readonly seconds: readonly SecondLine[];
  readonly failures: Readonly<Record<string, number>>;
  readonly verdicts: VerdictCounts;
  readonly lagMs: LatencySummary;
  readonly waitingMs: LatencySummary;
  readonly peakLanes: number;
  readonly loopUtilization: number;
  /** Of a SION: once before the first request and then each second. */
  readonly samples: readonly SionSample[];
}

/**
 * Whether a run says anything about its target. A generator that was late, or had no time left, has measured itself; such a run
 * is invalid. What is no fault of the generator, but must be known to read the figures rightly, is a note.
 */
import type { LatencySummary } from './record/latency.ts';
import type { VerdictCounts } from './record/recorder.ts';

export interface VerdictInput {
  readonly mode: 'open' | 'closed';
  readonly response: LatencySummary;
  readonly lag: LatencySummary;
  readonly waiting: LatencySummary;
  /** Busy share of the busiest worker's event loop, 0 … 1. */
  readonly loopUtilization: number;
  readonly sent: number;
  readonly unfinished: number;
  readonly failures: number;
  readonly verdicts: VerdictCounts;
  readonly maxLanes: number;
  readonly peakLanes: number;
}

export interface RunVerdict {
  /** The figures are the target's. */
  readonly isValid: boolean;
  /** Why not. */
  readonly faults: readonly string[];
  /** What was read was what was written. */
  readonly isVerified: boolean;
  readonly notes: readonly string[];
}

/** Lateness below this is never held against a run, and at most this share of what was measured is. */
export const maxLagMs = 1;
export const maxLagShare = 0.1;
/** Of a closed loop; an open one looks at the clock in its idle time. */
export const maxLoopUtilization = 0.9;

export function judgeRun(input: VerdictInput): RunVerdict {
  const { lag, maxLanes, mode, peakLanes, response, sent, unfinished, failures, verdicts, waiting } = input;
  const faults: string[] = [];
  if (sent - unfinished - failures === 0) faults.push('no request succeeded');
  for (const [name, late, all] of [
    ['median', lag.p50Ms, response.p50Ms],
    ['p99', lag.p99Ms, response.p99Ms],
  ] as const) {
    if (late > maxLagMs && late > maxLagShare * all) {
      faults.push(
        `the generator was the bottleneck: it sent requests ${ms(late)} late (${name}), more than a tenth of the response ` +
          `time (${ms(all)}). Lower the rate, or give it more --workers`,
      );
      break;
    }
  }
  if (mode === 'closed' && input.loopUtilization > maxLoopUtilization) {
    const share = Math.round(input.loopUtilization * 100);
    faults.push(
      `the generator was the bottleneck: a worker was busy ${share} % of the time. Give it more --workers or fewer --lanes`,
    );
  }
  const notes: string[] = [];
  if (mode === 'open' && peakLanes >= maxLanes && waiting.p99Ms > maxLagMs) {
    notes.push(
      `all ${maxLanes} lanes were busy at times: requests waited up to ${ms(waiting.maxMs)} for one, which response times ` +
        'have and service times have not',
    );
  }
  if (mode === 'closed') notes.push('a closed loop asks a slow target less often: its latencies leave that out');
  if (failures > 0) notes.push(`${failures} requests failed; latencies are those of the others`);
  if (unfinished > 0) notes.push(`${unfinished} requests were still under way at the end and are in no latency`);
  if (verdicts.miss > 0) notes.push(`${verdicts.miss} reads found nothing where a value had been written`);
  const isVerified = verdicts.stale + verdicts.wrong === 0;
  return { isValid: faults.length === 0, faults, isVerified, notes };
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
}

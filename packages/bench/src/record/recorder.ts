/**
 * What a worker remembers of one target: latencies by operation and size class, a line per second, failures by reason,
 * verdicts of reads, and how late the generator itself was. Everything else about a request is forgotten at once.
 */
import type { WorkOperation } from '@sion/workload';
import type { ReadVerdict } from '../values/read-check.ts';
import { Latency } from './latency.ts';
import { sizeClasses, sizeClassOf } from './size-classes.ts';

/** One finished request. Times in milliseconds of the target's own running time. */
export interface FinishedRequest {
  readonly operation: WorkOperation;
  /** When it should have been sent; in a closed loop, when it was. */
  readonly dueMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Of values, read or written. */
  readonly bytes: number;
  readonly verdict?: ReadVerdict;
  /** A short reason; its bytes and latency are not counted among those that succeeded. */
  readonly failure?: string;
}

/** One second of a run. */
export interface SecondLine {
  readonly second: number;
  readonly requests: number;
  readonly failures: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Latencies of one operation within one size class, encoded. */
export interface LatencyRow {
  readonly operation: WorkOperation;
  readonly sizeClass: string;
  readonly bytes: number;
  /** From the intended start. */
  readonly response: string;
  /** From the actual start. */
  readonly service: string;
}

export type VerdictCounts = Readonly<Record<ReadVerdict, number>>;

/** A {@link Recorder}'s content as data that can be handed on and merged. */
export interface Recording {
  readonly rows: readonly LatencyRow[];
  readonly seconds: readonly SecondLine[];
  readonly failures: Readonly<Record<string, number>>;
  readonly verdicts: VerdictCounts;
  /** Due to noticed: what the generator's own slowness cost. */
  readonly lag: string;
  /** Noticed to sent: waiting for a free lane. */
  readonly waiting: string;
  /** Requests that were still under way when the run ended. */
  readonly unfinished: number;
  readonly sent: number;
}

interface Row {
  readonly operation: WorkOperation;
  readonly sizeClass: string;
  bytes: number;
  readonly response: Latency;
  readonly service: Latency;
}

export class Recorder {
  readonly #rows = new Map<string, Row>();
  readonly #seconds: SecondLine[] = [];
  readonly #failures = new Map<string, number>();
  readonly #verdicts: Record<ReadVerdict, number> = { right: 0, absent: 0, miss: 0, stale: 0, wrong: 0 };
  readonly #lag = new Latency();
  readonly #waiting = new Latency();
  readonly #thisSecond = new Latency();
  #second = { second: 0, requests: 0, failures: 0, bytes: 0 };
  #ended = 0;
  /** Requests that were sent. */
  sent = 0;

  /** A request was noticed `lagMs` after it was due, and got a lane `waitingMs` after that. */
  countSent(lagMs: number, waitingMs: number): void {
    this.sent++;
    this.#lag.record(lagMs);
    this.#waiting.record(waitingMs);
  }

  /** A further request that another one brings with it (the read after a first write). */
  countFollowUp(): void {
    this.sent++;
  }

  countEnd(request: FinishedRequest): void {
    this.#ended++;
    const { operation, dueMs, startedMs, endedMs, bytes, verdict, failure } = request;
    this.#turnTo(Math.max(this.#second.second, Math.floor(endedMs / 1000)));
    if (verdict !== undefined) this.#verdicts[verdict]++;
    if (failure !== undefined) {
      this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
      this.#second.failures++;
      return;
    }
    this.#second.requests++;
    this.#second.bytes += bytes;
    this.#thisSecond.record(endedMs - dueMs);
    const row = this.#rowOf(operation, bytes);
    row.bytes += bytes;
    row.response.record(endedMs - dueMs);
    row.service.record(endedMs - startedMs);
  }

  /** All of it so far. */
  recording(): Recording {
    this.#turnTo(this.#second.second + 1);
    return {
      rows: [...this.#rows.values()].map(({ response, service, ...rest }) => ({
        ...rest,
        response: response.encode(),
        service: service.encode(),
      })),
      seconds: [...this.#seconds],
      failures: Object.fromEntries(this.#failures),
      verdicts: { ...this.#verdicts },
      lag: this.#lag.encode(),
      waiting: this.#waiting.encode(),
      unfinished: this.sent - this.#ended,
      sent: this.sent,
    };
  }

  /** Any reason for which a request failed. */
  get anyFailure(): string | undefined {
    return this.#failures.keys().next().value;
  }

  /** For the live line. */
  totals(): { readonly requests: number; readonly failures: number; readonly bytes: number } {
    const lines = [...this.#rows.values()];
    return {
      requests: lines.reduce((sum, { response }) => sum + response.count, 0),
      failures: [...this.#failures.values()].reduce((sum, count) => sum + count, 0),
      bytes: lines.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  #turnTo(second: number): void {
    if (second === this.#second.second) return;
    if (this.#second.requests + this.#second.failures > 0) {
      const { p50Ms, p99Ms, maxMs } = this.#thisSecond.summary();
      this.#seconds.push({ ...this.#second, p50Ms, p99Ms, maxMs });
    }
    this.#second = { second, requests: 0, failures: 0, bytes: 0 };
    this.#thisSecond.reset();
  }

  #rowOf(operation: WorkOperation, bytes: number): Row {
    const at = sizeClassOf(bytes);
    const name = `${operation} ${at}`;
    let row = this.#rows.get(name);
    if (row === undefined) {
      const sizeClass = sizeClasses[at]?.label ?? '';
      row = { operation, sizeClass, bytes: 0, response: new Latency(), service: new Latency() };
      this.#rows.set(name, row);
    }
    return row;
  }
}

/** Recordings of the same target by several workers as one. Percentiles of a second are those of its slowest worker. */
export function mergeRecordings(recordings: readonly Recording[]): Recording {
  const rows = new Map<string, Row>();
  const seconds = new Map<number, SecondLine>();
  const failures: Record<string, number> = {};
  const verdicts: Record<ReadVerdict, number> = { right: 0, absent: 0, miss: 0, stale: 0, wrong: 0 };
  const [lag, waiting] = [new Latency(), new Latency()];
  for (const recording of recordings) {
    for (const row of recording.rows) addRow(rows, row);
    for (const line of recording.seconds) seconds.set(line.second, addLine(seconds.get(line.second), line));
    for (const [reason, count] of Object.entries(recording.failures))
      failures[reason] = (failures[reason] ?? 0) + count;
    for (const verdict of ['right', 'absent', 'miss', 'stale', 'wrong'] as const) {
      verdicts[verdict] += recording.verdicts[verdict];
    }
    lag.add(Latency.decode(recording.lag));
    waiting.add(Latency.decode(recording.waiting));
  }
  return {
    rows: [...rows.values()].map(({ response, service, ...rest }) => ({
      ...rest,
      response: response.encode(),
      service: service.encode(),
    })),
    seconds: [...seconds.values()].sort((a, b) => a.second - b.second),
    ...{ failures, verdicts, lag: lag.encode(), waiting: waiting.encode() },
    unfinished: recordings.reduce((sum, { unfinished }) => sum + unfinished, 0),
    sent: recordings.reduce((sum, { sent }) => sum + sent, 0),
  };
}

function addRow(rows: Map<string, Row>, { operation, sizeClass, bytes, response, service }: LatencyRow): void {
  const name = `${operation} ${sizeClass}`;
  const row = rows.get(name) ?? { operation, sizeClass, bytes: 0, response: new Latency(), service: new Latency() };
  rows.set(name, row);
  row.bytes += bytes;
  row.response.add(Latency.decode(response));
  row.service.add(Latency.decode(service));
}

function addLine(before: SecondLine | undefined, line: SecondLine): SecondLine {
  if (before === undefined) return line;
  return {
    second: line.second,
    requests: before.requests + line.requests,
    failures: before.failures + line.failures,
    bytes: before.bytes + line.bytes,
    p50Ms: Math.max(before.p50Ms, line.p50Ms),
    p99Ms: Math.max(before.p99Ms, line.p99Ms),
    maxMs: Math.max(before.maxMs, line.maxMs),
  };
}

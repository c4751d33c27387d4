/**
 * One worker: its share of the requests, on every target in turn. It knows nothing of threads; who runs it elsewhere hands its
 * calls over. Each target has a source, a book of values and a recorder of its own, so that turns between targets leave no trace.
 */
import { type Clock, delay } from '@sion/components';
import { Lanes } from '../load/lanes.ts';
import { type LoopParts, runClosedLoop, runOpenLoop, type SliceEnd } from '../load/loops.ts';
import { RequestRunner } from '../load/request-runner.ts';
import { isOfShare, RequestSource, type WorkerShare } from '../load/request-source.ts';
import { Recorder, type Recording } from '../record/recorder.ts';
import type { BenchSettings, WorkloadFacts } from '../settings.ts';
import { type Target, type TargetSpec, withKeyPrefix } from '../target.ts';
import type { TargetOptions } from '../targets/open-target.ts';
import { ValueBook } from '../values/value-book.ts';
import { type OpenFile, openWorkload, type Workload } from './workload.ts';

/** What a worker can be asked for; by the number of the target in the settings. */
export interface BenchWorker {
  /** Opens the workload and every target. */
  open(): Promise<OpenedWorker>;
  /** Writes what has to be there at the beginning; rejects when a write failed. */
  fill(target: number): Promise<void>;
  /** Carries out the next slice. */
  slice(target: number, end: SliceEnd): Promise<void>;
  totals(target: number): Promise<WorkerTotals>;
  /** Nothing more is sent. */
  stop(): Promise<void>;
  /** Closes everything; gives what was recorded of each target. */
  finish(): Promise<WorkerResult>;
}

export interface OpenedWorker {
  /** What the targets say of themselves. */
  readonly told: readonly Readonly<Record<string, string>>[];
  readonly facts: WorkloadFacts;
}

export interface WorkerTotals {
  readonly requests: number;
  readonly failures: number;
  readonly bytes: number;
  /** Objects written before the first request. */
  readonly filled: number;
  readonly runningMs: number;
}

export interface WorkerResult {
  readonly recordings: readonly Recording[];
  readonly peakLanes: readonly number[];
  /** How long each target was under load, the last answers of each slice included. */
  readonly busyMs: readonly number[];
  /** Busy share of the event loop while each target's slices ran, the highest. */
  readonly loopUtilization: readonly number[];
}

export interface BenchWorkerParts {
  readonly clock: Clock;
  readonly settings: BenchSettings;
  readonly share: WorkerShare;
  readonly openTarget: (spec: TargetSpec, options: TargetOptions) => Promise<Target>;
  readonly openFile: OpenFile;
  /** Busy share of the event loop since the last call. */
  readonly loopUtilization: () => number;
  readonly spinMs: number;
}

interface TargetRun {
  readonly target: Target;
  readonly lanes: Lanes;
  readonly book: ValueBook;
  readonly recorder: Recorder;
  readonly runner: RequestRunner;
  readonly source: RequestSource;
  runningMs: number;
  busyMs: number;
  loopUtilization: number;
  filled: number;
}

/** Lanes that are connected beforehand in an open loop. */
const preparedLanes = 16;

export function createBenchWorker(parts: BenchWorkerParts): BenchWorker {
  return new LocalWorker(parts);
}

class LocalWorker implements BenchWorker {
  readonly #parts: BenchWorkerParts;
  readonly #stopping = new AbortController();
  readonly #runs: TargetRun[] = [];
  #workload: Workload | undefined;

  constructor(parts: BenchWorkerParts) {
    this.#parts = parts;
  }

  async open(): Promise<OpenedWorker> {
    const { clock, openFile, openTarget, settings, share } = this.#parts;
    this.#workload = await openWorkload(settings, openFile);
    const count = Math.max(1, Math.floor(settings.lanes / share.count));
    const told: Readonly<Record<string, string>>[] = [];
    for (const spec of settings.targets) {
      const most = Math.max(count, settings.fillLanes);
      const opened = await openTarget(spec, { lanes: most, timeoutMs: settings.timeoutMs, worker: share.index });
      // Several targets may be one server, asked in different ways.
      const target = withKeyPrefix(opened, `${settings.keyPrefix}${spec.name}:`);
      const [book, recorder, lanes] = [new ValueBook(), new Recorder(), new Lanes(target, count)];
      const runner = new RequestRunner({ clock, lanes, book, recorder });
      const source = new RequestSource(this.#workload.requests(), share);
      this.#runs.push({
        target,
        lanes,
        book,
        recorder,
        runner,
        source,
        runningMs: 0,
        busyMs: 0,
        loopUtilization: 0,
        filled: 0,
      });
      told.push(await target.describe());
    }
    return { told, facts: this.#workload.facts };
  }

  async fill(target: number): Promise<void> {
    const { clock, settings, share } = this.#parts;
    const run = this.#runOf(target);
    const recorder = new Recorder();
    const lanes = new Lanes(run.target, settings.fillLanes);
    const runner = new RequestRunner({ clock, lanes, book: run.book, recorder });
    const requests = (this.#workload?.initial() ?? [])[Symbol.iterator]();
    const oneLane = async () => {
      for (;;) {
        const { done, value } = requests.next();
        if (done === true || this.#stopping.signal.aborted) return;
        if (!isOfShare(value.key, share)) continue;
        await runner.run(runner.prepare(value), undefined);
        run.filled++;
        if (recorder.anyFailure === undefined) continue;
        throw new Error(`Writing ${value.key} beforehand failed: ${recorder.anyFailure}.`);
      }
    };
    await Promise.all(Array.from({ length: settings.fillLanes }, oneLane));
    await lanes.close();
  }

  async slice(target: number, end: SliceEnd): Promise<void> {
    const { clock, loopUtilization, settings, share, spinMs } = this.#parts;
    const run = this.#runOf(target);
    const { lanes, runner, source } = run;
    const isOpen = settings.load.mode === 'open';
    const count = Math.max(1, Math.floor(settings.lanes / share.count));
    await lanes.prepare(isOpen ? Math.min(preparedLanes, count) : count);
    loopUtilization();
    runner.startAt(run.runningMs);
    const parts: LoopParts = { clock, runner, source, spinMs, signal: this.#stopping.signal };
    await (isOpen ? runOpenLoop(parts, end) : runClosedLoop(parts, end, count));
    run.loopUtilization = Math.max(run.loopUtilization, loopUtilization());
    const endedMs = runner.nowMs();
    run.busyMs += endedMs - run.runningMs;
    // Where a slice ends by time, the next one goes on at that time, however long the last requests took.
    run.runningMs = Math.min(end.untilMs, endedMs);
  }

  async totals(target: number): Promise<WorkerTotals> {
    const { filled, recorder, runner } = this.#runOf(target);
    return { ...recorder.totals(), filled, runningMs: runner.nowMs() };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
  }

  async finish(): Promise<WorkerResult> {
    const result = {
      recordings: this.#runs.map(({ recorder }) => recorder.recording()),
      peakLanes: this.#runs.map(({ lanes }) => lanes.peak),
      busyMs: this.#runs.map(({ busyMs }) => busyMs),
      loopUtilization: this.#runs.map(({ loopUtilization }) => loopUtilization),
    };
    const closing = this.#runs.map(({ lanes, target }) => lanes.close().then(() => target.close()));
    await Promise.race([Promise.allSettled(closing), delay(this.#parts.clock, 2_000)]);
    return result;
  }

  #runOf(target: number): TargetRun {
    const run = this.#runs[target];
    if (run === undefined) throw new RangeError(`there is no target ${target}`);
    return run;
  }
}

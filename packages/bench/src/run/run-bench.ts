/**
 * A whole run: workers open their targets, write what has to be there, and load one target after the other, in turns; meanwhile
 * progress is told and every SION is asked how it is. However it ends, what was measured until then is the result.
 */
import type { Clock } from '@sion/components';
import type { ProxyStatus } from '@sion/proxy';
import { type BenchResult, type RunSurroundings, resultFormat } from '../result.ts';
import { type BenchSettings, withoutSecrets } from '../settings.ts';
import type { TargetSpec } from '../target.ts';
import type { BenchWorker, OpenedWorker, WorkerTotals } from './bench-worker.ts';
import { type SionSample, sampleOf } from './sion-sample.ts';
import { createTargetResult } from './target-result.ts';

export interface RunParts {
  readonly clock: Clock;
  readonly settings: BenchSettings;
  readonly surroundings: RunSurroundings;
  readonly workers: readonly BenchWorker[];
  /** Breaks the run off. */
  readonly signal: AbortSignal;
  /** Of a SION; undefined when it cannot be asked. */
  readonly statusOf: (spec: TargetSpec) => Promise<ProxyStatus | undefined>;
  readonly tell: (progress: RunProgress) => void;
}

/** Told once a second. */
export interface RunProgress {
  readonly target: string;
  readonly phase: 'fill' | 'run';
  readonly round: number;
  readonly totals: WorkerTotals;
}

const tickMs = 1_000;

export async function runBench(parts: RunParts): Promise<BenchResult> {
  const { settings, signal, surroundings, workers } = parts;
  const run = new Run(parts);
  const stop = () => void Promise.all(workers.map((worker) => worker.stop()));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const { facts, told } = await run.open();
    await run.fillAll();
    await run.loadAll(facts['seconds'] ?? 0);
    const targets = await run.finish(told);
    return {
      ...{ format: resultFormat, surroundings, facts, targets },
      settings: withoutSecrets(settings),
      interrupted: signal.aborted,
    };
  } finally {
    signal.removeEventListener('abort', stop);
    run.end();
  }
}

class Run {
  readonly #parts: RunParts;
  readonly #beganMs: number;
  readonly #samples: SionSample[][];
  readonly #filled: number[];
  #now: { readonly target: number; readonly phase: 'fill' | 'run'; readonly round: number } | undefined;
  #isOver = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#beganMs = parts.clock.monotonicMs();
    this.#samples = parts.settings.targets.map(() => []);
    this.#filled = parts.settings.targets.map(() => 0);
  }

  async open(): Promise<OpenedWorker> {
    const opened = await Promise.all(this.#parts.workers.map((worker) => worker.open()));
    this.#tick();
    return opened[0] ?? { told: [], facts: {} };
  }

  async fillAll(): Promise<void> {
    const { settings, signal, workers } = this.#parts;
    for (const target of settings.targets.keys()) {
      if (signal.aborted) return;
      this.#now = { target, phase: 'fill', round: 0 };
      await Promise.all(workers.map((worker) => worker.fill(target)));
      this.#filled[target] = (await this.#totals(target)).filled;
    }
  }

  /** Targets take turns, and each round begins with another one. A trace lasts `recordedSeconds`. */
  async loadAll(recordedSeconds: number): Promise<void> {
    const { settings, signal, workers } = this.#parts;
    const { requests, rounds, seconds, targets } = settings;
    for (let round = 0; round < rounds; round++) {
      const share = (round + 1) / rounds;
      const lasts = seconds > 0 ? seconds : round + 1 < rounds ? recordedSeconds : 0;
      const end = {
        untilMs: lasts > 0 ? lasts * 1000 * share : Number.POSITIVE_INFINITY,
        untilRequests: requests > 0 ? Math.round(requests * share) : Number.POSITIVE_INFINITY,
      };
      for (let turn = 0; turn < targets.length; turn++) {
        if (signal.aborted) return;
        const target = (turn + round) % targets.length;
        this.#now = { target, phase: 'run', round };
        await this.#sample(target, round);
        await Promise.all(workers.map((worker) => worker.slice(target, end)));
        await this.#sample(target, round);
      }
    }
  }

  async finish(told: readonly Readonly<Record<string, string>>[]): Promise<BenchResult['targets']> {
    const { settings, workers } = this.#parts;
    this.end();
    const results = await Promise.all(workers.map((worker) => worker.finish()));
    return settings.targets.map((spec, at) =>
      createTargetResult({
        spec,
        told: told[at] ?? {},
        mode: settings.load.mode,
        maxLanes: settings.lanes,
        recordings: results.flatMap(({ recordings }) => recordings[at] ?? []),
        peakLanes: results.reduce((sum, { peakLanes }) => sum + (peakLanes[at] ?? 0), 0),
        busyMs: Math.max(...results.map(({ busyMs }) => busyMs[at] ?? 0)),
        loopUtilization: Math.max(...results.map(({ loopUtilization }) => loopUtilization[at] ?? 0)),
        filled: this.#filled[at] ?? 0,
        samples: this.#samples[at] ?? [],
      }),
    );
  }

  end(): void {
    this.#isOver = true;
  }

  #tick(): void {
    if (this.#isOver) return;
    this.#parts.clock.after(tickMs, () => {
      const again = () => this.#tick();
      void this.#tellAndSample().then(again, again);
    });
  }

  async #tellAndSample(): Promise<void> {
    const now = this.#now;
    if (now === undefined || this.#isOver) return;
    const { settings, tell } = this.#parts;
    const totals = await this.#totals(now.target);
    const { name = '' } = settings.targets[now.target] ?? {};
    tell({ target: name, phase: now.phase, round: now.round, totals });
    if (now.phase === 'run') await this.#sample(now.target, now.round);
  }

  async #totals(target: number): Promise<WorkerTotals> {
    const all = await Promise.all(this.#parts.workers.map((worker) => worker.totals(target)));
    const sum = (of: (totals: WorkerTotals) => number) => all.reduce((total, each) => total + of(each), 0);
    return {
      requests: sum(({ requests }) => requests),
      failures: sum(({ failures }) => failures),
      bytes: sum(({ bytes }) => bytes),
      filled: sum(({ filled }) => filled),
      runningMs: Math.max(...all.map(({ runningMs }) => runningMs)),
    };
  }

  async #sample(target: number, round: number): Promise<void> {
    const { clock, settings, statusOf } = this.#parts;
    const spec = settings.targets[target];
    const status = spec === undefined ? undefined : await statusOf(spec).catch(() => undefined);
    if (status !== undefined) this.#samples[target]?.push(sampleOf(status, clock.monotonicMs() - this.#beganMs, round));
  }
}

/** A run's workload from its settings: what is there at the beginning, and what is asked for when. */
import {
  arrivalTimes,
  burstRates,
  keysOf,
  MixedWorkload,
  parseSizes,
  type RateStep,
  SeededRandom,
  type WorkRequest,
} from '@sion/workload';
import type { PlannedRequest } from '../load/request-source.ts';
import type { BenchSettings, MixSettings, RateSettings, WorkloadFacts } from '../settings.ts';
import { openTrace } from './trace-workload.ts';

export interface Workload {
  /** What is written before the first request. */
  initial(): Iterable<WorkRequest>;
  /** Afresh with each call. */
  requests(): Iterable<PlannedRequest>;
  readonly facts: WorkloadFacts;
}

/** A file's bytes; rejects where it cannot be read. */
export type OpenFile = (path: string) => AsyncIterable<Uint8Array>;

export async function openWorkload(settings: BenchSettings, openFile: OpenFile): Promise<Workload> {
  const { workload } = settings;
  return workload.kind === 'trace' ? openTrace(workload, settings.seed, openFile) : openMix(settings, workload);
}

function openMix(settings: BenchSettings, workload: MixSettings): Workload {
  const { seed } = settings;
  const { keys, mix, rangeBytes, records, sizes, zipf } = workload;
  const create = () =>
    new MixedWorkload(
      { mix, records, rangeBytes, keyPrefix: 'user', sizes: parseSizes(sizes), keys: keysOf(keys, zipf) },
      seed,
    );
  return {
    facts: {},
    initial: () => create().initial(),
    *requests() {
      const source = create();
      let index = 0;
      for (const dueMs of dueTimes(settings)) yield { index: index++, dueMs, request: source.next() };
    },
  };
}

function* dueTimes({ load, seed }: BenchSettings): Generator<number> {
  if (load.mode === 'closed' || load.rate.kind === 'recorded') for (;;) yield 0;
  if (!('arrivals' in load)) return;
  const steps = ratesOf(load.rate, new SeededRandom(`${seed} rates`));
  yield* arrivalTimes(steps, load.arrivals, new SeededRandom(`${seed} arrivals`));
}

function ratesOf(rate: RateSettings, random: SeededRandom): Iterable<RateStep> {
  return rate.kind === 'steps' ? rate.steps : burstRates(rate, random);
}

/**
 * A thread that makes load. Its events loop is its own, so that progress, reports and statistics elsewhere do not delay a request.
 * It answers calls of a {@link BenchWorker}'s methods by number.
 */
import { createReadStream } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { type BenchSettings, type BenchWorker, createBenchWorker, openTarget } from '@sion/bench';
import { systemClock } from '@sion/components';
import { loadS3 } from './s3-target.ts';

/** What the thread is given. */
export interface ThreadData {
  readonly settings: BenchSettings;
  readonly share: { readonly index: number; readonly count: number };
}

export interface ThreadCall {
  readonly id: number;
  readonly method: keyof BenchWorker;
  readonly args: readonly unknown[];
}

export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** Timers are up to a millisecond late; the rest is waited for by looking at the clock. */
const spinMs = 1.2;

const { settings, share } = workerData as ThreadData;
const openS3 = await loadS3(settings.targets);
let measured = performance.eventLoopUtilization();
const worker = createBenchWorker({
  ...{ clock: systemClock, settings, share, spinMs },
  openTarget: (spec, options) => openTarget(spec, options, openS3),
  openFile: (path) => createReadStream(path),
  loopUtilization: () => {
    const before = measured;
    measured = performance.eventLoopUtilization();
    return performance.eventLoopUtilization(measured, before).utilization;
  },
});

parentPort?.on('message', ({ id, method, args }: ThreadCall) => {
  const call: (...given: never[]) => Promise<unknown> = worker[method].bind(worker);
  void call(...(args as never[])).then(
    (value) => parentPort?.postMessage({ id, value } satisfies ThreadAnswer),
    (error: unknown) => {
      const words = error instanceof Error ? error.message : String(error);
      parentPort?.postMessage({ id, error: words } satisfies ThreadAnswer);
    },
  );
});

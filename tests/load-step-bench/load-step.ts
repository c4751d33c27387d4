/**
 * The load step: 1, then 2, then 5 readers of 10 MB objects, whose chunks all lie on the same 12 functions, each with so
 * little network that one reader has all of it. Every reader has objects of its own: no two reads share anything.
 */
import type { Report } from '../recovery-bench/report.ts';
import { BenchFleet, burstBytes } from './bench-fleet.ts';
import {
  chunkBytes,
  judgeSteps,
  mb,
  objectBytes,
  objectsPerReader,
  runSteps,
  type StepResult,
  stepKeys,
  steps,
  tellSteps,
} from './step-readers.ts';

export interface LoadStepOptions {
  readonly mbPerSecond: number;
  readonly seconds: number;
}

/** More than the readers of the last step saturate: there is a choice. */
export const stepNodes = 96;

/** Goals: a throughput of 0.8·n without any change of settings, and few misses because of busy nodes. */
export async function benchLoadStep(options: LoadStepOptions, report: Report): Promise<void> {
  const { mbPerSecond, seconds } = options;
  report.say('');
  report.say(
    `load step: ${stepNodes} instances of ${mbPerSecond} MB/s each (burst ${burstBytes / 1024} KiB), store traffic included, all of ` +
      `them warm; ${steps.join(', then ')} readers for ${seconds} s each, over HTTP, one GET at a time; ${objectsPerReader} ` +
      `objects of 10 MB for each reader, in 10+2 chunks of 1 MB, all on the same 12 functions; a function with one chunk ` +
      'under way is busy; directory store; no hedging; every byte compared',
  );
  const elastic = await measure(options, 64 * 2 ** 20, report);
  const without = await measure(options, 0, report);
  judgeSteps('load step', elastic, without, report);
}

async function measure(
  { mbPerSecond, seconds }: LoadStepOptions,
  elasticBytesPerNode: number,
  report: Report,
): Promise<readonly StepResult[]> {
  const fleet = await BenchFleet.start({
    ...{ nodes: stepNodes, nodeMemoryMb: 512 },
    environment: {
      SION_ELASTIC_BYTES_PER_NODE: String(elasticBytesPerNode),
      SION_BUSY_BYTES_PER_NODE: String(chunkBytes),
      SION_STRIPES: '*=10+2',
      SION_HEDGE_MS: '30000',
      SION_FETCH_TIMEOUT_MS: '30000',
    },
  });
  try {
    await fleet.fill(
      stepKeys()
        .flat()
        .map((key) => ({ key, sizeBytes: objectBytes })),
    );
    await fleet.warm();
    await fleet.limit(mbPerSecond * mb);
    const results = await runSteps(fleet, seconds);
    const holders = await fleet.holders();
    tellSteps(
      results,
      `SION_ELASTIC_BYTES_PER_NODE=${elasticBytesPerNode}, ${holders} functions hold chunks at the end`,
      report,
    );
    return results;
  } finally {
    await fleet.stop();
  }
}

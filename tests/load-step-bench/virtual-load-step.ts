/**
 * The load step in virtual time: the real proxy and the real node, with what Lambda gives an instance for good, and no other
 * work of the machine in what is measured.
 */
import { payloadOf } from '@sion/workload';
import type { Report } from '../recovery-bench/report.ts';
import { scale, VirtualFleet, virtualWorldFacts } from '../recovery-bench/virtual-fleet.ts';
import { stepNodes } from './load-step.ts';
import {
  chunkBytes,
  judgeSteps,
  mb,
  objectBytes,
  objectsPerReader,
  runSteps,
  type StepFleet,
  type StepResult,
  stepKeys,
  steps,
  tellSteps,
} from './step-readers.ts';

const [mbPerSecond, stepSeconds] = [75, 20];

/** The goals of the live measurement. */
export async function benchVirtualLoadStep(_options: unknown, report: Report): Promise<void> {
  report.say('');
  report.say(
    `load step in virtual time: ${stepNodes} nodes of ${mbPerSecond} MB/s each, no burst, store traffic included; ` +
      `${steps.join(', then ')} readers for ${stepSeconds} s each; ${objectsPerReader} objects of 10 MB for each reader, in 10+2 ` +
      'chunks of 1 MB, all on the same 12 nodes; a node with one chunk under way is busy; no hedging; every byte compared; ' +
      virtualWorldFacts,
  );
  const elastic = await measure(64 * 2 ** 20);
  tellSteps(elastic, 'with elastic demand caching', report);
  const without = await measure(0);
  tellSteps(without, 'without', report);
  judgeSteps('load step in virtual time', elastic, without, report);
}

async function measure(elasticBytesPerNode: number): Promise<readonly StepResult[]> {
  const fleet = await VirtualFleet.start(
    {
      ...{ nodes: stepNodes, chunkBytes, nodeCapacityBytes: 350 * mb },
      network: { networkBytesPerSecond: mbPerSecond * mb, networkBurstBytes: 0, networkPeakBytesPerSecond: 0 },
      environment: {
        SION_ELASTIC_BYTES_PER_NODE: String(Math.floor(elasticBytesPerNode / scale)),
        SION_BUSY_BYTES_PER_NODE: String(chunkBytes / scale),
        SION_STRIPES: '*=10+2',
        SION_HOT_BYTES: '0',
        SION_BULK_THRESHOLD_BYTES: '1000',
        SION_HEDGE_MS: '30000',
        SION_FETCH_TIMEOUT_MS: '30000',
      },
    },
    { spread: 1, perNode: 1 },
  );
  const payloads = new Map(
    stepKeys().flatMap((keys) => keys.map((key) => [key, payloadOf(key, 1, objectBytes / scale)])),
  );
  for (const [key, bytes] of payloads) await fleet.pass(fleet.put(key, bytes));
  const isPlaced = () => fleet.service.engine.count().complete === payloads.size;
  if (!(await fleet.time.run(isPlaced))) throw new Error('the objects were not placed');
  const face: StepFleet = {
    nowMs: () => fleet.time.nowMs,
    read: async (key) => {
      const begunMs = fleet.time.nowMs;
      const bytes = await fleet.get(key);
      const expected = payloads.get(key);
      if (expected === undefined || !Buffer.from(bytes).equals(expected)) throw new Error(`${key} has wrong bytes`);
      return fleet.time.nowMs - begunMs;
    },
    totals: async () => fleet.service.metrics.snapshot(),
  };
  return await fleet.pass(runSteps(face, stepSeconds));
}

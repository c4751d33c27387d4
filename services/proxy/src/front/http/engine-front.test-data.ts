/** The HTTP front over the real engine, for tests: nodes in this process's memory, and any store. */
import { type Store, silentLog, systemClock } from '@sion/components';
import { createPlacement, parseStripes } from '@sion/core';
import { onTestFinished } from 'vitest';
import { serveHttp } from '../../../../../tests/doubles/http-front.ts';
import { createMemoryFleet } from '../../../../../tests/doubles/memory-fleet.ts';
import { CountedMetrics } from '../../metrics/counted-metrics.ts';
import { Engine } from '../../objects/engine.ts';

const mib = 2 ** 20;

/** A front that listens until its test is over. */
export async function serveEngine(store: Store): Promise<{
  port: number;
  engine: Engine;
  metrics: CountedMetrics;
}> {
  const fleet = createMemoryFleet(12, 64 * mib);
  const metrics = new CountedMetrics();
  let counter = 0;
  const engine = new Engine({
    clock: systemClock,
    log: silentLog,
    store,
    fleet,
    metrics,
    placement: createPlacement({ nodes: fleet.size, groupSize: 12 }),
    lease: { isHeld: () => true, assertHeld() {}, expiryNowMs: () => systemClock.wallMs() },
    nextId: () => {
      counter += 1;
      return { epoch: 1, counter };
    },
    settings: {
      stripes: parseStripes('16KiB=1+1,*=4+2'),
      maxChunkBytes: 256 * 1024,
      bodyMemoryBytes: 64 * mib,
      maxKeyBytes: 512,
      maxObjectBytes: 2 ** 36,
      maxPlacedBytes: 1024 ** 3,
      keptMaxBytes: mib,
      maxEntries: 1000,
      maxAbsentKeys: 100,
      absentTtlMs: 1000,
      lateMs: 60_000,
      hedgeMs: 1000,
      fetchTimeoutMs: 10_000,
      placePatienceMs: 10_000,
      placeOnRead: 'first',
      migrationConcurrency: 4,
      durability: 'store',
      sweepMs: 60_000,
      listSweepMs: 60_000,
    },
  });
  const { server, port } = await serveHttp({ objects: engine });
  onTestFinished(async () => {
    await server.close();
    await engine.drain();
  });
  return { port, engine, metrics };
}

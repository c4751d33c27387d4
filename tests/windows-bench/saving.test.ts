/** A bound in dollars on the real proxy and nodes, over virtual hours: kept, made up for by the store, and left again. */
import { payloadOf } from '@sion/workload';
import { expect, it } from 'vitest';
import { TraceWorld } from './trace-world.ts';

const minuteMs = 60_000;
const maxUsdPerHour = 0.004;

it('functions cost no more than they may, the store serves instead, and memory comes back within the hour', async () => {
  const world = await TraceWorld.start({
    ...{ nodes: 24, nodeMemoryMb: 1536, windowSeconds: 600, activeWindows: 6, degradedWindows: 12 },
    ...{
      stripes: '*=10+2',
      scale: 1000,
      meanChunkBytes: 1000,
      reclaimedPerHour: 0,
      maxUsdPerHour,
      placeOnPut: true,
      placeOnRead: 'first',
      rotateSeconds: 0,
      lifeMinutes: 0,
    },
  });
  const { metrics, budget } = world.service;
  const functionsUsd = () => {
    const { store: _, ...rest } = metrics.snapshot().costUsd;
    return Object.values(rest).reduce((sum, usd) => sum + usd, 0);
  };
  const invocations = () => Object.values(metrics.snapshot().invocations).reduce((sum, times) => sum + times, 0);
  const bytes = payloadOf('k', 1, 10_000);
  const minutes: { readonly usd: number; readonly invocations: number; readonly sources: Set<string> }[] = [];
  await world.pass(world.put('k', bytes));
  let wasSavingMinutes = 0;
  for (let minute = 0; minute < 130; minute++) {
    const sources = new Set<string>();
    const before = invocations();
    const savedAtFirst = budget.isSaving;
    for (let read = 0; read < 12; read++) {
      const got = await world.pass(world.get('k'));
      expect(Buffer.from(got?.bytes ?? []).equals(bytes)).toBe(true);
      sources.add(got?.source ?? 'nothing');
      await world.pass(world.sleep(minuteMs / 12));
    }
    minutes.push({ usd: functionsUsd(), invocations: invocations() - before, sources });
    if (!(savedAtFirst && budget.isSaving)) continue;
    wasSavingMinutes++;
    expect([...sources]).toEqual(['store']);
    expect(minutes.at(-1)?.invocations).toBe(0);
  }
  expect(wasSavingMinutes).toBeGreaterThan(30);
  const ofHour = minutes.map(({ usd }, at) => usd - (minutes[at - 60]?.usd ?? 0));
  expect(Math.max(...ofHour)).toBeLessThan(1.1 * maxUsdPerHour);
  expect(minutes[0]?.sources).toContain('memory');
  expect(minutes.slice(60).some(({ sources }) => sources.has('memory'))).toBe(true);
});

import { expect, test } from 'vitest';
import { VirtualRecovery } from './virtual-recovery.ts';

const mb = 1_000_000;

test('four nodes bring back what one node has lost at least 3.2 times as fast as one', {
  timeout: 60_000,
}, async () => {
  const network = { networkBytesPerSecond: 75 * mb, networkBurstBytes: 0, networkPeakBytesPerSecond: 0 };
  const world = await VirtualRecovery.prepare({ chunkBytes: mb, heldBytes: 100 * mb, network, mostSpread: 12 });
  const one = await world.measure({ spread: 1, perNode: 8 });
  const four = await world.measure({ spread: 4, perNode: 8 });
  for (const { dataChunks, parityChunks, givenUpChunks } of [one, four]) {
    expect(dataChunks + parityChunks).toBe(100);
    expect(givenUpChunks).toBe(0);
  }
  // Bandwidth is the floor: nothing is faster than it allows.
  expect(one.seconds).toBeGreaterThan(one.dataBytes / network.networkBytesPerSecond);
  expect(four.dataBytes / four.seconds).toBeGreaterThan((3.2 * one.dataBytes) / one.seconds);
  expect(await world.verify()).toEqual([]);
});

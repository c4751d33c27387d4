/**
 * Recovery of the local fleet: one warm node after the other loses what it holds, each time under another spread, while
 * every instance has a network of a few megabytes per second. The time counts from the proxy's decision to recover (its
 * backlog is there) until the last data chunk is held again (its backlog is empty).
 */
import type { LiveFleet } from './live-fleet.ts';
import type { RecoveryChoice } from './virtual-fleet.ts';
import type { RecoveryResult } from './virtual-recovery.ts';

/** Has the node `victim`, which nobody has taken anything from yet, lose its chunks. */
export async function measureLive(
  fleet: LiveFleet,
  victim: number,
  choice: RecoveryChoice,
  chunkBytes: number,
): Promise<RecoveryResult> {
  await fleet.restart(choice);
  await fleet.limit(true);
  const lost = await firstLost(fleet, victim);
  const before = (await fleet.status()).totals;
  await fleet.reclaim(victim);
  // Nobody tells of a frozen instance's end: the next request to it finds out.
  const touching = fleet.touch(lost.key, lost.chunk, chunkBytes);
  const begunMs = await fleet.until(({ recovery }) => recovery.backlogChunks > 0);
  const endedMs = await fleet.until(({ recovery }) => recovery.backlogChunks === 0);
  await touching;
  const after = (await fleet.status()).totals;
  await fleet.limit(false);
  return {
    ...choice,
    seconds: (endedMs - begunMs) / 1000,
    dataChunks: after.recoveredChunks.data - before.recoveredChunks.data,
    dataBytes: after.recoveredBytes.data - before.recoveredBytes.data,
    parityChunks: after.parityLeftChunks - before.parityLeftChunks,
    givenUpChunks: after.recoveryGivenUpChunks - before.recoveryGivenUpChunks,
  };
}

/** An object of which the node holds a data chunk. */
async function firstLost(fleet: LiveFleet, victim: number): Promise<{ key: string; chunk: number }> {
  for (const key of fleet.keys) {
    const chunk = await fleet.dataChunkOn(key, victim);
    if (chunk !== undefined) return { key, chunk };
  }
  throw new Error(`node ${victim} holds no data chunk`);
}

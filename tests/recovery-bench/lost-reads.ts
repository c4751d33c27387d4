/**
 * GETs of objects that a node has just lost a data chunk of, from the failure until the end of the recovery, beside GETs of
 * the same objects without a failure: round by round, first the objects as they are, then the loss, then the same objects
 * again while it is being recovered.
 */
import type { LiveFleet } from './live-fleet.ts';

export interface LostReadsOptions {
  readonly failures: number;
  readonly samples: number;
  /** Reads at a time. */
  readonly readers: number;
}

export interface LostReads {
  readonly failures: number;
  /** Milliseconds of each read, in order of their beginning. */
  readonly undisturbedMs: readonly number[];
  readonly recoveringMs: readonly number[];
  readonly problems: readonly string[];
}

/** Goes on until there were as many failures and as many samples. */
export async function measureLostReads(fleet: LiveFleet, options: LostReadsOptions): Promise<LostReads> {
  const undisturbedMs: number[] = [];
  const recoveringMs: number[] = [];
  const problems: string[] = [];
  let failures = 0;
  await fleet.limit(true);
  while (failures < options.failures || recoveringMs.length < options.samples) {
    const victim = await fullestNode(fleet);
    const keys = await keysOn(fleet, victim);
    if (keys.length === 0) throw new Error(`node ${victim} holds no data chunk`);
    const before = (await fleet.status()).totals.recoveries;
    await fleet.warm();
    await fleet.reclaim(victim);
    failures++;
    let isOver = false;
    const ending = fleet
      .until(({ recovery, totals }) => totals.recoveries > before && recovery.backlogChunks === 0)
      .finally(() => {
        isOver = true;
      });
    const during = await readAll(fleet, keys, options.readers, () => isOver);
    await ending;
    problems.push(...during.problems);
    recoveringMs.push(...during.tookMs);
    const after = await readAll(fleet, keys.slice(0, during.tookMs.length), options.readers, () => false);
    problems.push(...after.problems);
    undisturbedMs.push(...after.tookMs);
  }
  await fleet.limit(false);
  return { failures, undisturbedMs, recoveringMs, problems };
}

/** Reads the keys, each once; begins none when it is over. */
async function readAll(fleet: LiveFleet, keys: readonly string[], readers: number, isOver: () => boolean) {
  const tookMs: number[] = [];
  const problems: string[] = [];
  const left = [...keys];
  const read = async () => {
    for (let key = left.shift(); key !== undefined && !isOver(); key = left.shift()) {
      const outcome = await fleet.get(key);
      if (typeof outcome === 'string') problems.push(outcome);
      else tookMs.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: readers }, read));
  return { tookMs, problems };
}

/** The node whose loss takes longest to recover. */
async function fullestNode(fleet: LiveFleet): Promise<number> {
  const { nodes } = await fleet.status();
  const fullest = nodes.toSorted((a, b) => b.chunks - a.chunks)[0];
  if (fullest === undefined) throw new Error('there are no nodes');
  return fullest.node;
}

async function keysOn(fleet: LiveFleet, node: number): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const key of fleet.keys) if ((await fleet.dataChunkOn(key, node)) !== undefined) keys.push(key);
  return keys;
}

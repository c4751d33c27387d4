/**
 * GETs of objects that a node has just lost a data chunk of, from the failure until the end of the recovery, beside GETs of
 * the same objects without a failure: round by round, first the objects as they are, then the loss, then the same objects
 * again for as long as it is being recovered.
 */

/** The fleet that loses and is read, whichever it is. */
export interface LosingFleet {
  readonly keys: readonly string[];
  /** Chunks that each node holds. */
  held(): Promise<readonly number[]>;
  /** Whether the node holds a data chunk of the object. */
  holds(key: string, node: number): Promise<boolean>;
  warm(): Promise<void>;
  reclaim(node: number): Promise<void>;
  /** Losses that the proxy has noticed so far. */
  losses(): Promise<number>;
  /** Resolves when it has noticed more than so many, and everything is recovered. */
  recovered(losses: number): Promise<void>;
  /** Reads and compares an object; gives the milliseconds, or what is wrong. */
  get(key: string): Promise<number | string>;
}

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
export async function measureLostReads(fleet: LosingFleet, options: LostReadsOptions): Promise<LostReads> {
  const undisturbedMs: number[] = [];
  const recoveringMs: number[] = [];
  const problems: string[] = [];
  let failures = 0;
  while (failures < options.failures || recoveringMs.length < options.samples) {
    const victim = await fullestNode(fleet);
    const keys = await keysOn(fleet, victim);
    if (keys.length === 0) throw new Error(`node ${victim} holds no data chunk`);
    const before = await readAll(fleet, keys, options.readers, () => false);
    problems.push(...before.problems);
    undisturbedMs.push(...before.tookMs);
    const losses = await fleet.losses();
    await fleet.warm();
    await fleet.reclaim(victim);
    failures++;
    let isOver = false;
    const ending = fleet.recovered(losses).finally(() => {
      isOver = true;
    });
    const during = await readAll(fleet, keys, options.readers, () => isOver);
    await ending;
    problems.push(...during.problems);
    recoveringMs.push(...during.tookMs);
  }
  return { failures, undisturbedMs, recoveringMs, problems };
}

/** Reads the keys, each once; begins none when it is over. */
async function readAll(fleet: LosingFleet, keys: readonly string[], readers: number, isOver: () => boolean) {
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
async function fullestNode(fleet: LosingFleet): Promise<number> {
  const held = await fleet.held();
  return held.indexOf(Math.max(...held));
}

async function keysOn(fleet: LosingFleet, node: number): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const key of fleet.keys) if (await fleet.holds(key, node)) keys.push(key);
  return keys;
}

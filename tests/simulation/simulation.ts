/**
 * One simulation: clients and faults in a world from one seed, then calm, then what must hold. The same seed gives the
 * same history, to the byte.
 */
import type { Durability, ReadSource } from '@sion/proxy';
import { asSionError } from '@sion/wire';
import { SimulatedClient } from './clients.ts';
import { befall } from './faults.ts';
import { comeToRest } from './rest.ts';
import type { Tally } from './tally.ts';
import { drawTurning } from './turning.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly seed: string;
  /** Of all clients together. */
  readonly operations: number;
  readonly clients?: number;
  /** Whether windows turn; otherwise the seed draws it. */
  readonly isTurning?: boolean;
  /** What functions may cost; 0 = no bound. Otherwise the seed draws it. */
  readonly maxUsdPerHour?: number;
  /** Gives the history also when nothing is wrong. */
  readonly withLog?: boolean;
}

export interface SimulationReport {
  readonly seed: string;
  readonly problems: readonly string[];
  /** The history, of the keys alone that have a problem where those are known; empty when nobody wants to see it. */
  readonly log: string;
  readonly digest: string;
  readonly operations: number;
  readonly virtualMs: number;
  readonly events: number;
  /** How often each kind of fault came. */
  readonly faults: ReadonlyMap<string, number>;
  /** Reads that had bytes, by where those came from. */
  readonly reads: ReadonlyMap<ReadSource, number>;
  /** Functions that may be used. */
  readonly nodes: number;
  readonly tally: Tally;
  /** Writes, by what they were acknowledged. */
  readonly acknowledged: Readonly<Record<Durability, number>>;
  /** Chunks, by what came of nodes that had too much to do. */
  readonly demand: ReadonlyMap<string, number>;
  readonly moved: { readonly chunks: number; readonly releasedNodes: number };
}

const pauseMs = 6000;
const faultEveryMs = 5500;

/** Longer than any simulation takes unless something waits for ever. */
const mostMs = (operations: number) => 3_600_000 + operations * pauseMs;

/** More than any simulation has unless something goes round in circles: one has about 130 for each operation. */
const mostEvents = (operations: number) => 1_000_000 + operations * 1000;

/** What a key's name looks like in a problem. */
const keyName = /\b[kc]\d+\b/g;

export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { seed, operations, clients = 8, withLog = false, maxUsdPerHour } = options;
  const settings = maxUsdPerHour === undefined ? {} : { maxUsdPerHour };
  const world = new World(seed, settings, drawTurning(seed, options.isTurning));
  const keys = [...Array.from({ length: 36 }, (_, index) => `k${index}`), ...['c0', 'c1', 'c2', 'c3']];
  const shuffled = keys.map((_, index) => keys[(index * 7 + 36) % keys.length] ?? 'k0');
  const state = { isOver: false };
  const lived = live(world, shuffled, { operations, clients }).then(
    () => {
      state.isOver = true;
    },
    (thrown: unknown) => {
      world.problem(`the simulation itself failed: ${asSionError(thrown).stack}`);
      state.isOver = true;
    },
  );
  const isTooMuch = () => world.time.events > mostEvents(operations);
  const ended = await world.time.run(() => state.isOver || world.isGivenUp || isTooMuch(), mostMs(operations));
  if (world.isGivenUp) world.history.note('no proxy will serve again: the simulation ends here');
  else if (isTooMuch()) world.problem(`there is no end of events: ${world.time.events} by ${world.time.nowMs} ms`);
  else if (ended) await lived;
  else
    world.problem(`something waits for ever: ${world.history.open.map(({ key, call }) => `${call.kind} of ${key}`)}`);
  for (const key of world.history.keys) {
    const problem = world.history.check(key);
    if (problem !== undefined) world.problem(problem);
  }
  const { problems, history, weather, time } = world;
  const named = new Set(problems.flatMap((problem) => problem.match(keyName) ?? []));
  return {
    ...{ seed, problems, digest: history.digest(), operations: history.operations },
    log: problems.length > 0 || withLog ? history.render(named.size === 0 ? undefined : named) : '',
    virtualMs: time.nowMs,
    events: time.events,
    faults: weather.counts,
    reads: world.reads,
    nodes: world.settings.nodes,
    acknowledged: acknowledgedBy(world),
    demand: demandIn(world),
    moved: movedIn(world),
    tally: world.tally,
  };
}

function acknowledgedBy({ lives }: World): Readonly<Record<Durability, number>> {
  const sum = { store: 0, journal: 0, memory: 0 };
  for (const { acknowledged } of lives) {
    for (const by of ['store', 'journal', 'memory'] as const) sum[by] += acknowledged[by];
  }
  return sum;
}

function demandIn({ lives }: World): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const { demand } of lives) {
    for (const [kind, times] of Object.entries(demand)) sum.set(kind, (sum.get(kind) ?? 0) + times);
  }
  return sum;
}

/** Chunks that moved to a newer window, and nodes that were released. */
function movedIn({ lives }: World): SimulationReport['moved'] {
  let [chunks, releasedNodes] = [0, 0];
  for (const { counted } of lives) {
    chunks += counted.migratedChunks;
    releasedNodes += counted.releasedNodes;
  }
  return { chunks, releasedNodes };
}

async function live(
  world: World,
  keys: readonly string[],
  { operations, clients }: { readonly operations: number; readonly clients: number },
): Promise<void> {
  const supervised = world.supervise();
  let clientsDone = false;
  const faults = befall(world, faultEveryMs, () => clientsDone);
  const each = Math.ceil(operations / clients);
  await Promise.all(
    Array.from({ length: clients }, (_, index) =>
      new SimulatedClient(world, `client${index}`, keys).run(each, pauseMs),
    ),
  );
  clientsDone = true;
  world.endAims();
  await faults;
  await comeToRest(world, keys);
  await supervised;
}

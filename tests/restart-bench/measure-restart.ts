/**
 * The measurement behind `npm run bench:restart`: the real engine and the real snapshot on this machine's disk and clock,
 * over a store and nodes in memory, which only count. So what is measured is the proxy's own work; everything runs in one
 * process, and the pauses are those of its event loop, garbage collection included.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Files, openFiles, silentLog, systemClock, VirtualStore } from '@sion/components';
import { createPlacement, parseStripes } from '@sion/core';
import {
  CountedMetrics,
  defaultSliceBytes,
  Engine,
  type EngineSettings,
  loadSnapshot,
  type SnapshotParts,
  writeSnapshot,
} from '@sion/proxy';
import { createMemoryFleet, type MemoryFleet } from '../doubles/memory-fleet.ts';
import { nextTurn } from '../doubles/turns.ts';

export interface RestartOptions {
  readonly entries: number;
  /** As `SION_STRIPES` has it. */
  readonly stripes: string;
}

const mib = 2 ** 20;
const nodes = 24;
const valueBytes = 32;
/** Reads and writes at a time. */
const atOnce = 100;

/** Prints what it measures. */
export async function measureRestart(options: RestartOptions, print: (line: string) => void): Promise<void> {
  const [cpu] = cpus();
  const load = loadavg()[0]?.toFixed(1);
  print(`machine: ${cpus().length} × ${cpu?.model ?? 'CPU'}, ${Math.round(totalmem() / mib)} MiB, load ${load}`);
  print(
    `Node ${process.version}; ${options.entries} objects of ${valueBytes} bytes, stripes ${options.stripes}, ${nodes} nodes`,
  );
  print(`slices of ${defaultSliceBytes / 1024} KiB; store and nodes are in memory`);
  const folder = await mkdtemp(join(tmpdir(), 'sion-restart-'));
  try {
    await new RestartBench(options, await openFiles(folder), print).run(join(folder, 'snapshot.bin'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class RestartBench {
  readonly #options: RestartOptions;
  readonly #files: Files;
  readonly #print: (line: string) => void;
  readonly #store: VirtualStore;
  #fleet: MemoryFleet;
  #epoch = 0;
  #storeRequests = 0;

  constructor(options: RestartOptions, files: Files, print: (line: string) => void) {
    this.#options = options;
    this.#files = files;
    this.#print = print;
    const before = () => void this.#storeRequests++;
    this.#store = new VirtualStore({ wallMs: () => systemClock.wallMs(), hooks: { before } });
    this.#fleet = createMemoryFleet(nodes, 2 ** 40);
  }

  async run(path: string): Promise<void> {
    await this.#fill();
    const { size } = await stat(path);
    this.#print(`the snapshot has ${(size / mib).toFixed(1)} MiB`);
    await this.#restart('after an orderly stop');
    await this.#restart('after a crash');
  }

  /** The first life: takes the objects in and leaves a clean snapshot. */
  async #fill(): Promise<void> {
    const parts = this.#begin();
    const value = Buffer.alloc(valueBytes, 'v');
    await this.#each((key) =>
      parts.engine.mutate(key, {
        needs: 'nothing',
        decide: () => ({ kind: 'write', bytes: value, result: undefined }),
      }),
    );
    await measured(async () => writeSnapshot(parts, false), this.#teller('write while serving'));
    await parts.engine.drain();
    await measured(async () => writeSnapshot(parts, true), this.#teller('write at an orderly stop'));
  }

  async #restart(how: string): Promise<void> {
    this.#fleet = this.#fleet.restart();
    const parts = this.#begin();
    this.#storeRequests = 0;
    const begunMs = systemClock.monotonicMs();
    await measured(
      async () => {
        const loader = await loadSnapshot(parts);
        await read(parts.engine, keyOf(this.#options.entries - 1));
        const { loaded, total } = loader.progress;
        const firstMs = systemClock.monotonicMs() - begunMs;
        this.#print(`${how}: first GET answered after ${firstMs.toFixed(1)} ms, ${loaded} of ${total} entries loaded`);
        await loader.loaded;
      },
      this.#teller(`${how}: all loaded`),
    );
    this.#print(
      `${how}: ${parts.engine.count().complete} objects complete, ${this.#storeRequests} store requests so far`,
    );
    this.#storeRequests = 0;
    await measured(async () => this.#each((key) => read(parts.engine, key)), this.#teller(`${how}: GET of each`));
    this.#print(`${how}: GET of each made ${this.#storeRequests} store requests`);
    await parts.engine.drain();
  }

  async #each(act: (key: string) => Promise<unknown>): Promise<void> {
    const { entries } = this.#options;
    for (let from = 0; from < entries; from += atOnce) {
      const count = Math.min(atOnce, entries - from);
      await Promise.all(Array.from({ length: count }, (_, step) => act(keyOf(from + step))));
      await nextTurn();
    }
  }

  #teller(what: string): (ms: number, longestMs: number) => void {
    return (ms, longestMs) =>
      this.#print(`${what}: ${ms.toFixed(0)} ms, longest pause of the event loop ${longestMs.toFixed(1)} ms`);
  }

  #begin(): SnapshotParts {
    const epoch = ++this.#epoch;
    const placement = createPlacement({ nodes });
    let counter = 0;
    const engine = new Engine({
      ...{ clock: systemClock, log: silentLog, store: this.#store, fleet: this.#fleet, placement },
      metrics: new CountedMetrics(),
      lease: { isHeld: () => true, assertHeld() {}, expiryNowMs: () => systemClock.wallMs() },
      nextId: () => ({ epoch, counter: ++counter }),
      settings: { ...settings, stripes: parseStripes(this.#options.stripes), maxEntries: this.#options.entries * 2 },
    });
    const { clock, log } = { clock: systemClock, log: silentLog };
    return {
      clock,
      log,
      files: this.#files,
      engine,
      fleet: this.#fleet,
      placement,
      epoch,
      sliceBytes: defaultSliceBytes,
    };
  }
}

async function read(engine: Engine, key: string): Promise<void> {
  const outcome = await engine.read(key);
  if (outcome.kind !== 'hit' || (await outcome.body.bytes()).length !== valueBytes)
    throw new Error(`${key} is not there`);
}

function keyOf(number: number): string {
  return `bench/restart/${number}`;
}

/** Does it, and tells how long that took and for how long nobody else had a turn meanwhile. */
async function measured(work: () => Promise<void>, tell: (ms: number, longestMs: number) => void): Promise<void> {
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  await nextTurn();
  pauses.enable();
  const begunMs = systemClock.monotonicMs();
  await work();
  const ms = systemClock.monotonicMs() - begunMs;
  await nextTurn();
  pauses.disable();
  tell(ms, pauses.max / 1e6);
}

const settings: Omit<EngineSettings, 'stripes' | 'maxEntries'> = {
  maxChunkBytes: mib,
  bodyMemoryBytes: 256 * mib,
  maxKeyBytes: 512,
  maxObjectBytes: mib,
  maxPlacedBytes: mib,
  keptMaxBytes: mib,
  maxAbsentKeys: 1000,
  absentTtlMs: 1000,
  lateMs: 60_000,
  hedgeMs: 60_000,
  fetchTimeoutMs: 60_000,
  placePatienceMs: 60_000,
  placeOnRead: 'first',
  migrationConcurrency: 4,
  durability: 'store',
  sweepMs: 60_000,
  listSweepMs: 600_000,
};

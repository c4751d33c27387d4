/** One proxy's life in a trial: a real engine with its own epoch, its way to the store and its view of the nodes. */
import { type Clock, delay, type Files, type Store, silentLog, type Timer } from '@sion/components';
import { createPlacement, formatLayoutId, type LayoutId, type Placement, parseStripes } from '@sion/core';
import { SionError } from '@sion/wire';
import { SeededRandom } from '@sion/workload';
import { FaultyStore, type FaultyStoreOptions } from '../../../../../tests/doubles/faulty-store.ts';
import type { MemoryFleet } from '../../../../../tests/doubles/memory-fleet.ts';
import { type JournaledStores, openJournaling } from '../../journal/open-journaling.ts';
import { CountedMetrics } from '../../metrics/counted-metrics.ts';
import { loadSnapshot, type SnapshotLoader, type SnapshotProgress } from '../../snapshot/snapshot-loader.ts';
import { writeSnapshot } from '../../snapshot/write-snapshot.ts';
import { Engine } from '../engine.ts';
import type { EngineSettings } from '../engine-settings.ts';
import type { DiskUser } from './disk.test-data.ts';

/** The clock of one process: its timers die with it. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, fire: () => void): Timer {
    if (this.#stopped) return { cancel() {} };
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      fire();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}

/** The process died while somebody waited for it. */
export class Crashed extends Error {}

export interface LifeOptions {
  readonly epoch: number;
  readonly clock: Clock;
  readonly store: Store;
  readonly faults: Omit<FaultyStoreOptions, 'clock'>;
  readonly fleetFor: (clock: Clock) => MemoryFleet;
  /** The disk as this process sees it. */
  readonly filesFor: (process: DiskUser) => Files;
  /** Its writes may be journaled; while the oldest that is has waited longer than this, no more. */
  readonly journalMaxAgeMs?: number;
  /** How long a read of a piece of a file takes. */
  readonly readMs: () => number;
  readonly settings: Pick<EngineSettings, 'maxEntries' | 'bodyMemoryBytes' | 'maxAbsentKeys' | 'placeOnRead'>;
}

/** What a process is before its engine. */
interface Ground {
  readonly process: DiskUser & { isDead: boolean };
  readonly clock: ProcessClock;
  readonly store: FaultyStore;
  readonly files: Files;
  readonly lease: { held: boolean; lost: boolean };
  readonly nextId: () => LayoutId;
  readonly journaled: JournaledStores | undefined;
}

export class Life {
  readonly epoch: number;
  readonly clock: ProcessClock;
  readonly store: FaultyStore;
  readonly fleet: MemoryFleet;
  readonly engine: Engine;
  readonly lease: Ground['lease'];
  readonly journaled: JournaledStores | undefined;
  /** Rejects when the process dies. */
  readonly death: Promise<never>;
  readonly #process: Ground['process'];
  readonly #placement: Placement;
  readonly #files: Files;
  #loader: SnapshotLoader | undefined;
  #writing: Promise<void> = Promise.resolve();
  #die: (reason: Crashed) => void = () => {};

  static async open(options: LifeOptions): Promise<Life> {
    const { epoch } = options;
    const clock = new ProcessClock(options.clock);
    const process = { clock, isDead: false, isStarting: true };
    // The store's own time goes on when a process dies.
    const store = new FaultyStore(options.store, { ...options.faults, clock: options.clock });
    const lease = { held: true, lost: false };
    let counter = 0;
    const nextId = () => ({ epoch, counter: ++counter });
    const files = options.filesFor(process);
    const before = { process, clock, store, files, lease, nextId };
    const journaled = await openJournaled(before, options.journalMaxAgeMs);
    process.isStarting = false;
    return new Life(options, { ...before, journaled });
  }

  private constructor(options: LifeOptions, ground: Ground) {
    const { epoch, settings } = options;
    const { clock, store, files, lease, nextId, journaled } = ground;
    this.epoch = epoch;
    this.clock = clock;
    this.store = store;
    this.lease = lease;
    this.journaled = journaled;
    this.#process = ground.process;
    this.fleet = options.fleetFor(clock);
    this.#placement = createPlacement({ nodes: this.fleet.size, groupSize: this.fleet.size });
    // A start takes no time: clients would go on calling the life before.
    this.#files = slowFiles(files, clock, () => (this.#loader === undefined ? 0 : options.readMs()));
    this.death = new Promise((_, reject) => {
      this.#die = reject;
    });
    this.death.catch(() => {});
    this.engine = new Engine({
      ...{ clock, store, nextId },
      ...(journaled === undefined ? {} : { journaled }),
      log: silentLog,
      fleet: this.fleet,
      placement: this.#placement,
      metrics: new CountedMetrics(),
      lease: {
        isHeld: () => lease.held,
        assertHeld: () => {
          if (!lease.held) throw new SionError('closed', 'no lease');
        },
        expiryNowMs: () => clock.wallMs(),
      },
      settings: { ...engineSettings, ...settings },
    });
  }

  get isDead(): boolean {
    return this.#process.isDead;
  }

  /** Begins to take over what the life before has left behind, and serves. */
  async begin(): Promise<SnapshotProgress> {
    this.#loader = await loadSnapshot(this.#snapshotParts());
    this.#writing = this.#loader.loaded;
    this.engine.awaitVolatiles(this.#loader);
    return this.#loader.progress;
  }

  /** Once what was left behind is loaded; one at a time. Goes on for ever when the process dies. */
  async snapshot(clean: boolean): Promise<void> {
    this.#writing = this.#writing.then(() => writeSnapshot(this.#snapshotParts(), clean));
    await this.#writing;
  }

  /** What its process had begun is not answered any more. */
  die(): void {
    this.#process.isDead = true;
    this.store.cut();
    this.clock.stop();
    this.#die(new Crashed('the proxy died'));
  }

  /** What the promise gives, or {@link Crashed}. */
  async within<T>(promise: Promise<T>): Promise<T> {
    return await Promise.race([promise, this.death]);
  }

  #snapshotParts() {
    return {
      ...{ files: this.#files, engine: this.engine, fleet: this.fleet },
      ...{ placement: this.#placement, epoch: this.epoch, clock: this.clock, log: silentLog },
      // About one entry.
      sliceBytes: 400,
    };
  }
}

/** Every bound is small; attempts land within the quarantine (`profile.test-data.ts`, `trial.test-data.ts`). */
async function openJournaled(
  ground: Omit<Ground, 'journaled'>,
  journalMaxAgeMs: number | undefined,
): Promise<JournaledStores | undefined> {
  if (journalMaxAgeMs === undefined) return undefined;
  const { clock, store, files, lease, nextId } = ground;
  return await openJournaling({
    ...{ clock, store, files, log: silentLog, metrics: new CountedMetrics(), lease: { isHeld: () => lease.held } },
    random: new SeededRandom('journal'),
    nextVersion: () => formatLayoutId(nextId()),
    settings: {
      journal: {
        journalBytes: 64 * 1024,
        journalMaxRecords: 100,
        journalMaxAgeMs,
        segmentBytes: 4096,
        inlineMaxBytes: 100,
      },
      drain: { quarantineMs: 400, concurrency: 3, retryBaseMs: 5, retryMaxMs: 60, wholeMaxBytes: 200 },
      ...{ confirmMs: 300, closeMs: 50 },
    },
  });
}

/** Small in everything, so that small objects have many fragments. */
export const engineSettings: EngineSettings = {
  stripes: parseStripes('48B=1+1,*=3+2'),
  maxChunkBytes: 64,
  bodyMemoryBytes: 64 * 1024,
  maxKeyBytes: 512,
  maxObjectBytes: 4096,
  maxPlacedBytes: 500,
  keptMaxBytes: 200,
  maxEntries: 100,
  maxAbsentKeys: 100,
  absentTtlMs: 150,
  lateMs: 400,
  hedgeMs: 10,
  fetchTimeoutMs: 40,
  placePatienceMs: 20,
  placeOnRead: 'first',
  migrationConcurrency: 4,
  jointReadBytes: 16 * 1024,
  durability: 'store',
  sweepMs: 300,
  listSweepMs: 600,
};

/** Reading takes time, so that much may happen while a snapshot is loaded. */
function slowFiles(files: Files, clock: Clock, readMs: () => number): Files {
  return {
    ...files,
    async open(name) {
      const file = await files.open(name);
      if (file === undefined) return undefined;
      return {
        sizeBytes: file.sizeBytes,
        async read(start, end) {
          const ms = readMs();
          if (ms > 0) await delay(clock, ms);
          return await file.read(start, end);
        },
        close: () => file.close(),
      };
    },
  };
}

/** Files in memory that never fail; a replaced one is never seen half. */
export function createMemoryFiles(): Files {
  /** In the pieces that were appended. */
  const files = new Map<string, Uint8Array[]>();
  const join = (pieces: Uint8Array[]): Uint8Array => {
    if (pieces.length !== 1) pieces.splice(0, pieces.length, Buffer.concat(pieces));
    return pieces[0] ?? new Uint8Array();
  };
  return {
    async read(name) {
      const pieces = files.get(name);
      return pieces === undefined ? undefined : new Uint8Array(join(pieces));
    },
    replace: async (name, bytes) => void files.set(name, [new Uint8Array(bytes)]),
    remove: async (name) => void files.delete(name),
    list: async () => [...files.keys()].sort(),
    create: async (name) => {
      if (files.has(name)) throw new SionError('invalid', `there is a file ${name}`);
      files.set(name, []);
      let sizeBytes = 0;
      return {
        get sizeBytes() {
          return sizeBytes;
        },
        async append(parts) {
          const bytes = Buffer.concat(parts);
          sizeBytes += bytes.length;
          files.get(name)?.push(bytes);
        },
        sync: async () => {},
        close: async () => {},
      };
    },
    open: async (name) => {
      const pieces = files.get(name);
      if (pieces === undefined) return undefined;
      const read = async (start: number, end: number) => new Uint8Array(join(pieces).subarray(start, end));
      return { sizeBytes: join(pieces).length, read, close: async () => {} };
    },
    rename: async (from, to) => {
      files.set(to, files.get(from) ?? []);
      files.delete(from);
    },
  };
}

/** One proxy's life in a trial: a real engine with its own epoch, its way to the store and its view of the nodes. */
import { type Clock, delay, type Files, type Store, silentLog, type Timer } from '@sion/components';
import { createPlacement, type LayoutId, type Placement, parseStripes } from '@sion/core';
import { SionError } from '@sion/wire';
import { FaultyStore, type FaultyStoreOptions } from '../../../../../tests/doubles/faulty-store.ts';
import type { MemoryFleet } from '../../../../../tests/doubles/memory-fleet.ts';
import { CountedMetrics } from '../../metrics/counted-metrics.ts';
import { loadSnapshot, type SnapshotLoader, type SnapshotProgress } from '../../snapshot/snapshot-loader.ts';
import { writeSnapshot } from '../../snapshot/write-snapshot.ts';
import { Engine } from '../engine.ts';
import type { EngineSettings } from '../engine-settings.ts';

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
  readonly files: Files;
  /** How long a read of a piece of a file takes. */
  readonly readMs: () => number;
  readonly settings: Pick<EngineSettings, 'maxEntries' | 'bodyMemoryBytes' | 'maxAbsentKeys' | 'placeOnRead'>;
}

export class Life {
  readonly epoch: number;
  readonly clock: ProcessClock;
  readonly store: FaultyStore;
  readonly fleet: MemoryFleet;
  readonly engine: Engine;
  readonly lease = { held: true, lost: false };
  /** Rejects when the process dies. */
  readonly death: Promise<never>;
  isDead = false;
  readonly #placement: Placement;
  readonly #files: Files;
  #loader: SnapshotLoader | undefined;
  #writing: Promise<void> = Promise.resolve();
  #die: (reason: Crashed) => void = () => {};

  constructor(options: LifeOptions) {
    const { epoch, settings } = options;
    this.epoch = epoch;
    this.clock = new ProcessClock(options.clock);
    // The store's own time goes on when a process dies.
    this.store = new FaultyStore(options.store, { ...options.faults, clock: options.clock });
    this.fleet = options.fleetFor(this.clock);
    this.#placement = createPlacement({ nodes: this.fleet.size, groupSize: this.fleet.size });
    // A start takes no time: clients would go on calling the life before.
    this.#files = slowFiles(options.files, this.clock, () => (this.#loader === undefined ? 0 : options.readMs()));
    this.death = new Promise((_, reject) => {
      this.#die = reject;
    });
    this.death.catch(() => {});
    let counter = 0;
    this.engine = new Engine({
      clock: this.clock,
      log: silentLog,
      store: this.store,
      fleet: this.fleet,
      placement: this.#placement,
      metrics: new CountedMetrics(),
      lease: {
        isHeld: () => this.lease.held,
        assertHeld: () => {
          if (!this.lease.held) throw new SionError('closed', 'no lease');
        },
        expiryNowMs: () => this.clock.wallMs(),
      },
      nextId: (): LayoutId => ({ epoch, counter: ++counter }),
      settings: { ...engineSettings, ...settings },
    });
  }

  /** Begins to take over what the life before has left behind, and serves. */
  async begin(): Promise<SnapshotProgress> {
    this.#loader = await loadSnapshot(this.#snapshotParts());
    this.#writing = this.#loader.loaded;
    return this.#loader.progress;
  }

  /** Once what was left behind is loaded; one at a time. Goes on for ever when the process dies. */
  async snapshot(clean: boolean): Promise<void> {
    this.#writing = this.#writing.then(() => writeSnapshot(this.#snapshotParts(), clean));
    await this.#writing;
  }

  /** What its process had begun is not answered any more. */
  die(): void {
    this.isDead = true;
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
  hedgeMs: 10,
  fetchTimeoutMs: 40,
  placePatienceMs: 20,
  placeOnRead: true,
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

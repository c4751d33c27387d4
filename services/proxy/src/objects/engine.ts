/**
 * The engine: the `Objects` that the front talks to, put together from reads, writes, staging, what is known and what is
 * in memory. An orderly stop waits for what was begun. It is long because it is that whole interface and
 * hands everything on.
 */
import { type Clock, delay, type Log, type Store, type StoredObject } from '@sion/components';
import { isPlacedOnPut, keyOfName, type LayoutId, nameOfKey, type Placement } from '@sion/core';
import { asSionError, SionError } from '@sion/wire';
import type { BudgetKeeper } from '../budget/budget-keeper.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { HotObjects } from '../hot/hot-objects.ts';
import { readHot } from '../hot/read-hot.ts';
import type { JournaledStores } from '../journal/open-journaling.ts';
import { ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedTotals } from '../memory/placed-object.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { beginRecovery } from '../recovery/begin-recovery.ts';
import type { Recovery } from '../recovery/recovery.ts';
import type { ProxyStatus } from '../status/status.ts';
import { beginWindows, type Windows } from '../windows/windows.ts';
import { ByteBudget } from './byte-budget.ts';
import type { EngineSettings } from './engine-settings.ts';
import { ExpirySweep } from './expiry-sweep.ts';
import { JointReads } from './joint-reads.ts';
import { KeyCount } from './key-count.ts';
import { KeyTurns } from './key-turns.ts';
import { infoOf, Knowledge } from './knowledge.ts';
import { isInStore } from './known-object.ts';
import { listKeys } from './listing.ts';
import { NamePages } from './name-pages.ts';
import type {
  Durability,
  Key,
  KeyPage,
  ListRequest,
  Mutation,
  NewBytes,
  ObjectInfo,
  ObjectPlaces,
  Objects,
  ReadOptions,
  ReadOutcome,
  StagedBytes,
  WarmOutcome,
  WriteOptions,
} from './objects.ts';
import { type ReadParts, readInfo, readInTurn, readObject } from './reads.ts';
import { accountedStore, accountsOf, type RequestAccount } from './request-account.ts';
import type { StoreFaces } from './send-change.ts';
import { stageBytes } from './staging.ts';
import { warmObject } from './warming.ts';
import { type LeaseProof, processBatch, type WriteParts } from './writes.ts';

export interface EngineParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Metered. */
  readonly store: Store;
  /** Over that store; without it, durability `journal` means `store`. */
  readonly journaled?: JournaledStores;
  readonly lease: LeaseProof;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly metrics: Metrics;
  readonly settings: EngineSettings;
  /** Draws (epoch, counter) pairs, each once. */
  readonly nextId: () => LayoutId;
  /** A node has read from the store itself. */
  readonly onNodeRead?: () => void;
  /** Of functions; without it they may cost anything. */
  readonly budget?: Pick<BudgetKeeper, 'isSaving'>;
}

/** A snapshot that is being loaded. */
export interface VolatilesLoading {
  readonly loaded: Promise<void>;
  readonly mayHoldVolatile: boolean;
}

function hotObjectsOf({ hotBytes = 0, hotObjectBytes = 0 }: EngineSettings): HotObjects | undefined {
  return hotBytes === 0 ? undefined : new HotObjects({ maxBytes: hotBytes, maxObjectBytes: hotObjectBytes });
}

/** Keys that are looked at in one go. */
const keysAtOnce = 20_000;

export class Engine implements Objects {
  readonly #parts: EngineParts;
  readonly knowledge: Knowledge;
  readonly memory: ObjectMemory;
  /** Undefined where there is none. */
  readonly hot: HotObjects | undefined;
  readonly #budget: ByteBudget;
  readonly #turns: KeyTurns;
  readonly #reads: ReadParts;
  readonly #writes: WriteParts;
  readonly #sweep: ExpirySweep;
  readonly #count: KeyCount;
  readonly #namePages = new NamePages();
  readonly #placings = new Set<Promise<void>>();
  readonly recovery: Recovery;
  readonly windows: Windows;
  readonly #totals: PlacedTotals = { objects: 0, complete: 0, changes: 0 };
  #loading: VolatilesLoading | undefined;
  #closed = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { clock, lease, fleet, placement, metrics, settings, journaled } = parts;
    const { store } = this.#facesFor([]);
    this.#budget = new ByteBudget(settings.bodyMemoryBytes);
    this.#count = new KeyCount(store, clock);
    this.memory = new ObjectMemory({
      clock,
      log: parts.log,
      fleet,
      placement,
      metrics,
      budget: this.#budget,
      stripes: settings.stripes,
      maxChunkBytes: settings.maxChunkBytes,
      maxObjectBytes: settings.maxPlacedBytes,
      patienceMs: settings.placePatienceMs,
      nextLayoutId: parts.nextId,
      copyBytesPerNode: settings.elasticBytesPerNode ?? 0,
      busyBytesPerNode: settings.busyBytesPerNode ?? Number.POSITIVE_INFINITY,
      isInStore,
      onNodeRead: parts.onNodeRead ?? (() => {}),
      makeRoom: () => this.knowledge.evictColdest(),
      releaseGroup: (group) => this.windows.keeper.releaseGroup(group),
      isSaving: () => parts.budget?.isSaving === true,
    });
    this.hot = hotObjectsOf(settings);
    this.knowledge = new Knowledge({
      maxEntries: settings.maxEntries,
      maxAbsentKeys: settings.maxAbsentKeys,
      absentTtlMs: settings.absentTtlMs,
      lateMs: settings.lateMs,
      monotonicMs: () => clock.monotonicMs(),
      onPlaced: (placed, entry) => this.memory.adopt(placed, entry).tally.count(this.#totals),
      onForgotten: (entry) => this.hot?.drop(entry),
      onDropped: (placed) => {
        placed.tally.uncount();
        this.memory.drop(placed);
      },
      onVolatile: (name, object) => journaled?.noteVolatile(name, object),
    });
    const onPlacing = (placing: Promise<void>) => this.#notePlacing(placing);
    this.#turns = new KeyTurns((key, batch) => processBatch(this.#writes, key, batch));
    const { hedgeMs, fetchTimeoutMs, placeOnRead } = settings;
    this.#reads = {
      ...{ clock, store, lease, hedgeMs, fetchTimeoutMs, placeOnRead, onPlacing },
      countGet: (source, bytes, seconds) => metrics.countGet(source, bytes, seconds),
      knowledge: this.knowledge,
      memory: this.memory,
      hot: this.hot,
      budget: this.#budget,
      joint: new JointReads({ budget: this.#budget, mostBytes: settings.jointReadBytes ?? 0 }),
      turns: this.#turns,
      onExpired: (key) => this.#removeExpired(key),
    };
    this.#writes = this.#writeParts(onPlacing);
    this.recovery = beginRecovery(parts, this.#reads);
    this.windows = beginWindows(parts, this.memory, this.knowledge);
    if (journaled !== undefined)
      journaled.onDrained = (name, seenAs, object) => this.#noteDrained(name, seenAs, object);
    this.#sweep = new ExpirySweep({
      ...{ clock, store, lease, log: parts.log },
      ...{ maxKeys: settings.maxEntries, sweepMs: settings.sweepMs, listSweepMs: settings.listSweepMs },
      onExpired: (key) => this.#removeExpired(key),
    });
  }

  #writeParts(onPlacing: WriteParts['onPlacing']): WriteParts {
    const { clock, lease, metrics, settings, nextId } = this.#parts;
    return {
      ...{ clock, lease, metrics, knowledge: this.knowledge, memory: this.memory, nextVersion: nextId, onPlacing },
      hot: this.hot,
      durability: settings.durability,
      storeFor: (accounts) => this.#facesFor(accounts),
      readValue: (wanted, object) => this.#readValue(wanted, object),
      onCounted: (name, change) => this.#count.note(name, change),
      onExpiring: (expiring, expiresAtMs) => this.#sweep.note(expiring, expiresAtMs),
    };
  }

  /** Objects that are in memory alone are still being taken back: until then, that a key is unknown proves nothing. */
  awaitVolatiles(loading: VolatilesLoading): void {
    this.#loading = loading;
  }

  nowMs(): number {
    return this.#parts.lease.expiryNowMs();
  }

  async read(key: Key, options?: ReadOptions): Promise<ReadOutcome> {
    this.#assertUsable(key);
    if (this.#mayTurnUp(key)) await this.#loading?.loaded;
    return await readObject(this.#readsFor(options?.account), key, options);
  }

  readHot(key: Key): Uint8Array | undefined {
    if (this.#closed || this.#loading?.mayHoldVolatile === true) return undefined;
    return readHot(this.#reads, key);
  }

  sizeHint(key: Key): number {
    return this.knowledge.peek(key)?.object.sizeBytes ?? 0;
  }

  async info(key: Key, account?: RequestAccount): Promise<ObjectInfo | undefined> {
    this.#assertUsable(key);
    if (this.#mayTurnUp(key)) await this.#loading?.loaded;
    return await readInfo(this.#readsFor(account), key);
  }

  async stage(key: Key, bytes: NewBytes, options: WriteOptions = {}): Promise<StagedBytes> {
    this.#assertUsable(key);
    const { lease, settings } = this.#parts;
    lease.assertHeld();
    const durability = options.durability ?? settings.durability;
    if (this.#isMemoryAwaited(durability)) await this.#loading?.loaded;
    return await stageBytes(
      {
        ...this.#facesFor(accountsOf(options)),
        memory: this.memory,
        budget: this.#budget,
        keptMaxBytes: settings.keptMaxBytes,
        maxObjectBytes: settings.maxObjectBytes,
      },
      nameOfKey(key),
      bytes,
      {
        durability,
        place: this.#isPlaced(options, durability),
        ...(options.account === undefined ? {} : { account: options.account }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
  }

  async mutate<R>(key: Key, mutation: Mutation<R>, options: WriteOptions = {}): Promise<R> {
    this.#assertUsable(key);
    const durability = options.durability ?? this.#parts.settings.durability;
    if (this.#mayTurnUp(key) || this.#isMemoryAwaited(durability)) await this.#loading?.loaded;
    return await new Promise<R>((resolve, reject) => {
      this.#turns.enqueue(key, {
        mutation,
        options: { ...options, place: this.#isPlaced(options, durability) },
        begunMs: this.#parts.clock.monotonicMs(),
        resolve: (result) => resolve(result as R),
        reject,
      });
    });
  }

  async list(request: ListRequest, account?: RequestAccount): Promise<KeyPage> {
    this.#assertOpen();
    if (this.#loading?.mayHoldVolatile === true) await this.#loading.loaded;
    const { lease } = this.#parts;
    const { store } = this.#facesFor(account === undefined ? [] : [account]);
    const info = (key: Key) => readInfo(this.#reads, key);
    return await listKeys({ store, lease, knowledge: this.knowledge, namePages: this.#namePages, info }, request);
  }

  async estimateCount(): Promise<number> {
    this.#assertOpen();
    const { lease } = this.#parts;
    lease.assertHeld();
    const count = await this.#count.estimate();
    lease.assertHeld();
    return count;
  }

  async invalidate(key: Key): Promise<boolean> {
    this.#assertUsable(key);
    this.#namePages.clear();
    return this.knowledge.invalidate(key);
  }

  async invalidatePrefix(prefix: Key): Promise<number> {
    this.#assertOpen();
    this.#namePages.clear();
    this.knowledge.invalidateRestoring(prefix);
    let [invalidated, looked] = [0, 0];
    for (const key of this.knowledge.keys()) {
      if (key.startsWith(prefix) && this.knowledge.invalidate(key)) invalidated++;
      looked++;
      // Others have their turn in between.
      if (looked % keysAtOnce === 0) await delay(this.#parts.clock, 0);
    }
    return invalidated;
  }

  async warm(key: Key, signal?: AbortSignal): Promise<WarmOutcome> {
    this.#assertUsable(key);
    if (this.#mayTurnUp(key)) await this.#loading?.loaded;
    return await warmObject(this.#reads, key, signal);
  }

  places(key: Key): ObjectPlaces | undefined {
    const entry = this.knowledge.peek(key);
    const placed = entry?.placed;
    if (entry === undefined || placed === undefined) return undefined;
    const { fleet } = this.#parts;
    return {
      version: infoOf(entry.object).version,
      dataChunks: placed.layout.dataChunks,
      parityChunks: placed.layout.parityChunks,
      fragments: placed.fragments.map((fragment) =>
        (fragment?.nodes ?? []).map((node, index) => (fragment?.held[index] ? fleet.functionName(node) : null)),
      ),
      complete: placed.complete,
    };
  }

  /** For status: objects in memory, those of them that are complete, keys with work in flight, and what goes past it. */
  count(): ProxyStatus['objects'] {
    const { objects, complete } = this.#totals;
    return {
      inMemory: objects,
      complete,
      pinned: this.#turns.size,
      maxPlacedBytes: this.#parts.settings.maxPlacedBytes,
    };
  }

  /** Grows with every change to what is in memory; as long as it stands still, so does what a snapshot says. */
  get memoryChanges(): number {
    return this.#totals.changes;
  }

  /** An object with an expiry became known other than by a write: from a snapshot. */
  noteExpiry(key: Key, expiresAtMs: number): void {
    this.#sweep.note(key, expiresAtMs);
  }

  /** Refuses new work, and resolves when what was begun is over, placings included. The front has stopped before. */
  async drain(): Promise<void> {
    this.#closed = true;
    await this.windows.stop();
    await this.recovery.stop();
    await this.memory.copies.stop();
    await this.#sweep.stop();
    await this.#turns.idle();
    await Promise.all(this.#placings);
  }

  #assertOpen(): void {
    if (this.#closed) throw new SionError('closed', 'this proxy is stopping; connect again in a moment');
  }

  #assertUsable(key: Key): void {
    this.#assertOpen();
    const { maxKeyBytes } = this.#parts.settings;
    if (key.length <= maxKeyBytes) return;
    throw new SionError(
      'invalid',
      `key is too long (${key.length} bytes, the limit is ${maxKeyBytes}); shorten the key`,
    );
  }

  /** It may be among what is being taken back, of which nothing can be read before it is there as a whole. */
  #mayTurnUp(key: Key): boolean {
    if (this.#loading?.mayHoldVolatile !== true) return false;
    const entry = this.knowledge.peek(key);
    return entry === undefined || entry.object.volatile === true;
  }

  /** What functions alone are to hold has to wait until they may be used. */
  #isMemoryAwaited(durability: Durability): boolean {
    return durability === 'memory' && !this.memory.isOpen;
  }

  #isPlaced({ place }: WriteOptions, durability: Durability): boolean {
    return isPlacedOnPut(this.#parts.settings.placeOnPut !== false, place, durability === 'memory');
  }

  #noteDrained(name: string, seenAs: StoredObject | undefined, object: StoredObject | undefined): void {
    const key = keyOfName(name);
    if (key === undefined || seenAs === undefined || object === undefined) return;
    this.knowledge.retag(key, seenAs.etag, object);
  }

  #facesFor(accounts: readonly RequestAccount[]): StoreFaces {
    const store = accountedStore(this.#parts.store, accounts);
    const faces = this.#parts.journaled?.over(store);
    return faces === undefined ? { store, deferred: undefined } : { store: faces.durable, deferred: faces.deferred };
  }

  #readsFor(account: RequestAccount | undefined): ReadParts {
    if (account === undefined) return this.#reads;
    return { ...this.#reads, store: this.#facesFor([account]).store };
  }

  #notePlacing(placing: Promise<void>): void {
    const noted = placing
      .catch((thrown: unknown) => {
        const { code, message } = asSionError(thrown);
        this.#parts.log.error('placing-failed', { code, reason: message });
      })
      .finally(() => this.#placings.delete(noted));
    this.#placings.add(noted);
  }

  async #readValue(key: Key, object: StoredObject): Promise<Uint8Array | undefined> {
    const outcome = await readInTurn(this.#reads, key);
    if (outcome === 'superseded' || outcome.kind !== 'hit') return undefined;
    if (outcome.info.etag === object.etag) return await outcome.body.bytes();
    outcome.body.cancel();
    return undefined;
  }

  /** Lets the key's next turn delete it from the store, in the background; a failure is met again by the next sweep. */
  #removeExpired(key: Key): void {
    const look: Mutation<undefined> = { needs: 'info', decide: () => ({ kind: 'keep', result: undefined }) };
    if (this.#closed) return;
    this.mutate(key, look).catch((thrown: unknown) => {
      const { code, message } = asSionError(thrown);
      this.#parts.log.debug('expired-key-not-removed', { code, reason: message });
    });
  }
}

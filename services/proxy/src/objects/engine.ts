/**
 * The engine: the `Objects` that the front talks to, put together from reads, writes, staging, what is known and what is
 * in memory. It also keeps house: expired keys leave the store, and an orderly stop waits for what was begun.
 */
import { type Clock, delay, type Log, type Store, type StoredObject, type Timer } from '@sion/components';
import { ExpiryIndex, isExpired, keyOfName, type LayoutId, nameOfKey, type Placement, type Stripe } from '@sion/core';
import { asSionError, SionError } from '@sion/wire';
import type { Fleet } from '../fleet/fleet.ts';
import { ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedTotals } from '../memory/placed-object.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { beginRecovery } from '../recovery/begin-recovery.ts';
import type { Recovery, RecoverySettings } from '../recovery/recovery.ts';
import type { ProxyStatus } from '../status/status.ts';
import { ByteBudget } from './byte-budget.ts';
import { KeyCount } from './key-count.ts';
import { KeyTurns } from './key-turns.ts';
import { infoOf, Knowledge } from './knowledge.ts';
import { listKeys } from './listing.ts';
import { NamePages } from './name-pages.ts';
import type {
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
import { stageBytes } from './staging.ts';
import { warmObject } from './warming.ts';
import { type LeaseProof, processBatch } from './writes.ts';

export interface EngineSettings {
  readonly stripes: readonly Stripe[];
  readonly maxChunkBytes: number;
  /** Bytes of bodies that the proxy may hold at a time, over all requests. */
  readonly bodyMemoryBytes: number;
  readonly maxKeyBytes: number;
  readonly maxObjectBytes: number;
  /** Larger objects go past memory. */
  readonly maxPlacedBytes: number;
  /** Streams known to be at most this long are kept in memory until written. */
  readonly keptMaxBytes: number;
  readonly maxEntries: number;
  readonly maxAbsentKeys: number;
  readonly absentTtlMs: number;
  readonly hedgeMs: number;
  readonly fetchTimeoutMs: number;
  readonly placePatienceMs: number;
  readonly placeOnRead: boolean;
  /** How often keys that are known to be due leave the store. */
  readonly sweepMs: number;
  /** How often a page of the store's listing is searched for expired keys that nothing is known about. */
  readonly listSweepMs: number;
  /** Absent: what nodes lose comes back on demand alone. */
  readonly recovery?: RecoverySettings;
}

export interface EngineParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Metered. */
  readonly store: Store;
  readonly lease: LeaseProof;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly metrics: Metrics;
  readonly settings: EngineSettings;
  /** Draws (epoch, counter) pairs, each once. */
  readonly nextId: () => LayoutId;
  /** A node has read from the store itself. */
  readonly onNodeRead?: () => void;
}

/** Keys that are looked at in one go. */
const keysAtOnce = 20_000;

/** Keys that one sweep looks at, and names that one page of the store's listing has. */
const sweepLimit = 1000;

export class Engine implements Objects {
  readonly #parts: EngineParts;
  readonly knowledge: Knowledge;
  readonly memory: ObjectMemory;
  readonly #budget: ByteBudget;
  readonly #turns: KeyTurns;
  readonly #reads: ReadParts;
  readonly #expiries: ExpiryIndex;
  readonly #count: KeyCount;
  readonly #namePages = new NamePages();
  readonly #placings = new Set<Promise<void>>();
  readonly recovery: Recovery;
  readonly #totals: PlacedTotals = { objects: 0, complete: 0, changes: 0 };
  #sweepTimer: Timer | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #sweepAfter: string | undefined;
  #listedMs = 0;
  #closed = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { clock, store, lease, fleet, placement, metrics, settings } = parts;
    this.#budget = new ByteBudget(settings.bodyMemoryBytes);
    this.#expiries = new ExpiryIndex(settings.maxEntries);
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
      makeRoom: () => this.knowledge.evictColdest(),
    });
    this.knowledge = new Knowledge({
      maxEntries: settings.maxEntries,
      maxAbsentKeys: settings.maxAbsentKeys,
      absentTtlMs: settings.absentTtlMs,
      monotonicMs: () => clock.monotonicMs(),
      onPlaced: (placed, entry) => this.memory.adopt(placed, entry).tally.count(this.#totals),
      onDropped: (placed) => {
        placed.tally.uncount();
        this.memory.drop(placed);
      },
    });
    const onPlacing = (placing: Promise<void>) => this.#notePlacing(placing);
    this.#turns = new KeyTurns((key, batch) =>
      processBatch(
        {
          clock,
          store,
          lease,
          metrics,
          knowledge: this.knowledge,
          memory: this.memory,
          nextVersion: parts.nextId,
          readValue: (wanted, object) => this.#readValue(wanted, object),
          onCounted: (name, change) => this.#count.note(name, change),
          onExpiring: (expiring, expiresAtMs) => this.#expiries.note(expiring, expiresAtMs),
          onPlacing,
        },
        key,
        batch,
      ),
    );
    const { hedgeMs, fetchTimeoutMs, placeOnRead } = settings;
    this.#reads = {
      ...{ clock, store, lease, hedgeMs, fetchTimeoutMs, placeOnRead, onPlacing },
      countGet: (source, bytes, seconds) => metrics.countGet(source, bytes, seconds),
      knowledge: this.knowledge,
      memory: this.memory,
      budget: this.#budget,
      turns: this.#turns,
      onExpired: (key) => this.#removeExpired(key),
    };
    this.recovery = beginRecovery(parts, this.#reads);
    this.#scheduleSweep();
  }

  nowMs(): number {
    return this.#parts.lease.expiryNowMs();
  }

  async read(key: Key, options?: ReadOptions): Promise<ReadOutcome> {
    this.#assertUsable(key);
    return await readObject(this.#readsFor(options?.account), key, options);
  }

  sizeHint(key: Key): number {
    return this.knowledge.peek(key)?.object.sizeBytes ?? 0;
  }

  async info(key: Key, account?: RequestAccount): Promise<ObjectInfo | undefined> {
    this.#assertUsable(key);
    return await readInfo(this.#readsFor(account), key);
  }

  async stage(key: Key, bytes: NewBytes, options: WriteOptions = {}): Promise<StagedBytes> {
    this.#assertUsable(key);
    const { lease, store, settings } = this.#parts;
    lease.assertHeld();
    return await stageBytes(
      {
        store: accountedStore(store, accountsOf(options)),
        memory: this.memory,
        budget: this.#budget,
        keptMaxBytes: settings.keptMaxBytes,
        maxObjectBytes: settings.maxObjectBytes,
      },
      nameOfKey(key),
      bytes,
      {
        place: options.place !== false,
        ...(options.account === undefined ? {} : { account: options.account }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
  }

  async mutate<R>(key: Key, mutation: Mutation<R>, options: WriteOptions = {}): Promise<R> {
    this.#assertUsable(key);
    if (options.durability !== undefined && options.durability !== 'store') {
      const message = `durability ${options.durability} is not available in this version; use store`;
      throw new SionError('invalid', message);
    }
    return await new Promise<R>((resolve, reject) => {
      this.#turns.enqueue(key, {
        mutation,
        options,
        begunMs: this.#parts.clock.monotonicMs(),
        resolve: (result) => resolve(result as R),
        reject,
      });
    });
  }

  async list(request: ListRequest, account?: RequestAccount): Promise<KeyPage> {
    this.#assertOpen();
    const { lease } = this.#parts;
    const store = accountedStore(this.#parts.store, account === undefined ? [] : [account]);
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
    this.#expiries.note(key, expiresAtMs);
  }

  /** Refuses new work, and resolves when what was begun is over, placings included. The front has stopped before. */
  async drain(): Promise<void> {
    this.#closed = true;
    this.#sweepTimer?.cancel();
    await this.recovery.stop();
    await this.#sweeping;
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

  #readsFor(account: RequestAccount | undefined): ReadParts {
    if (account === undefined) return this.#reads;
    return { ...this.#reads, store: accountedStore(this.#parts.store, [account]) };
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

  #scheduleSweep(): void {
    this.#sweepTimer = this.#parts.clock.after(this.#parts.settings.sweepMs, () => {
      this.#sweeping = this.#sweep().finally(() => {
        if (!this.#closed) this.#scheduleSweep();
      });
    });
  }

  async #sweep(): Promise<void> {
    const { clock, lease, settings } = this.#parts;
    if (!lease.isHeld()) return;
    for (const key of this.#expiries.takeDue(lease.expiryNowMs(), sweepLimit)) this.#removeExpired(key);
    if (clock.monotonicMs() - this.#listedMs < settings.listSweepMs) return;
    this.#listedMs = clock.monotonicMs();
    await this.#sweepPage();
  }

  async #sweepPage(): Promise<void> {
    const { lease, store, log } = this.#parts;
    const nowMs = lease.expiryNowMs();
    try {
      const after = this.#sweepAfter;
      const page = await store.list('', { limit: sweepLimit, ...(after === undefined ? {} : { after }) });
      for (const object of page.objects) {
        const key = isExpired(object.metadata.expiresAtMs, nowMs) ? keyOfName(object.name) : undefined;
        if (key !== undefined) this.#removeExpired(key);
      }
      this.#sweepAfter = page.more ? page.objects.at(-1)?.name : undefined;
    } catch (thrown) {
      const { code, message } = asSionError(thrown);
      log.debug('expiry-sweep-failed', { code, reason: message });
    }
  }
}

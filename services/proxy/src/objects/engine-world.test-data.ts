/** The real engine over a virtual store and a fleet in memory, for its tests. */
import {
  type Files,
  silentLog,
  VirtualStore,
  type VirtualStoreHooks,
  type VirtualStoreRequest,
} from '@sion/components';
import {
  createPlacement,
  type LayoutId,
  type Placement,
  type PlacingRead,
  parseStripes,
  type WindowPolicy,
} from '@sion/core';
import { SionError } from '@sion/wire';
import { SeededRandom } from '@sion/workload';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { createMemoryFleet } from '../../../../tests/doubles/memory-fleet.ts';
import { type JournaledStores, openJournaling } from '../journal/open-journaling.ts';
import { CountedMetrics } from '../metrics/counted-metrics.ts';
import type { RecoverySettings } from '../recovery/recovery.ts';
import { Engine } from './engine.ts';
import type { Mutation, NewBytes } from './objects.ts';

const mib = 1024 * 1024;

export interface World {
  readonly engine: Engine;
  readonly store: VirtualStore;
  readonly fleet: ReturnType<typeof createMemoryFleet>;
  readonly clock: ReturnType<typeof createManualClock>;
  readonly metrics: CountedMetrics;
  readonly requests: string[];
  readonly hooks: { -readonly [Hook in keyof VirtualStoreHooks]: VirtualStoreHooks[Hook] };
  readonly lease: { held: boolean };
  readonly placement: Placement;
  readonly epoch: number;
}

export interface WorldOptions {
  readonly stripes?: string;
  readonly nodes?: number;
  readonly capacityBytes?: number;
  readonly maxChunkBytes?: number;
  readonly bodyMemoryBytes?: number;
  readonly maxPlacedBytes?: number;
  /** Lost chunks are brought back ahead of reads. */
  readonly recovery?: RecoverySettings;
  /** Default 1 MiB. */
  readonly jointReadBytes?: number;
  /** Nodes take copies of chunks in demand. */
  readonly elasticBytesPerNode?: number;
  readonly maxEntries?: number;
  readonly windows?: WindowPolicy;
  /** Of the store, see `VirtualStoreOptions`. Default `version`. */
  readonly etags?: 'version' | 'content';
  readonly placeOnPut?: boolean;
  readonly placeOnRead?: PlacingRead;
  /** Of a hot tier; default none. */
  readonly hotBytes?: number;
  /** As the budget's verdict; may change. */
  readonly budget?: { readonly isSaving: boolean };
  /** The proxy before: its store and its nodes are taken over. */
  readonly after?: World;
}

export interface JournaledWorldOptions extends WorldOptions {
  readonly files: Files;
  readonly journalBytes?: number;
  readonly journalMaxRecords?: number;
}

/** A world whose writes may be journaled. */
export async function createJournaledWorld(
  options: JournaledWorldOptions,
): Promise<World & { readonly journaled: JournaledStores }> {
  const ground = createGround(options);
  const { files, journalBytes = 4 * mib, journalMaxRecords = 10_000 } = options;
  let counter = 1_000_000;
  const journaled = await openJournaling({
    ...{ clock: ground.clock, store: ground.store, files, log: silentLog },
    metrics: new CountedMetrics(),
    random: new SeededRandom('journal'),
    lease: { isHeld: () => ground.lease.held },
    nextVersion: () => `${ground.epoch}.${++counter}`,
    settings: {
      journal: {
        journalBytes,
        journalMaxRecords,
        journalMaxAgeMs: 600_000,
        segmentBytes: journalBytes / 8,
        inlineMaxBytes: 32 * 1024,
      },
      drain: { quarantineMs: 60_000, concurrency: 4, retryBaseMs: 100, retryMaxMs: 5000, wholeMaxBytes: 64 * 1024 },
      confirmMs: 10_000,
      closeMs: 1000,
    },
  });
  return { ...createWorld(options, { ...ground, journaled }), journaled };
}

/** What is there before the engine is. */
interface Ground extends Pick<World, 'clock' | 'store' | 'hooks' | 'requests' | 'epoch' | 'lease'> {
  readonly journaled?: JournaledStores;
}

function createGround({ after, etags = 'version' }: WorldOptions): Ground {
  const clock = createManualClock();
  const requests: string[] = after?.requests ?? [];
  const hooks: World['hooks'] = after?.hooks ?? {};
  const store =
    after?.store ??
    new VirtualStore({
      wallMs: () => clock.wallMs(),
      etags,
      hooks: {
        before: (request: VirtualStoreRequest, name: string) => {
          requests.push(`${request} ${name}`);
          return hooks.before?.(request, name);
        },
        after: (request: VirtualStoreRequest, name: string) => hooks.after?.(request, name),
      },
    });
  return { clock, store, hooks, requests, epoch: (after?.epoch ?? 0) + 1, lease: { held: true } };
}

export function createWorld(options: WorldOptions = {}, ground = createGround(options)): World {
  const { clock, store, hooks, requests, epoch, lease, journaled } = ground;
  const { after } = options;
  const fleet = after?.fleet.restart() ?? createMemoryFleet(options.nodes ?? 12, options.capacityBytes ?? 64 * mib);
  if (options.recovery !== undefined || options.elasticBytesPerNode !== undefined) fleet.source = store;
  let counter = 0;
  const metrics = new CountedMetrics();
  const placement = createPlacement({
    ...{ nodes: fleet.size, groupSize: 12, nowMs: clock.monotonicMs() },
    ...(options.windows === undefined ? {} : { windows: options.windows }),
  });
  const engine = new Engine({
    clock,
    log: silentLog,
    store,
    fleet,
    metrics,
    placement,
    ...(journaled === undefined ? {} : { journaled }),
    ...(options.budget === undefined ? {} : { budget: options.budget }),
    lease: {
      isHeld: () => lease.held,
      assertHeld: () => {
        if (!lease.held) throw new SionError('closed', 'no lease');
      },
      expiryNowMs: () => clock.wallMs(),
    },
    nextId: (): LayoutId => ({ epoch, counter: ++counter }),
    settings: {
      stripes: parseStripes(options.stripes ?? '16KiB=1+1,*=4+2'),
      maxChunkBytes: options.maxChunkBytes ?? 64 * 1024,
      bodyMemoryBytes: options.bodyMemoryBytes ?? 64 * mib,
      maxKeyBytes: 512,
      maxObjectBytes: 64 * mib,
      maxPlacedBytes: options.maxPlacedBytes ?? 64 * mib,
      keptMaxBytes: 256 * 1024,
      maxEntries: options.maxEntries ?? 1000,
      maxAbsentKeys: 100,
      absentTtlMs: 1000,
      lateMs: 60_000,
      hedgeMs: 50,
      fetchTimeoutMs: 1000,
      placePatienceMs: 100,
      placeOnPut: options.placeOnPut ?? true,
      placeOnRead: options.placeOnRead ?? 'first',
      migrationConcurrency: 4,
      durability: 'store',
      sweepMs: 1000,
      listSweepMs: 60_000,
      hotBytes: options.hotBytes ?? 0,
      hotObjectBytes: 4096,
      jointReadBytes: options.jointReadBytes ?? 1024 * 1024,
      elasticBytesPerNode: options.elasticBytesPerNode ?? 0,
      ...(options.recovery === undefined ? {} : { recovery: options.recovery }),
    },
  });
  return { engine, store, fleet, clock, metrics, requests, hooks, lease, placement, epoch };
}

export function payload(sizeBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = seed;
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export function overwrite(bytes: Uint8Array, expiresAtMs?: number): Mutation<'written'> {
  const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
  return { needs: 'nothing', decide: () => ({ kind: 'write', bytes, ...expiry, result: 'written' }) };
}

export const remove: Mutation<boolean> = {
  needs: 'info',
  decide: (current) => (current === undefined ? { kind: 'keep', result: false } : { kind: 'delete', result: true }),
};

export const increment: Mutation<number> = {
  needs: { value: true, maxValueBytes: 32 },
  decide: (current) => {
    const next = Number(Buffer.from(current?.value ?? Buffer.from('0')).toString()) + 1;
    return { kind: 'write', bytes: Buffer.from(String(next)), result: next };
  },
};

export async function* piecesOf(bytes: Uint8Array, pieceBytes = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
}

export async function putStream(world: World, key: string, source: NewBytes): Promise<void> {
  const staged = await world.engine.stage(key, source);
  await world.engine.mutate(key, {
    needs: 'nothing',
    decide: () => ({ kind: 'write', bytes: staged, result: undefined }),
  });
  await staged.discard();
}

export async function valueOf(world: World, key: string): Promise<Buffer | undefined> {
  const outcome = await world.engine.read(key);
  return outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : undefined;
}

/** Lets time pass in steps, with everything that becomes ready in between carried out. */
export async function pass(world: World, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 500) {
    world.clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Resolves when the placement of the key is complete. */
export async function placed(world: World, key: string): Promise<void> {
  while (!world.engine.places(key)?.complete) await new Promise((resolve) => setImmediate(resolve));
}

export function failing(code: 'unavailable' | 'indeterminate'): () => never {
  return () => {
    throw new SionError(code, 'injected');
  };
}

/**
 * The service behind the fronts: lease, fleet, engine and snapshots, put together and taken apart in order. It is all of
 * the proxy but its listeners for clients, so that a simulated world runs the very same.
 */
import type { Clock, Files, Functions, Log, Network, ProcessIdentity, Random, Store } from '@sion/components';
import { createPlacement, formatLayoutId, type Placement } from '@sion/core';
import { asSionError, type SionError } from '@sion/wire';
import { BudgetKeeper } from './budget/budget-keeper.ts';
import { createFleet, type RunningFleet } from './fleet/create-fleet.ts';
import { type JournaledStores, openJournaling } from './journal/open-journaling.ts';
import { LeaseKeeper } from './lease/lease-keeper.ts';
import { CountedMetrics } from './metrics/counted-metrics.ts';
import { Engine } from './objects/engine.ts';
import type { ProxySettings } from './settings.ts';
import {
  budgetPolicy,
  engineSettings,
  fleetSettings,
  journalingSettings,
  leaseTtlMs,
  placementOptions,
} from './settings-of-parts.ts';
import { SnapshotKeeper } from './snapshot/snapshot-keeper.ts';
import { loadSnapshot, type SnapshotLoader } from './snapshot/snapshot-loader.ts';
import { defaultSliceBytes } from './snapshot/snapshot-parts.ts';
import { MeteredStore, type StorePrices } from './store/metered-store.ts';

export interface ServiceParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly network: Network;
  readonly identity: ProcessIdentity;
  readonly files: Files;
  readonly functions: Functions;
  readonly store: Store;
  readonly storePrices: StorePrices;
}

export interface Service {
  readonly lease: LeaseKeeper;
  readonly fleet: RunningFleet;
  readonly placement: Placement;
  readonly engine: Engine;
  /** It may go on for a while after the service has begun. */
  readonly loader: SnapshotLoader;
  readonly journaled: JournaledStores;
  readonly snapshots: SnapshotKeeper;
  readonly metrics: CountedMetrics;
  readonly store: MeteredStore;
  readonly budget: BudgetKeeper;
}

/**
 * Takes the lease and starts what it guards; resolves when objects can be read and written. Rejects with `closed` when
 * another proxy owns the store; `onLost` is told once when one has taken it later.
 */
export async function startService(
  parts: ServiceParts,
  settings: ProxySettings,
  onLost: (reason: SionError) => void,
): Promise<Service> {
  const { clock, log, identity } = parts;
  const metrics = new CountedMetrics();
  const store = new MeteredStore(parts.store, metrics, parts.storePrices);
  const [ttlMs, renewalMs] = [leaseTtlMs(settings), settings.leaseRenewalMs];
  const lease = await LeaseKeeper.acquire({ clock, store, identity, log, ttlMs, renewalMs, onLost }, (waitMs) =>
    log.info('lease-awaited', { waitMs }),
  );
  store.clearLeftovers().catch((thrown: unknown) => {
    log.warn('leftovers-not-cleared', { reason: asSionError(thrown).message });
  });
  return await startEngine(parts, settings, { lease, metrics, store });
}

/** Finishes what was taken, ends sessions, leaves a snapshot, gives the lease back. The fronts have stopped before. */
export async function stopService({ engine, fleet, journaled, snapshots, lease }: Service): Promise<void> {
  await engine.drain();
  await journaled.close();
  await snapshots.stop(lease.isHeld());
  await fleet.close();
  await lease.release();
}

async function startEngine(
  parts: ServiceParts,
  settings: ProxySettings,
  held: Pick<Service, 'lease' | 'metrics' | 'store'>,
): Promise<Service> {
  const { clock, random, log, network, functions, files } = parts;
  const { lease, metrics, store } = held;
  const { epoch } = lease;
  const budget = new BudgetKeeper({ clock, log: log.child({ part: 'budget' }), policy: budgetPolicy(settings) });
  const fleet = await createFleet({
    ...{ clock, random, network, functions, metrics, epoch, budget },
    log: log.child({ part: 'fleet' }),
    settings: fleetSettings(settings),
  });
  const placement = createPlacement({ ...placementOptions(settings), nowMs: clock.monotonicMs() });
  let counter = 0;
  const nextId = () => {
    counter++;
    return { epoch, counter };
  };
  const journaled = await openJournaling({
    ...{ clock, random, files, lease, store, metrics },
    log: log.child({ part: 'journal' }),
    nextVersion: () => formatLayoutId(nextId()),
    settings: journalingSettings(settings),
  });
  const engine = new Engine({
    ...{ clock, log, store, journaled, lease, fleet, placement, metrics, nextId, budget },
    settings: engineSettings(settings),
    onNodeRead: () => {
      store.countNodeRead();
      budget.book(parts.storePrices.get);
    },
  });
  const snapshotParts = { clock, log, files, engine, fleet, placement, epoch, sliceBytes: defaultSliceBytes };
  const loader = await loadSnapshot(snapshotParts);
  engine.awaitVolatiles(loader);
  const snapshots = new SnapshotKeeper({ ...snapshotParts, loader, snapshotMs: settings.snapshotMs });
  return { lease, fleet, placement, engine, loader, journaled, snapshots, metrics, store, budget };
}

/**
 * The proxy: takes the lease, then puts fleet, engine and fronts together, and takes them apart again in an orderly stop.
 * It owns the order in which things begin and end; what they do is theirs.
 */
import type {
  Clock,
  Files,
  Functions,
  Log,
  Network,
  ProcessIdentity,
  ProcessUsage,
  Random,
  Store,
} from '@sion/components';
import { createPlacement, type Placement } from '@sion/core';
import type { SionError } from '@sion/wire';
import { createFleet, type RunningFleet } from './fleet/create-fleet.ts';
import { type AdminServer, createAdminServer } from './front/admin/admin-server.ts';
import { createHttpServer, type HttpServer } from './front/http/http-server.ts';
import { createRespServer, type RespServer } from './front/resp/resp-server.ts';
import { LeaseKeeper } from './lease/lease-keeper.ts';
import { CountedMetrics } from './metrics/counted-metrics.ts';
import { createExposition } from './metrics/exposition.ts';
import { Engine } from './objects/engine.ts';
import type { ProxySettings } from './settings.ts';
import {
  adminSettings,
  engineSettings,
  fleetSettings,
  httpSettings,
  requestPrices,
  respSettings,
  storePlace,
} from './settings-of-parts.ts';
import { restoreSnapshot } from './snapshot/snapshot.ts';
import { SnapshotKeeper } from './snapshot/snapshot-keeper.ts';
import type { ProxyStatus, StatusSource } from './status/status.ts';
import { createStatusSource } from './status/status-source.ts';
import { MeteredStore, type StorePrices } from './store/metered-store.ts';

export interface ProxyParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly network: Network;
  readonly identity: ProcessIdentity;
  readonly processUsage: () => ProcessUsage;
  readonly files: Files;
  readonly functions: Functions;
  readonly store: Store;
  readonly storePrices: StorePrices;
  /** Of SION. */
  readonly version: string;
  /** Told once, when another proxy has taken the store over: nothing is answered any more, and the process should end. */
  readonly onFenced: (reason: SionError) => void;
}

export interface Proxy {
  readonly ports: {
    readonly respPort: number;
    readonly httpPort: number;
    readonly linkPort: number;
    readonly adminPort: number;
  };
  readonly status: StatusSource;
  /** Finishes what was taken, refuses what is new, ends sessions, leaves a snapshot, gives the lease back. Once only. */
  stop(): Promise<void>;
}

interface Running {
  readonly lease: LeaseKeeper;
  readonly fleet: RunningFleet;
  readonly placement: Placement;
  readonly engine: Engine;
  readonly snapshots: SnapshotKeeper;
  readonly metrics: CountedMetrics;
  readonly store: MeteredStore;
}

/** Starts a proxy; resolves when it serves. Rejects with `closed` when another proxy owns the store. */
export async function startProxy(parts: ProxyParts, settings: ProxySettings): Promise<Proxy> {
  let state: ProxyStatus['state'] = 'starting';
  let stopping: Promise<void> | undefined;
  const metrics = new CountedMetrics();
  const store = new MeteredStore(parts.store, metrics, parts.storePrices);
  const { clock, log, identity } = parts;
  const { leaseTtlMs: ttlMs, leaseRenewalMs: renewalMs } = settings;
  const onLost = (reason: SionError) => {
    state = 'fenced';
    parts.onFenced(reason);
  };
  const lease = await LeaseKeeper.acquire({ clock, store, identity, log, ttlMs, renewalMs, onLost }, (waitMs) =>
    log.info('lease-awaited', { waitMs }),
  );
  const running = await startEngine(parts, settings, { lease, metrics, store });
  const connections = { resp: () => 0 };
  const status = createStatusSource({
    version: parts.version,
    clock,
    metrics,
    state: () => (state === 'serving' && !lease.isHeld() ? 'fenced' : state),
    epoch: () => lease.epoch,
    store: () => ({ kind: settings.store, place: storePlace(settings), reachable: store.reachable }),
    objects: () => running.engine.count(),
    windows: () => windowsOf(running),
    nodes: () => running.fleet.status(),
    connections: () => ({ resp: connections.resp(), links: running.fleet.linkCount }),
  });
  const fronts = await startFronts(parts, settings, running, status);
  connections.resp = () => fronts.resp.connections;
  state = 'serving';
  log.info('serving', { epoch: lease.epoch, respPort: fronts.resp.port, httpPort: fronts.http.port });
  return {
    ports: {
      respPort: fronts.resp.port,
      httpPort: fronts.http.port,
      linkPort: running.fleet.linkPort,
      adminPort: fronts.admin.port,
    },
    status,
    stop() {
      state = 'draining';
      stopping ??= stopAll(parts, running, fronts);
      return stopping;
    },
  };
}

async function startEngine(
  parts: ProxyParts,
  settings: ProxySettings,
  held: Pick<Running, 'lease' | 'metrics' | 'store'>,
): Promise<Running> {
  const { clock, random, log, network, functions, files } = parts;
  const { lease, metrics, store } = held;
  const { epoch } = lease;
  const fleet = await createFleet({
    ...{ clock, random, network, functions, metrics, epoch },
    log: log.child({ part: 'fleet' }),
    settings: fleetSettings(settings),
  });
  const placement = createPlacement({ nodes: fleet.size });
  let counter = 0;
  const engine = new Engine({
    ...{ clock, log, store, lease, fleet, placement, metrics },
    settings: engineSettings(settings),
    nextId: () => {
      counter++;
      return { epoch, counter };
    },
  });
  const snapshotParts = { files, engine, fleet, placement, epoch };
  const restored = await restoreSnapshot(snapshotParts);
  log.info('snapshot-restored', restored);
  const snapshots = new SnapshotKeeper({ ...snapshotParts, clock, log, metrics, snapshotMs: settings.snapshotMs });
  return { lease, fleet, placement, engine, snapshots, metrics, store };
}

interface Fronts {
  readonly resp: RespServer;
  readonly http: HttpServer;
  readonly admin: AdminServer;
}

async function startFronts(
  parts: ProxyParts,
  settings: ProxySettings,
  running: Running,
  status: StatusSource,
): Promise<Fronts> {
  const { clock, random, log, network } = parts;
  const objects = running.engine;
  const exposition = createExposition(running.metrics, status);
  const admin = await createAdminServer({ objects, status, clock, exposition, log, settings: adminSettings(settings) });
  const http = await createHttpServer({
    ...{ objects, status, clock, random, log },
    settings: httpSettings(settings),
    prices: requestPrices(parts.storePrices, settings),
  });
  const resp = await createRespServer({
    ...{ network, objects, status, log, clock, random },
    processUsage: parts.processUsage,
    settings: respSettings(settings),
  });
  return { resp, http, admin };
}

async function stopAll(parts: ProxyParts, running: Running, fronts: Fronts): Promise<void> {
  const { engine, fleet, snapshots, lease } = running;
  await Promise.all([fronts.resp.close(), fronts.http.close()]);
  await engine.drain();
  await snapshots.stop(lease.isHeld());
  await fleet.close();
  await fronts.admin.close();
  await lease.release();
  await parts.functions.close();
  await parts.store.close();
}

function windowsOf({ placement, fleet }: Running): ProxyStatus['windows'] {
  return placement.windows().map(({ window, state, groups }) => ({
    window,
    state,
    groups: groups.map(({ group, nodes }) => ({ group, nodes: nodes.map((node) => fleet.functionName(node)) })),
    usedBytes: groups.reduce(
      (sum, { nodes }) => sum + nodes.reduce((all, node) => all + fleet.fill(node).usedBytes, 0),
      0,
    ),
  }));
}

/**
 * The proxy: puts the fronts before the service, and takes all apart again in an orderly stop. It owns the order in which
 * things begin and end; what they do is theirs.
 */
import type { ProcessUsage } from '@sion/components';
import type { SionError } from '@sion/wire';
import { type AdminServer, createAdminServer } from './front/admin/admin-server.ts';
import { createHttpServer, type HttpServer } from './front/http/http-server.ts';
import { createRespServer, type RespServer } from './front/resp/resp-server.ts';
import { createExposition } from './metrics/exposition.ts';
import { type Service, type ServiceParts, startService, stopService } from './service.ts';
import type { ProxySettings } from './settings.ts';
import { adminSettings, httpSettings, requestPrices, respSettings, storePlace } from './settings-of-parts.ts';
import type { ProxyStatus, StatusSource } from './status/status.ts';
import { createStatusSource } from './status/status-source.ts';

export interface ProxyParts extends ServiceParts {
  readonly processUsage: () => ProcessUsage;
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

/** Starts a proxy; resolves when it serves. Rejects with `closed` when another proxy owns the store. */
export async function startProxy(parts: ProxyParts, settings: ProxySettings): Promise<Proxy> {
  let state: ProxyStatus['state'] = 'starting';
  let stopping: Promise<void> | undefined;
  const { clock, log } = parts;
  const service = await startService(parts, settings, (reason) => {
    state = 'fenced';
    parts.onFenced(reason);
  });
  const { lease, metrics, store } = service;
  const connections = { resp: () => 0 };
  const status = createStatusSource({
    version: parts.version,
    clock,
    metrics,
    state: () => (state === 'serving' && !lease.isHeld() ? 'fenced' : state),
    epoch: () => lease.epoch,
    durability: settings.durability,
    journal: () => service.journaled.depth,
    journalBounds: settings,
    store: () => ({ kind: settings.store, place: storePlace(settings), reachable: store.reachable }),
    objects: () => service.engine.count(),
    snapshot: () => service.loader.progress,
    recovery: () => service.engine.recovery.status,
    copyBytes: () => service.engine.memory.copies.status.bytes,
    hot: () => service.engine.hot?.status ?? noHotTier,
    migration: () => service.engine.windows.mover.status,
    budget: () => service.budget.status,
    windows: () => windowsOf(service),
    nodes: () => service.fleet.status(),
    connections: () => ({ resp: connections.resp(), links: service.fleet.linkCount }),
  });
  const fronts = await startFronts(parts, settings, service, status);
  connections.resp = () => fronts.resp.connections;
  state = 'serving';
  log.info('serving', { epoch: lease.epoch, respPort: fronts.resp.port, httpPort: fronts.http.port });
  return {
    ports: {
      respPort: fronts.resp.port,
      httpPort: fronts.http.port,
      linkPort: service.fleet.linkPort,
      adminPort: fronts.admin.port,
    },
    status,
    stop() {
      state = 'draining';
      stopping ??= stopAll(parts, service, fronts);
      return stopping;
    },
  };
}

const noHotTier = { objects: 0, bytes: 0, maxBytes: 0 };

interface Fronts {
  readonly resp: RespServer;
  readonly http: HttpServer;
  readonly admin: AdminServer;
}

async function startFronts(
  parts: ProxyParts,
  settings: ProxySettings,
  service: Service,
  status: StatusSource,
): Promise<Fronts> {
  const { clock, random, log, network } = parts;
  const objects = service.engine;
  const exposition = createExposition(service.metrics, status);
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

async function stopAll(parts: ProxyParts, service: Service, fronts: Fronts): Promise<void> {
  await Promise.all([fronts.resp.close(), fronts.http.close()]);
  await stopService(service);
  await fronts.admin.close();
  await parts.functions.close();
  await parts.store.close();
}

function windowsOf({ placement, fleet }: Service): ProxyStatus['windows'] {
  return placement.windows().map(({ window, state, groups }) => ({
    window,
    state,
    groups: groups.map(({ group, nodes }) => ({ group, nodes: nodes.map((node) => fleet.functionName(node)) })),
    reads: {
      now: groups.reduce((sum, { uses }) => sum + uses, 0),
      before: groups.reduce((sum, { usesBefore }) => sum + usesBefore, 0),
    },
    ...fillOf(
      fleet,
      groups.flatMap(({ nodes }) => nodes),
    ),
  }));
}

function fillOf(
  fleet: Service['fleet'],
  nodes: readonly number[],
): { readonly usedBytes: number; readonly capacityBytes: number } {
  let [usedBytes, capacityBytes] = [0, 0];
  for (const node of nodes) {
    const fill = fleet.fill(node);
    usedBytes += fill.usedBytes;
    capacityBytes += fill.capacityBytes;
  }
  return { usedBytes, capacityBytes };
}

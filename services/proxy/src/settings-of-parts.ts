/**
 * Which settings reach which part, under the names that the part itself uses. Pure; main calls it once. What a part has
 * beside these is its own constant.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import {
  type BudgetPolicy,
  functionUsdPerSecond,
  nodeCapacityBytes,
  type PlacementOptions,
  priceBook,
  s3RequestUsd,
} from '@sion/core';
import { architecture } from './fleet/linger.ts';
import { type FleetSettings, fleetDefaults } from './fleet/settings.ts';
import type { AdminSettings } from './front/admin/admin-server.ts';
import type { HttpSettings } from './front/http/http-settings.ts';
import type { RequestPrices } from './front/http/request-bill.ts';
import { type RespSettings, respDefaults } from './front/resp/resp-settings.ts';
import type { JournalingSettings } from './journal/open-journaling.ts';
import type { EngineSettings } from './objects/engine-settings.ts';
import { type ProxySettings, stripesOf } from './settings.ts';
import { freeStore, type StorePrices } from './store/metered-store.ts';

export function fleetSettings(settings: ProxySettings): FleetSettings {
  const { linkAdvertisedHost, linkAdvertisedPort } = settings;
  return {
    ...fleetDefaults,
    nodes: settings.nodes,
    functionPrefix: settings.functionPrefix,
    nodeMemoryMb: settings.nodeMemoryMb,
    assumedCapacityBytes: nodeCapacityBytes(settings.nodeMemoryMb),
    linkHost: settings.linkHost,
    linkPort: settings.linkPort,
    latencyUsdPerSecond: settings.latencyUsdPerSecond,
    bulkThresholdBytes: settings.bulkThresholdBytes,
    busyBytesPerNode: settings.busyBytesPerNode,
    busyRequestsPerNode: settings.busyRequestsPerNode,
    silenceMs: settings.silenceMs,
    heartbeatMs: Math.floor(settings.silenceMs / 4),
    ...(linkAdvertisedHost === '' ? {} : { advertisedHost: linkAdvertisedHost }),
    ...(linkAdvertisedPort === 0 ? {} : { advertisedPort: linkAdvertisedPort }),
  };
}

/** One such object leaves most of memory to others. */
const placedShare = 1 / 8;

function maxPlacedBytes(settings: ProxySettings): number {
  const { assumedCapacityBytes, nodes } = fleetSettings(settings);
  return settings.maxPlacedBytes === 0
    ? Math.floor(nodes * assumedCapacityBytes * placedShare)
    : settings.maxPlacedBytes;
}

export function engineSettings(settings: ProxySettings): EngineSettings {
  return {
    stripes: stripesOf(settings),
    maxChunkBytes: settings.maxChunkBytes,
    bodyMemoryBytes: settings.bodyMemoryBytes,
    maxKeyBytes: settings.maxKeyBytes,
    maxObjectBytes: Math.max(settings.maxRespValueBytes, settings.maxHttpObjectBytes),
    maxPlacedBytes: maxPlacedBytes(settings),
    keptMaxBytes: settings.keptMaxBytes,
    maxEntries: settings.maxEntries,
    maxAbsentKeys: settings.maxAbsentKeys,
    absentTtlMs: settings.absentTtlMs,
    lateMs: settings.journalQuarantineMs,
    hedgeMs: settings.hedgeMs,
    fetchTimeoutMs: settings.fetchTimeoutMs,
    placePatienceMs: settings.placePatienceMs,
    placeOnPut: settings.placeOnPut,
    placeOnRead: settings.placeOnRead,
    migrationConcurrency: settings.migrationConcurrency,
    warmUp: { activeMs: settings.warmActiveSeconds * 1000, degradedMs: settings.warmDegradedSeconds * 1000 },
    durability: settings.durability,
    sweepMs: settings.sweepMs,
    listSweepMs: settings.listSweepMs,
    jointReadBytes: settings.jointReadBytes,
    hotBytes: settings.hotBytes,
    hotObjectBytes: settings.hotObjectBytes,
    busyBytesPerNode: settings.busyBytesPerNode,
    elasticBytesPerNode: settings.elasticBytesPerNode,
    recovery: {
      spread: settings.recoverySpread,
      perNode: settings.recoveryPerNode,
      concurrency: settings.recoveryConcurrency,
    },
  };
}

/** What functions may cost. */
export function budgetPolicy({ maxUsdPerHour, nodeMemoryMb }: ProxySettings): BudgetPolicy {
  return { maxUsdPerHour, usdPerRunningMs: functionUsdPerSecond(priceBook, architecture, nodeMemoryMb) / 1000 };
}

/** How the fleet is cut into groups, and how these age. */
export function placementOptions(settings: ProxySettings): Omit<PlacementOptions, 'nowMs'> {
  const { nodes, windowSeconds, activeWindows, degradedWindows } = settings;
  const widest = Math.max(...stripesOf(settings).map(({ dataChunks, parityChunks }) => dataChunks + parityChunks));
  return {
    nodes,
    groupSize: Math.min(nodes, Math.max(leastGroupNodes, widest)),
    windows: { intervalMs: windowSeconds * 1000, activeWindows, degradedWindows },
    rotateMs: settings.rotateSeconds * 1000,
  };
}

/** Narrow stripes spread over as many nodes as wide ones: each brings its own bandwidth. */
const leastGroupNodes = 12;

/** How long the lease holds: in an outage of the store, journaled writes go on for as long. */
export function leaseTtlMs({ leaseTtlMs: given, durability }: ProxySettings): number {
  if (given > 0) return given;
  return durability === 'journal' ? 600_000 : 60_000;
}

/** Names that are brought from the journal to the store at a time. */
const drainConcurrency = 16;

export function journalingSettings(settings: ProxySettings): JournalingSettings {
  const { journalBytes, journalMaxRecords, journalMaxAgeMs, journalQuarantineMs, storeWriteMs, keptMaxBytes } =
    settings;
  const segmentBytes = Math.min(maxSegmentBytes, Math.floor(journalBytes / 16));
  return {
    journal: {
      journalBytes,
      journalMaxRecords,
      journalMaxAgeMs,
      segmentBytes,
      inlineMaxBytes: Math.max(1, Math.min(keptMaxBytes, Math.floor(segmentBytes / 4))),
    },
    drain: {
      quarantineMs: journalQuarantineMs,
      concurrency: drainConcurrency,
      retryBaseMs: 100,
      retryMaxMs: 10_000,
      wholeMaxBytes: keptMaxBytes,
    },
    confirmMs: storeWriteMs,
    closeMs: settings.drainMs,
  };
}

const maxSegmentBytes = 8 * 1024 * 1024;

export function httpSettings(settings: ProxySettings): HttpSettings {
  return {
    host: settings.host,
    httpPort: settings.httpPort,
    maxKeyBytes: settings.maxKeyBytes,
    maxHttpObjectBytes: settings.maxHttpObjectBytes,
    httpHeaderMs: settings.httpHeaderMs,
    httpBodyIdleMs: settings.httpBodyIdleMs,
    httpKeepAliveMs: settings.httpKeepAliveMs,
    maxHttpConnections: settings.maxHttpConnections,
    drainMs: settings.drainMs,
  };
}

export function respSettings(settings: ProxySettings): RespSettings {
  return {
    ...respDefaults,
    host: settings.host,
    respPort: settings.respPort,
    maxKeyBytes: settings.maxKeyBytes,
    maxRespValueBytes: settings.maxRespValueBytes,
    maxRespConnections: settings.maxRespConnections,
    durability: settings.durability,
    drainMs: settings.drainMs,
    stallMs: settings.respStallMs,
    maxArguments: settings.maxRespArguments,
    pipelineCommands: settings.respPipelineCommands,
    pipelineBytes: settings.respPipelineBytes,
    maxUnsentBytes: settings.respUnsentBytes,
    maxBufferedCommandBytes: settings.respBufferedCommandBytes,
    maxBufferedTotalBytes: settings.respBufferedTotalBytes,
    allowFlush: settings.allowFlush,
  };
}

export function adminSettings(settings: ProxySettings): AdminSettings {
  return {
    adminHost: settings.adminHost,
    adminPort: settings.adminPort,
    adminHosts: settings.adminHosts,
    maxKeyBytes: settings.maxKeyBytes,
  };
}

/** Where the emulated Lambda is reached; `lambdaPort` is the port on which it really listens. */
export function lambdaEndpoint(settings: ProxySettings, lambdaPort = settings.lambdaPort): string {
  return settings.lambdaEndpoint === '' ? `http://127.0.0.1:${lambdaPort}` : settings.lambdaEndpoint;
}

/** Where the S3 store lies. `environment` is the process’s own, for the region. */
export function s3Options(settings: ProxySettings, environment: Readonly<Record<string, string | undefined>>) {
  const { s3Bucket: bucket, s3Endpoint: endpoint, prefix } = settings;
  return { bucket, prefix, region: regionOf(environment), ...(endpoint === '' ? {} : { endpoint }) };
}

/** The store as people name it. */
export function storePlace(settings: ProxySettings): string {
  if (settings.store === 'directory') return settings.dataDir;
  return `s3://${settings.s3Bucket}/${settings.prefix}`;
}

/**
 * The folder of what the proxy itself remembers. One for each store: what was true of one says nothing of another, and a
 * clean stop’s snapshot is believed.
 */
export function ownFolder(settings: ProxySettings): string {
  const { store, dataDir, s3Endpoint } = settings;
  if (store === 'directory') return resolve(dataDir, 'proxy');
  const mark = createHash('sha256')
    .update(`${s3Endpoint} ${storePlace(settings)}`)
    .digest('hex');
  return resolve(dataDir, `proxy-${mark.slice(0, 16)}`);
}

/** What requests to the store cost. */
export function storePrices(settings: ProxySettings): StorePrices {
  return settings.store === 'directory' ? freeStore : s3RequestUsd(priceBook);
}

/** What the HTTP front tells of the cost of a request. */
export function requestPrices(store: StorePrices, settings: ProxySettings): RequestPrices {
  return { store, nodeUsdPerMs: functionUsdPerSecond(priceBook, architecture, settings.nodeMemoryMb) / 1000 };
}

/**
 * How functions are invoked: with room for one invocation per node. The emulator takes static credentials; AWS's own Lambda
 * those that the SDK finds, in the region of the process's `environment`.
 */
export function functionsOptions(settings: ProxySettings, environment: Readonly<Record<string, string | undefined>>) {
  const { functions, functionQualifier: qualifier, lambdaEndpoint: endpoint } = settings;
  const bounds = {
    maxConcurrent: settings.nodes * 2 + 16,
    timeoutMs: fleetSettings(settings).invocationTimeoutMs,
  };
  if (functions === 'emulator') {
    const credentials = { accessKeyId: 'sion', secretAccessKey: 'sion' };
    return { region: defaultRegion, endpoint: lambdaEndpoint(settings), credentials, ...bounds };
  }
  return {
    region: regionOf(environment),
    ...(endpoint === '' ? {} : { endpoint }),
    ...(qualifier === '' ? {} : { qualifier }),
    ...bounds,
  };
}

const defaultRegion = 'us-east-1';

function regionOf(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? defaultRegion;
}

/**
 * The HTTP front on a loopback port over a double of the engine, and what tests of it say again and again: settings with
 * small limits, a status, a read whose body a test writes by hand, requests that are left open.
 */

import type { EventEmitter } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { silentLog, systemClock, systemRandom } from '@sion/components';
import { priceBook, s3RequestUsd } from '@sion/core';
import {
  createHttpServer,
  createMetrics,
  type HttpServer,
  type HttpServerParts,
  type HttpSettings,
  type NewBytes,
  type ObjectBody,
  type ObjectInfo,
  type Objects,
  type ProxyStatus,
  type ReadOptions,
  type ReadOutcome,
  type StatusSource,
} from '@sion/proxy';
import { onTestFinished } from 'vitest';
import { bodyOf, createMemoryObjects, type MemoryObjects } from './memory-objects.ts';

/** Milliseconds since the Unix epoch at which the double stands still. */
export const frontNowMs = 1_700_000_000_000;

export const testSettings: HttpSettings = {
  host: '127.0.0.1',
  httpPort: 0,
  maxKeyBytes: 512,
  maxHttpObjectBytes: 1 << 30,
  httpHeaderMs: 10_000,
  httpBodyIdleMs: 60_000,
  httpKeepAliveMs: 60_000,
  maxHttpConnections: 1000,
  drainMs: 60_000,
};

/** The status of a proxy without nodes. */
export function statusOf(state: ProxyStatus['state']): StatusSource {
  const status: ProxyStatus = {
    version: '0.1.0',
    state,
    uptimeSeconds: 1,
    epoch: 1,
    durability: 'store',
    journal: {
      names: 0,
      storedNames: 0,
      keptSeconds: 0,
      records: 0,
      bytes: 0,
      maxBytes: 2 ** 30,
      diskBytes: 0,
      oldestSeconds: 0,
      maxAgeSeconds: 600,
    },
    store: { kind: 'directory', place: '/data', reachable: true },
    objects: { inMemory: 0, complete: 0, pinned: 0, maxPlacedBytes: 2 ** 30 },
    snapshot: { isLoading: false, loaded: 0, total: 0 },
    recovery: { backlogChunks: 0, underWay: 0 },
    hot: { objects: 0, bytes: 0, maxBytes: 0 },
    budget: { lastHourUsd: 0, maxUsdPerHour: 0, isSaving: false },
    memory: { usedBytes: 0, copyBytes: 0, capacityBytes: 0 },
    migration: { waiting: 0, underWay: 0 },
    windows: [],
    nodes: [],
    connections: { resp: 0, links: 0 },
    totals: createMetrics().snapshot(),
  };
  return { status: () => status };
}

/** A front that listens until its test is over, and the double behind it unless `change` brings another. */
export async function serveHttp(
  change: Partial<HttpServerParts> = {},
): Promise<{ server: HttpServer; port: number; objects: MemoryObjects }> {
  const objects = createMemoryObjects({ nowMs: () => frontNowMs });
  const parts = { status: statusOf('serving'), clock: systemClock, random: systemRandom, log: silentLog };
  const prices = { store: s3RequestUsd(priceBook), nodeUsdPerMs: 1e-9 };
  const server = await createHttpServer({ ...parts, objects, prices, settings: testSettings, ...change });
  onTestFinished(() => server.close());
  return { server, port: server.port, objects };
}

/** Objects whose one read gives `pieces` and says it has `sizeBytes`. */
export function objectsReading(pieces: (options: ReadOptions) => AsyncIterable<Uint8Array>, sizeBytes: number) {
  const seen: { cancels: number; readonly signals: AbortSignal[] } = { cancels: 0, signals: [] };
  const info: ObjectInfo = { sizeBytes, etag: '"1"', version: '1.1', modifiedMs: frontNowMs };
  const read: Objects['read'] = async (_key, options = {}): Promise<ReadOutcome> => {
    if (options.signal !== undefined) seen.signals.push(options.signal);
    const iterable = pieces(options);
    const body: ObjectBody = {
      ...bodyOf(new Uint8Array(0)),
      sizeBytes,
      [Symbol.asyncIterator]: () => iterable[Symbol.asyncIterator](),
      cancel() {
        seen.cancels += 1;
      },
    };
    return { kind: 'hit', info, range: { start: 0, end: sizeBytes }, body };
  };
  return { objects: { ...createMemoryObjects({ nowMs: () => frontNowMs }), read }, seen };
}

/** GETs the object `a`; `answer` resolves with the answer's head, its body unread. */
export function openGet(port: number): { request: ClientRequest; answer: Promise<IncomingMessage> } {
  const request = httpRequest({ host: '127.0.0.1', port, path: '/v1/objects/a', agent: false });
  request.end();
  return { request, answer: answerOf(request) };
}

/** A PUT of the object `a` whose body the test writes. */
export function openPut(port: number, headers: Record<string, string | number>): ClientRequest {
  return httpRequest({ host: '127.0.0.1', port, method: 'PUT', path: '/v1/objects/a', agent: false, headers });
}

export function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
}

/** Resolves at the close, with or without an error before it. */
export function closeOf(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}

/** The pieces of bytes that must be a stream. */
export function streamOf(bytes: NewBytes): AsyncIterable<Uint8Array> {
  if (bytes.kind === 'stream') return bytes.pieces;
  throw new Error('a stream was expected');
}

/** The same pieces, each told to `count` first. */
export async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    count(piece.byteLength);
    yield piece;
  }
}

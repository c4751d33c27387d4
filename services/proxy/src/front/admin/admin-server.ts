/**
 * The administration port: metrics for Prometheus, the status for people and tools, where an object is kept, and what an
 * operator asks of the memory: to forget what others have changed in the store, to take objects in beforehand. It changes
 * no object; it is for this machine (loopback by default), and web pages of others get no answer.
 */
import type { Clock, Log } from '@sion/components';
import { SionError } from '@sion/wire';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Exposition } from '../../metrics/exposition.ts';
import type { Key, ObjectPlaces, Objects } from '../../objects/objects.ts';
import type { StatusSource } from '../../status/status.ts';
import { ConnectionTurns } from '../http/connection-turns.ts';
import { isBelow, readKey } from '../http/object-key.ts';
import { readQuery } from '../http/query.ts';
import { notFound, type Refusal, RefusedRequest, refusalOf, writeRefusal } from '../http/refusal.ts';
import { refusalReason } from './same-site.ts';
import { answerWarming } from './warming.ts';

/** Settings of the administration port; defaults and bounds stand in the proxy's one schema. */
export interface AdminSettings {
  readonly adminHost: string;
  /** 0 = any free one. */
  readonly adminPort: number;
  /** Names, beside those of loopback, that requests may call this server by; separated by commas. */
  readonly adminHosts: string;
  readonly maxKeyBytes: number;
}

/** What the administration port shows. */
export interface AdminServerParts {
  readonly objects: Pick<Objects, 'places' | 'info' | 'list' | 'invalidate' | 'invalidatePrefix' | 'warm'>;
  readonly clock: Clock;
  readonly status: StatusSource;
  readonly exposition: Exposition;
  readonly log: Log;
  readonly settings: AdminSettings;
}

/** An administration port that listens. */
export interface AdminServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The proxy serves its clients in the same process: nobody may keep it busy with metrics. */
const maxConnections = 256;

/** Warmings at a time. */
const maxWarmings = 4;

const placesPrefix = '/v1/status/objects/';
const placesRoute = '/v1/status/objects/key';

/** Creates the server and starts to listen; rejects when the port is taken. */
export async function createAdminServer(parts: AdminServerParts): Promise<AdminServer> {
  const { settings } = parts;
  const app = createApp();
  addGuard(app, settings);
  app.server.maxConnections = maxConnections;
  addErrorAnswers(app, parts.log);
  addRoutes(app, parts);
  await app.listen({ host: settings.adminHost, port: settings.adminPort });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new SionError('internal', 'the admin server has no port');
  return { host: settings.adminHost, port: address.port, close: () => app.close() };
}

function createApp(): FastifyInstance {
  return fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1024,
    http: { headersTimeout: 10_000, maxHeaderSize: 16_384 },
    requestTimeout: 10_000,
    rewriteUrl: (request) => (isBelow(placesPrefix, request.url ?? '') ? placesRoute : (request.url ?? '/')),
  });
}

function addGuard(app: FastifyInstance, settings: AdminSettings): void {
  const hosts = settings.adminHosts
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
  const turns = new ConnectionTurns();
  app.addHook('onRequest', async (request, reply) => {
    if (!(await turns.of(request.raw, reply.raw))) reply.hijack();
  });
  app.addHook('onRequest', async (request) => {
    const reason = refusalReason(request.headers, hosts);
    if (reason !== undefined) throw new RefusedRequest({ status: 403, code: 'forbidden', message: reason });
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
}

function addRoutes(app: FastifyInstance, parts: AdminServerParts): void {
  app.get('/healthz', (_request, reply) => reply.send({ status: 'alive' }));
  app.get('/metrics', async (_request, reply) => {
    const text = await parts.exposition.render();
    return reply.type(parts.exposition.contentType).send(text);
  });
  app.get('/v1/status', (_request, reply) => reply.send(parts.status.status()));
  app.get(placesRoute, async (request, reply) => {
    const key = readKey(placesPrefix, request.originalUrl, parts.settings.maxKeyBytes);
    const places = parts.objects.places(key) ?? (await placesOfBypassed(parts, key));
    if (places === undefined) {
      throw new RefusedRequest({
        status: 404,
        code: 'not-found',
        message: 'No function holds chunks of this object; it may be in the store.',
      });
    }
    return reply.send(places);
  });
  addMemoryRoutes(app, parts);
}

/** What is told of an object that goes past memory because of its size; undefined of any other. */
async function placesOfBypassed({ objects, status }: AdminServerParts, key: Key): Promise<ObjectPlaces | undefined> {
  const info = await objects.info(key);
  const { maxPlacedBytes } = status.status().objects;
  if (info === undefined || info.sizeBytes <= maxPlacedBytes) return undefined;
  const { version, sizeBytes } = info;
  const bypassed = { sizeBytes, maxPlacedBytes };
  return { version, dataChunks: 0, parityChunks: 0, fragments: [], complete: false, bypassed };
}

function addMemoryRoutes(app: FastifyInstance, parts: AdminServerParts): void {
  const { objects } = parts;
  let warmings = 0;
  app.post('/v1/invalidate', async (request, reply) => {
    const { key, prefix } = readQuery(request.originalUrl, ['key', 'prefix']);
    if ((key === undefined) === (prefix === undefined)) {
      throw new SionError(
        'invalid',
        'Say what is to be invalidated: either key=… or prefix=…; an empty prefix is all.',
      );
    }
    const invalidated =
      key === undefined ? await objects.invalidatePrefix(prefix ?? '') : Number(await objects.invalidate(key));
    return reply.send({ invalidated });
  });
  app.post('/v1/warm', async (request, reply) => {
    const { prefix } = readQuery(request.originalUrl, ['prefix']);
    if (prefix === undefined)
      throw new SionError('invalid', 'Say what is to be warmed: prefix=…; an empty one is all.');
    if (warmings >= maxWarmings) {
      throw new SionError('capacity', `${maxWarmings} warmings are under way; wait for one of them.`);
    }
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    warmings++;
    await answerWarming(parts, prefix, reply.raw).finally(() => {
      warmings--;
    });
  });
}

function addErrorAnswers(app: FastifyInstance, log: Log): void {
  const answer = (reply: FastifyReply, refusal: Refusal, requestId: string) =>
    reply
      .code(refusal.status)
      .headers(refusal.headers ?? {})
      .type('application/json; charset=utf-8')
      .send(writeRefusal(refusal, requestId));
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.status >= 500) log.error('admin-request-failed', { code: refusal.code, reason: String(error) });
    return answer(reply, refusal, request.id);
  });
  app.setNotFoundHandler(async (request, reply) => answer(reply, notFound('The path of this request'), request.id));
}

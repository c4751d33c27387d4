/**
 * The HTTP front: objects under `/v1/objects/{key}`, `/healthz` and `/readyz`. It owns the listening socket, request ids,
 * time-outs and the orderly stop; handlers own one request each. It never buffers a body, never answers an object from
 * what it knows itself, and never ends an answer that broke.
 */
import type { ServerResponse } from 'node:http';
import { type Clock, type Log, type Random, randomHex } from '@sion/components';
import { SionError } from '@sion/wire';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Objects } from '../../objects/objects.ts';
import type { StatusSource } from '../../status/status.ts';
import { refuse } from './answer.ts';
import { answerClientError } from './client-error.ts';
import { ConnectionTurns } from './connection-turns.ts';
import { deleteObject } from './delete-object.ts';
import type { Exchange, FrontParts, ObjectExchange } from './exchange.ts';
import { getObject, headObject } from './get-object.ts';
import type { HttpSettings } from './http-settings.ts';
import { isBelow, readKey } from './object-key.ts';
import { patchObject } from './patch-object.ts';
import { putObject } from './put-object.ts';
import { notFound, type Refusal, refusalOf } from './refusal.ts';
import { assertKnownHeaders } from './request-headers.ts';

/** What the HTTP front is made of. */
export interface HttpServerParts {
  readonly objects: Objects;
  readonly status: StatusSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: HttpSettings;
}

/** A front that listens. */
export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /**
   * Stops: no new connection is taken, requests that arrive on open ones get 503 and `Connection: close`, those under way
   * are finished for at most `drainMs`; then what is left is cut.
   */
  close(): Promise<void>;
}

/** The path below which objects live. */
export const objectsPrefix = '/v1/objects/';

const objectsRoute = '/v1/objects/key';

/** Creates the front and starts to listen; rejects when the port is taken. */
export async function createHttpServer(parts: HttpServerParts): Promise<HttpServer> {
  const { settings, clock, objects, log } = parts;
  let stopping = false;
  const front: FrontParts = { objects, clock, log, limits: settings, isStopping: () => stopping };
  const app = createApp(parts);
  addErrorAnswers(app, front);
  addStopAnswers(app, front);
  addHealthRoutes(app, parts.status);
  addObjectRoutes(app, front);
  app.server.maxConnections = settings.maxHttpConnections;
  // Without a listener Node itself would ask for the body before anybody has judged the headers.
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response));
  await app.listen({ host: settings.host, port: settings.httpPort });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new SionError('internal', 'the HTTP front has no port');
  return {
    host: settings.host,
    port: address.port,
    async close() {
      stopping = true;
      const deadline = clock.after(settings.drainMs, () => app.server.closeAllConnections());
      await app.close();
      deadline.cancel();
    },
  };
}

function createApp(parts: HttpServerParts): FastifyInstance {
  const { settings, random } = parts;
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: settings.httpKeepAliveMs,
    // A whole upload may last for hours; headers and pauses within bodies have time-outs of their own.
    requestTimeout: 0,
    http: {
      headersTimeout: settings.httpHeaderMs,
      connectionsCheckingInterval: Math.max(10, Math.min(1000, settings.httpHeaderMs / 4)),
      maxHeaderSize: 16_384,
    },
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomHex(random, 8);
    },
    rewriteUrl: (request) => (isBelow(objectsPrefix, request.url ?? '') ? objectsRoute : (request.url ?? '/')),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, randomHex(random, 8)),
  });
  // Bodies stay where they are, in the raw request; whoever wants one pulls it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return app;
}

function addObjectRoutes(app: FastifyInstance, front: FrontParts): void {
  const turns = new ConnectionTurns();
  const route = (method: string, handle: (exchange: ObjectExchange) => Promise<void>) => {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack();
      if (await turns.of(request.raw, reply.raw)) await runExchange(front, request, reply, handle);
    };
    app.route({ method, url: objectsRoute, handler });
  };
  route('GET', getObject);
  route('HEAD', headObject);
  route('PUT', putObject);
  route('PATCH', patchObject);
  route('DELETE', deleteObject);
}

/** Runs one request on the raw response; whatever its handler throws becomes a refusal, or a cut when it is too late. */
async function runExchange(
  front: FrontParts,
  request: FastifyRequest,
  reply: FastifyReply,
  handle: (exchange: ObjectExchange) => Promise<void>,
): Promise<void> {
  const exchange = openExchange(front, request, reply);
  try {
    assertKnownHeaders(request.method, request.headers);
    const key = readKey(objectsPrefix, request.originalUrl, front.limits.maxKeyBytes);
    await handle(Object.assign(exchange, { key }));
  } catch (error) {
    const refusal = refusalOf(error);
    logFailure(exchange, refusal, error);
    await refuse(exchange, refusal);
  }
  front.log.debug('http-request', {
    requestId: request.id,
    method: request.method,
    status: reply.raw.statusCode,
    durationMs: front.clock.monotonicMs() - exchange.startedMs,
  });
}

function openExchange(front: FrontParts, request: FastifyRequest, reply: FastifyReply): Exchange {
  const gone = new AbortController();
  const response: ServerResponse = reply.raw;
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new SionError('unavailable', 'the client has gone'));
  });
  return {
    parts: front,
    request: request.raw,
    response,
    requestId: request.id,
    startedMs: front.clock.monotonicMs(),
    signal: gone.signal,
    baseHeaders: () => answerHeaders(request, front.isStopping()),
    bodyInvited: request.headers.expect === undefined,
  };
}

/** The request's id, twice when the client chose it. */
function answerHeaders(request: FastifyRequest, isStopping: boolean): Readonly<Record<string, string>> {
  return {
    'sion-request-id': request.id,
    ...(request.headers['x-request-id'] === undefined ? {} : { 'x-request-id': request.id }),
    ...(isStopping ? { connection: 'close' } : {}),
  };
}

function addHealthRoutes(app: FastifyInstance, source: StatusSource): void {
  app.get('/healthz', { exposeHeadRoute: true }, (_request, reply) => reply.send({ status: 'alive' }));
  app.get('/readyz', { exposeHeadRoute: true }, (_request, reply) => {
    const { state } = source.status();
    return reply.code(state === 'serving' ? 200 : 503).send({ state });
  });
}

/** Requests that arrive on open connections after a stop was asked for. */
function addStopAnswers(app: FastifyInstance, front: FrontParts): void {
  app.addHook('onRequest', async () => {
    if (!front.isStopping()) return;
    throw new SionError(
      'closed',
      'This proxy is stopping and takes no new requests. Connect to another one, or retry later.',
    );
  });
  // A connection whose answer was already under way says keep-alive; it is closed as soon as it idles.
  app.addHook('onResponse', async () => {
    if (front.isStopping()) queueMicrotask(() => app.server.closeIdleConnections());
  });
}

function addErrorAnswers(app: FastifyInstance, front: FrontParts): void {
  app.setErrorHandler(async (error, request, reply) => {
    reply.hijack();
    const exchange = openExchange(front, request, reply);
    const refusal = refusalOf(error);
    logFailure(exchange, refusal, error);
    await refuse(exchange, refusal);
  });
  app.setNotFoundHandler(async (request, reply) => {
    reply.hijack();
    const isObject = isBelow(objectsPrefix, request.originalUrl);
    const refusal = isObject ? methodNotAllowed(request.method) : notFound('The path of this request');
    await refuse(openExchange(front, request, reply), refusal);
  });
}

function methodNotAllowed(method: string): Refusal {
  const allow = 'GET, HEAD, PUT, PATCH, DELETE';
  return {
    status: 405,
    code: 'method-not-allowed',
    message: `${method} is not a method of objects. Use one of ${allow}.`,
    headers: { allow },
  };
}

/** One line per failure that is not the client's doing; a client that left is told of only when debugging. */
function logFailure(exchange: Exchange, refusal: Refusal, error: unknown): void {
  const { log } = exchange.parts;
  const fields = { requestId: exchange.requestId, code: refusal.code, reason: String(error) };
  if (exchange.signal.aborted) log.debug('http-client-left', fields);
  else if (refusal.code === 'internal') log.error('http-defect', { ...fields, error });
  else if (exchange.response.headersSent) log.warn('http-answer-cut', fields);
  else if (refusal.status >= 500) log.warn('http-refused', fields);
}

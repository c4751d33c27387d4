/**
 * The HTTP front: a server for what `resources.ts` lists. It owns the listening socket, request ids, time-outs and the
 * orderly stop; `serve-exchange.ts` and the handlers own one request each. It never buffers a body, never answers an
 * object from what it knows itself, and never ends an answer that broke.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Log, type Random, randomHex } from '@sion/components';
import { SionError } from '@sion/wire';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Objects } from '../../objects/objects.ts';
import type { StatusSource } from '../../status/status.ts';
import { answerClientError, answerConnect, refuseConnection } from './client-error.ts';
import { ConnectionTurns } from './connection-turns.ts';
import type { FrontParts } from './exchange.ts';
import type { HttpSettings } from './http-settings.ts';
import type { RequestPrices } from './request-bill.ts';
import { refuseRequest, serveExchange } from './serve-exchange.ts';

/** What the HTTP front is made of. */
export interface HttpServerParts {
  readonly objects: Objects;
  readonly status: StatusSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: HttpSettings;
  readonly prices: RequestPrices;
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

/** What every target is to the router. */
const anyPath = '/';

/** Creates the front and starts to listen; rejects when the port is taken. */
export async function createHttpServer(parts: HttpServerParts): Promise<HttpServer> {
  const { settings, clock, objects, status, log } = parts;
  let stopping = false;
  const front: FrontParts = {
    objects,
    status,
    clock,
    log,
    limits: settings,
    prices: parts.prices,
    isStopping: () => stopping,
  };
  const app = createApp(parts);
  addStopAnswers(app, front);
  addRoute(app, front);
  limitConnections(app, parts);
  takeOverFromNode(app, parts);
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
      requireHostHeader: false,
    },
    genReqId: (request) => requestIdOf(random, request),
    rewriteUrl: () => anyPath,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, randomHex(random, 8)),
  });
  // Bodies stay where they are, in the raw request; whoever wants one pulls it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return app;
}

/** One route for everything: `resources.ts` tells paths apart, since a router would decode and fold what a key is. */
function addRoute(app: FastifyInstance, front: FrontParts): void {
  const turns = new ConnectionTurns();
  const handler = (request: FastifyRequest, reply: FastifyReply) => serveExchange(front, turns, request, reply);
  app.route({ method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: anyPath, handler });
  // Other methods.
  app.setNotFoundHandler(handler);
  app.setErrorHandler((error, request, reply) => refuseRequest(front, request, reply, error));
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

/** What Node would answer by itself, without a body, or by hanging up. */
function takeOverFromNode(app: FastifyInstance, parts: HttpServerParts): void {
  const { server } = app;
  // Node drops fields beyond this count in silence, conditions among them; the bytes of all of them are bounded.
  server.maxHeadersCount = 0;
  const serve = (request: IncomingMessage, response: ServerResponse) => server.emit('request', request, response);
  // Without a listener Node itself would ask for the body before anybody has judged the headers.
  server.on('checkContinue', serve);
  server.on('checkExpectation', serve);
  server.on('connect', (request, socket) => answerConnect(socket, requestIdOf(parts.random, request)));
}

/** Node would drop a connection above the limit without a word; far above it that is right. */
function limitConnections(app: FastifyInstance, { settings, random }: HttpServerParts): void {
  const { maxHttpConnections } = settings;
  const { server } = app;
  const refused = new WeakSet<IncomingMessage['socket']>();
  server.maxConnections = 2 * maxHttpConnections;
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    if (open <= maxHttpConnections) return;
    refused.add(socket);
    refuseConnection(socket, maxHttpConnections, randomHex(random, 8));
  });
  // What such a connection has sent before it knew must not be done after all.
  app.addHook('onRequest', async (request) => {
    if (refused.has(request.raw.socket)) throw new SionError('unavailable', 'This connection was refused.');
  });
}

function requestIdOf(random: Random, request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomHex(random, 8);
}

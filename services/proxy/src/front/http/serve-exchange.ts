/**
 * One request, from its arrival to its answer: finds what it is about in the table of resources, runs the handler in its
 * connection's turn, and makes a refusal of whatever is thrown. Every answer of the front, refusals included, is written
 * from here, on the raw response, with its request id.
 */
import type { IncomingMessage } from 'node:http';
import { SionError } from '@sion/wire';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from './answer.ts';
import type { ConnectionTurns } from './connection-turns.ts';
import { deleteObject } from './delete-object.ts';
import type { Exchange, FrontParts, ObjectExchange } from './exchange.ts';
import { getObject, headObject, refuseBody } from './get-object.ts';
import { listObjects } from './list-objects.ts';
import { readKey } from './object-key.ts';
import { patchObject } from './patch-object.ts';
import { answerDescription, answerGuide, answerHealth, answerOptions, answerReadiness } from './plain-answers.ts';
import { putObject } from './put-object.ts';
import { type Refusal, RefusedRequest, refusalOf } from './refusal.ts';
import { RequestBill } from './request-bill.ts';
import { assertKnownHeaders } from './request-headers.ts';
import {
  allowedMethods,
  objectsPrefix,
  originForm,
  type Resource,
  type ResourceName,
  resourceOf,
  resources,
} from './resources.ts';

const objectHandlers: Readonly<Record<string, (exchange: ObjectExchange) => Promise<void>>> = {
  GET: getObject,
  HEAD: headObject,
  PUT: putObject,
  PATCH: patchObject,
  DELETE: deleteObject,
};

const readers: Readonly<Record<Exclude<ResourceName, 'object'>, (exchange: Exchange) => Promise<void>>> = {
  listing: listObjects,
  health: answerHealth,
  readiness: answerReadiness,
  description: answerDescription,
  guide: answerGuide,
};

/** Answers one request; never rejects. */
export async function serveExchange(
  front: FrontParts,
  turns: ConnectionTurns,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.hijack();
  if (!(await turns.of(request.raw, reply.raw))) return;
  const exchange = openExchange(front, request, reply);
  try {
    await handle(exchange);
  } catch (error) {
    await refuseThrown(exchange, error);
  }
  front.log.debug('http-request', {
    requestId: request.id,
    method: request.method,
    status: reply.raw.statusCode,
    storeRequests: exchange.bill.storeRequests,
    usd: exchange.bill.usd(),
    durationMs: front.clock.monotonicMs() - exchange.startedMs,
  });
}

/** Answers a request that was refused before its turn: by the framework, or because of a stop. Never rejects. */
export async function refuseRequest(
  front: FrontParts,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): Promise<void> {
  reply.hijack();
  await refuseThrown(openExchange(front, request, reply), error);
}

async function handle(exchange: Exchange): Promise<void> {
  const { request, target } = exchange;
  const method = request.method ?? 'GET';
  assertHost(request);
  assertExpectation(request);
  const resource = resourceOf(target);
  if (resource === undefined) {
    if (method === 'OPTIONS' && target === '*') return answerAllMethods(exchange);
    const message = 'No such path. Objects are below /v1/objects/; /docs has the rest.';
    throw new RefusedRequest({ status: 404, code: 'not-found', message });
  }
  if (method === 'OPTIONS') {
    refuseBody(exchange);
    return answerOptions(exchange, resource);
  }
  if (!resource.methods.includes(method)) throw new RefusedRequest(methodNotAllowed(method, resource));
  assertKnownHeaders(resource.name === 'object' ? method : `the path ${resource.path}`, request.headers);
  if (resource.name !== 'object') return await readers[resource.name](exchange);
  const handler = objectHandlers[method];
  if (handler === undefined) throw new SionError('internal', `${method} of objects has no handler`);
  const key = readKey(objectsPrefix, target, exchange.parts.limits.maxKeyBytes);
  await handler(Object.assign(exchange, { key }));
}

function openExchange(front: FrontParts, request: FastifyRequest, reply: FastifyReply): Exchange {
  const gone = new AbortController();
  const response = reply.raw;
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new SionError('unavailable', 'the client has gone'));
  });
  return {
    parts: front,
    request: request.raw,
    response,
    target: originForm(request.originalUrl),
    requestId: request.id,
    bill: new RequestBill(front.prices),
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

/** RFC 9112, section 3.2. Node's own answer to this would have no body. */
function assertHost(request: IncomingMessage): void {
  if (request.httpVersion !== '1.1' || request.headers.host !== undefined) return;
  throw new SionError('invalid', 'The request has no Host header. HTTP/1.1 demands one; send it.');
}

function assertExpectation({ headers }: IncomingMessage): void {
  if (headers.expect === undefined || headers.expect.toLowerCase() === '100-continue') return;
  const message = `Expect: ${headers.expect.slice(0, 60)} is not offered; only 100-continue is. Leave the header out.`;
  throw new RefusedRequest({ status: 417, code: 'invalid', message });
}

/** OPTIONS of the server as a whole (RFC 9110, section 9.3.7). */
function answerAllMethods(exchange: Exchange): void {
  refuseBody(exchange);
  answerOptions(exchange, resources.object);
}

function methodNotAllowed(method: string, resource: Resource): Refusal {
  const allow = allowedMethods(resource);
  return {
    status: 405,
    code: 'method-not-allowed',
    message: `${method} is not a method of ${resource.noun}. Use one of ${allow}.`,
    headers: { allow },
  };
}

async function refuseThrown(exchange: Exchange, error: unknown): Promise<void> {
  const refusal = refusalOf(error);
  logFailure(exchange, refusal, error);
  await refuse(exchange, refusal);
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

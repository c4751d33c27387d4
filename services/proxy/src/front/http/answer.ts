/**
 * Writing answers. Rules: one answer per request; a body has exactly the announced length or the connection is destroyed;
 * a refusal of a request whose body is still coming closes the connection, after the client had a chance to read it.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '@sion/components';
import { SionError } from '@sion/wire';
import type { Exchange } from './exchange.ts';
import { type Refusal, writeRefusal } from './refusal.ts';
import { drainBody } from './request-body.ts';
import { hasBody } from './request-headers.ts';

/** Header fields of an answer. */
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** Answers without a body. */
export function answerEmpty(exchange: Exchange, status: number, headers: AnswerHeaders): void {
  exchange.response.writeHead(status, { ...exchange.baseHeaders(), ...headers });
  exchange.response.end();
}

/** Answers with JSON, whole; a HEAD gets what its GET would, without the bytes. */
export function answerJson(exchange: Exchange, status: number, value: unknown, headers: AnswerHeaders = {}): void {
  const text = Buffer.from(`${JSON.stringify(value)}\n`);
  answerText(exchange, status, 'application/json; charset=utf-8', text, headers);
}

/** Answers with bytes that are at hand. */
export function answerText(
  exchange: Exchange,
  status: number,
  contentType: string,
  text: Uint8Array,
  headers: AnswerHeaders = {},
): void {
  exchange.response.writeHead(status, {
    ...exchange.baseHeaders(),
    'content-type': contentType,
    'content-length': text.byteLength,
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  exchange.response.end(exchange.request.method === 'HEAD' ? undefined : text);
}

/**
 * Refuses a request. When the answer has begun already there is nothing to say any more: the connection is destroyed, so
 * that nobody takes half an object for a whole one.
 */
export async function refuse(exchange: Exchange, refusal: Refusal): Promise<void> {
  const { request, response, parts } = exchange;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const text = Buffer.from(writeRefusal(refusal, exchange.requestId));
  const unread = hasBody(request.headers) && !request.complete;
  response.writeHead(refusal.status, {
    ...exchange.baseHeaders(),
    'content-type': 'application/json; charset=utf-8',
    'content-length': text.byteLength,
    ...refusal.headers,
    ...(unread || refusal.code === 'closed' ? { connection: 'close' } : {}),
  });
  if (request.method !== 'HEAD') response.write(text);
  // A client that waits for "100 Continue" sends no body after a refusal; waiting for it would only hold the connection.
  if (unread && exchange.bodyInvited) {
    await drainBody(request, Math.min(parts.limits.httpBodyIdleMs, 2000), parts.clock);
  }
  response.end();
}

/**
 * Hands `pieces` on as the client takes them: the next one is asked for when the one before has left the buffer, so a
 * slow reader holds back only itself. Throws when the pieces do, when they are not `sizeBytes` in all, or when the client
 * takes nothing for `idleMs`; the caller then destroys the response.
 */
export async function sendPieces(
  response: ServerResponse,
  pieces: AsyncIterator<Uint8Array>,
  first: IteratorResult<Uint8Array>,
  sizeBytes: number,
  idleMs: number,
  clock: Clock,
): Promise<void> {
  let sent = 0;
  for (let next = first; next.done !== true; next = await pieces.next()) {
    sent += next.value.byteLength;
    if (sent > sizeBytes) break;
    if (response.destroyed) throw new SionError('unavailable', 'the client has gone');
    if (!response.write(next.value)) await drained(response, idleMs, clock);
  }
  if (sent !== sizeBytes) throw new SionError('internal', `a body of ${sizeBytes} bytes gave ${sent}`);
  response.end();
}

/** Resolves when the response takes more; rejects when it is closed or the client takes nothing for too long. */
function drained(response: ServerResponse, idleMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      timer.cancel();
      response.off('drain', onDrain).off('close', onClose);
      settle();
    };
    const onDrain = () => finish(resolve);
    const onClose = () => finish(() => reject(new SionError('unavailable', 'the client has gone')));
    const timer = clock.after(idleMs, () =>
      finish(() => reject(new SionError('unavailable', `the client took nothing for ${idleMs} ms`))),
    );
    response.on('drain', onDrain).on('close', onClose);
    if (response.destroyed) onClose();
  });
}

/**
 * A request's body as pieces, pulled: nothing is read ahead beyond the stream's own small buffer, so a slow engine holds
 * back the client's socket. A body that breaks off, idles or grows past the limit throws, and the engine drops what it
 * has staged. It never answers; whoever pulls does.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@sion/components';
import { SionError } from '@sion/wire';
import { RefusedRequest } from './refusal.ts';
import { tooLarge } from './request-headers.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  readonly idleMs: number;
}

/** Bytes that are drained from a refused request before its connection is cut. */
const maxDrainedBytes = 1 << 20;

/** Reads the body once. Each piece is the reader's to keep. */
export async function* readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  clock: Clock,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = request.iterator({ destroyOnReturn: false });
  let received = 0;
  for (;;) {
    const next = await withinIdle(pieces.next(), request, limits.idleMs, clock).catch((error: unknown) => {
      throw error instanceof RefusedRequest ? error : brokenOff(request, received, error);
    });
    if (next.done === true) break;
    const piece: unknown = next.value;
    if (!(piece instanceof Uint8Array)) throw new SionError('internal', 'a request body gave text');
    received += piece.byteLength;
    if (received > limits.maxBytes) throw tooLarge(limits.maxBytes);
    yield piece;
  }
  if (!request.complete) throw brokenOff(request, received, undefined);
}

/** Lets a refused body run out, within bounds, so that the refusal is read before the connection closes. */
export function drainBody(request: IncomingMessage, idleMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    let drained = 0;
    const onData = (piece: Uint8Array) => {
      drained += piece.byteLength;
      if (drained > maxDrainedBytes) finish();
    };
    const finish = () => {
      timer.cancel();
      request.off('data', onData).off('end', finish).off('close', finish).pause();
      resolve();
    };
    const timer = clock.after(idleMs, finish);
    // An aborted request tells so by an error as well; the close that follows is what counts here.
    request.on('error', () => {});
    request.on('data', onData).on('end', finish).on('close', finish).resume();
    if (request.complete || request.destroyed) finish();
  });
}

function withinIdle<T>(next: Promise<T>, request: IncomingMessage, idleMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(idleMs, () => {
      const message = `No byte of the body came for ${idleMs} ms. Send the body without such a pause.`;
      request.pause();
      reject(new RefusedRequest({ status: 408, code: 'timeout', message, headers: { connection: 'close' } }));
    });
    next.then(resolve, reject).finally(() => timer.cancel());
  });
}

function brokenOff(request: IncomingMessage, received: number, cause: unknown): SionError {
  const length = request.headers['content-length'];
  const expected = length === undefined ? 'before its last chunk' : `of ${length}`;
  return new SionError(
    'invalid',
    `The body broke off after ${received} bytes ${expected}. Nothing was stored; send it again.`,
    {
      cause,
    },
  );
}

/**
 * One object's bytes, streamed, through cut connections. The first answer fixes the version; when the connection breaks,
 * the rest is asked for by range with `If-Match`, a bounded number of times. So the bytes are always those of one
 * version: when that is replaced meanwhile, the read ends with an error, never with a mixture.
 */
import type { IncomingMessage } from 'node:http';
import { type Clock, delay } from '@sion/components';
import { CliError } from '../cli-error.ts';
import { type Address, ConnectionFault, callHttp, fieldOf, RefusedCall, refusalOf } from './http-call.ts';
import { type ObjectName, objectPath } from './object-name.ts';

/** What answers to one request, and how patiently. */
export interface ReadParts {
  readonly http: Address;
  readonly name: ObjectName;
  readonly clock: Clock;
  readonly patience: Patience;
  /** Gives up; the read throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told before each further attempt: why, and where the read goes on. */
  readonly onRetry?: (reason: string, positionBytes: number) => void;
}

/** How long a cut transfer is taken up again. */
export interface Patience {
  /** In all, per transfer. */
  readonly maxRetries: number;
  /** The pause before the first retry; each is twice the one before. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** No byte for so long counts as a cut. */
  readonly silenceMs: number;
}

/** About half a minute of pauses: a proxy that starts again is back by then. */
export const defaultPatience: Patience = { maxRetries: 8, firstPauseMs: 250, maxPauseMs: 8_000, silenceMs: 120_000 };

/** Which bytes of which version; positions are those of the whole object, `end` exclusive. */
export interface ReadSpan {
  readonly etag: string;
  readonly objectBytes: number;
  readonly start: number;
  readonly end: number;
}

export type OpenedRead =
  | { readonly kind: 'open'; readonly span: ReadSpan; readonly pieces: AsyncGenerator<Uint8Array, void, undefined> }
  | { readonly kind: 'missing' }
  /** The version that was asked for is no more. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'outside'; readonly message: string };

/** Bytes to ask for: a `Range` header's text (`bytes=…`), and the version that they must be of. */
export interface Wanted {
  readonly range?: string;
  readonly etag?: string;
}

/** The version on its way was replaced or deleted. */
export class ReplacedObject extends CliError {
  constructor(name: ObjectName) {
    super(1, `${name.shown} was changed or deleted while it was being read.`);
  }
}

/** Opens a read; no retries yet, since nothing has come that would be lost. The pieces must be read or returned. */
export async function openRead(parts: ReadParts, wanted: Wanted): Promise<OpenedRead> {
  const { answer, stop } = await ask(parts, wanted);
  const status = answer.statusCode;
  if (status === 200 || status === 206) {
    const span = spanOf(answer);
    return { kind: 'open', span, pieces: steadyPieces(parts, span, { answer, stop }) };
  }
  const refusal = await refusalOf(answer);
  stop();
  if (status === 404) return { kind: 'missing' };
  if (status === 412) return { kind: 'changed' };
  if (status === 416) return { kind: 'outside', message: refusal.message };
  throw refusal;
}

interface Asked {
  readonly answer: IncomingMessage;
  /** Closes the connection. */
  readonly stop: () => void;
}

async function ask(parts: ReadParts, { range, etag }: Wanted): Promise<Asked> {
  const { signal } = parts;
  const answer = await callHttp(parts.http, {
    method: 'GET',
    path: objectPath(parts.name),
    headers: {
      ...(range === undefined ? {} : { range }),
      ...(etag === undefined ? {} : { 'if-match': etag }),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return { answer, stop: () => answer.destroy() };
}

async function* steadyPieces(
  parts: ReadParts,
  span: ReadSpan,
  first: Asked,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = span.start;
  let asked: Asked | undefined = first;
  let retries = 0;
  try {
    for (;;) {
      try {
        asked ??= await askAgain(parts, span, position);
        for await (const piece of listen(parts, asked.answer)) {
          position += piece.byteLength;
          yield piece;
        }
        if (position === span.end) return;
        throw new ConnectionFault('broken', `The answer ended ${span.end - position} bytes early.`);
      } catch (error) {
        parts.signal?.throwIfAborted();
        if (position === span.end) return;
        asked?.stop();
        asked = undefined;
        const reason = transientReason(error);
        if (reason === undefined) throw error;
        if (retries >= parts.patience.maxRetries) throw givenUp(parts.name, reason, retries);
        parts.onRetry?.(reason, position);
        await pause(parts, retries);
        retries += 1;
      }
    }
  } finally {
    asked?.stop();
  }
}

/** The rest of the same version, from `position` on. */
async function askAgain(parts: ReadParts, span: ReadSpan, position: number): Promise<Asked> {
  const asked = await ask(parts, { range: `bytes=${position}-${span.end - 1}`, etag: span.etag });
  const { answer } = asked;
  if (answer.statusCode === 206 || answer.statusCode === 200) {
    const again = spanOf(answer);
    if (again.start === position && again.end === span.end && again.etag === span.etag) return asked;
    asked.stop();
    throw new CliError(1, `The rest of ${parts.name.shown} was asked for, but something else was answered.`);
  }
  const refusal = await refusalOf(answer);
  asked.stop();
  throw answer.statusCode === 412 || answer.statusCode === 404 ? new ReplacedObject(parts.name) : refusal;
}

/** The pieces of one answer; silence and a cut throw a {@link ConnectionFault}. */
async function* listen(parts: ReadParts, answer: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  const { clock, patience } = parts;
  const onSilence = () =>
    answer.destroy(new ConnectionFault('broken', `No byte came for ${patience.silenceMs / 1000} s.`));
  let timer = clock.after(patience.silenceMs, onSilence);
  try {
    for await (const piece of answer) {
      timer.cancel();
      yield Buffer.from(piece);
      // Only waiting for the sender counts, not a slow reader here.
      timer = clock.after(patience.silenceMs, onSilence);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectionFault('broken', `The connection broke (${reason}).`, { cause: error });
  } finally {
    timer.cancel();
  }
}

/** What may be over soon: a broken connection, a proxy that starts again, a store that does not answer for a moment. */
function transientReason(error: unknown): string | undefined {
  if (error instanceof ConnectionFault) return error.message;
  return error instanceof RefusedCall && error.status === 503 ? error.message : undefined;
}

function givenUp(name: ObjectName, reason: string, retries: number): CliError {
  return new CliError(1, `${name.shown} did not come whole, though it was tried ${retries} more times: ${reason}`);
}

async function pause(parts: ReadParts, retries: number): Promise<void> {
  const { firstPauseMs, maxPauseMs } = parts.patience;
  await delay(parts.clock, Math.min(firstPauseMs * 2 ** retries, maxPauseMs), parts.signal);
}

/** Which bytes an answer brings, from its headers alone. */
function spanOf(answer: IncomingMessage): ReadSpan {
  const { headers } = answer;
  const etag = headers.etag ?? '';
  const length = Number(headers['content-length']);
  if (answer.statusCode === 206) {
    const parsed = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '');
    const [start, last, objectBytes] = [Number(parsed?.[1]), Number(parsed?.[2]), Number(parsed?.[3])];
    if (last - start + 1 === length) return { etag, objectBytes, start, end: last + 1 };
  } else if (Number.isSafeInteger(length)) {
    return { etag, objectBytes: length, start: 0, end: length };
  }
  throw new CliError(1, `The answer does not say which bytes it brings: ${String(fieldOf(headers, 'content-range'))}.`);
}

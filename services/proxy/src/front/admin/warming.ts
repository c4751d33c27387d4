/**
 * `POST /v1/warm?prefix=…`: walks the keys with the prefix and brings their objects into memory, a few at a time. The
 * answer is one JSON object per line, each with the sums so far: about one a second, so that whoever waits sees that it
 * goes on, and a last one with `"done": true`. What ends it early is a last line with `error`. It stops when the client
 * leaves.
 */
import type { ServerResponse } from 'node:http';
import type { Clock, Log } from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import type { Key, ListedObject, Objects, WarmOutcome } from '../../objects/objects.ts';
import { refusalOf } from '../http/refusal.ts';

export interface WarmParts {
  readonly objects: Pick<Objects, 'list' | 'warm'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Objects that one request warms at a time; each streams through a small, bounded part of the proxy's memory. */
const objectsAtOnce = 8;
const pageKeys = 500;
const progressMs = 1000;

type Sums = Record<WarmOutcome | 'bytes', number>;

/** Answers the request; resolves when the answer has ended, and never rejects. */
export async function answerWarming(parts: WarmParts, prefix: Key, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new SionError('closed', 'the client has gone')));
  const sums: Sums = { placed: 0, held: 0, missing: 0, refused: 0, bytes: 0 };
  const tell = (line: object) => {
    // A client that does not read holds nothing but what the socket takes.
    if (!gone.signal.aborted && !response.writableNeedDrain) response.write(`${JSON.stringify(line)}\n`);
  };
  let timer = parts.clock.after(progressMs, function again() {
    tell(sums);
    timer = parts.clock.after(progressMs, again);
  });
  try {
    await warmAll(parts, prefix, sums, gone.signal);
    response.end(`${JSON.stringify({ ...sums, done: true })}\n`);
  } catch (thrown) {
    if (gone.signal.aborted) return;
    const { code, message } = refusalOf(thrown);
    parts.log.warn('warming-failed', { code, reason: asSionError(thrown).message });
    response.end(`${JSON.stringify({ error: { code, message } })}\n`);
  } finally {
    timer.cancel();
  }
}

async function warmAll(parts: WarmParts, prefix: Key, sums: Sums, signal: AbortSignal): Promise<void> {
  let after: string | undefined;
  do {
    const position = after === undefined ? {} : { after };
    const page = await parts.objects.list({ prefix, limit: pageKeys, ...position });
    signal.throwIfAborted();
    await warmPage(parts, page.objects, sums, signal);
    after = page.next;
  } while (after !== undefined);
}

async function warmPage(
  parts: WarmParts,
  listed: readonly ListedObject[],
  sums: Sums,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  const work = async () => {
    try {
      for (let object = listed[next++]; object !== undefined; object = listed[next++]) {
        const outcome = await warmOne(parts, object.key, signal);
        sums[outcome]++;
        if (outcome === 'placed') sums.bytes += object.info.sizeBytes;
      }
    } finally {
      next = listed.length;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: objectsAtOnce }, work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** A single object that cannot be read does not keep the others out. */
async function warmOne(parts: WarmParts, key: Key, signal: AbortSignal): Promise<WarmOutcome> {
  try {
    return await parts.objects.warm(key, signal);
  } catch (thrown) {
    const { code } = asSionError(thrown);
    if (signal.aborted || (code !== 'corrupt' && code !== 'capacity')) throw thrown;
    return 'refused';
  }
}

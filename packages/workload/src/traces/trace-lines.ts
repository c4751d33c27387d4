/**
 * A trace's bytes as numbered lines: unpacked if they are gzip (told by their first bytes, not by a name), line ends of
 * either kind, the last one optional. Holds one line and one piece of input; a line that is too long is refused, so that a
 * file that is no text does not fill memory.
 */

import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TraceError } from './trace-record.ts';

export interface TraceLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

const maxLineBytes = 1024 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** The bytes, unpacked where they are gzip. Rejects with what the input rejects with, or zlib's error. */
export async function* unpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await input.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
    if (head.length >= gzipMagic.length) break;
  }
  const whole = andThen(head, input);
  if (!head.subarray(0, gzipMagic.length).equals(gzipMagic)) return yield* whole;
  const source = Readable.from(whole, { objectMode: false });
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  yield* source.pipe(gunzip);
}

/** What went wrong in the middle of a file: damaged or cut gzip is told with its line, everything else as it is. */
export function cutOff(error: unknown, line: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!(error instanceof Error) || !code.startsWith('Z_')) return error;
  return new TraceError(line, '', `the rest of a file whose gzip is cut off or damaged (${error.message})`);
}

/** Lines of unpacked text, in UTF-8. Rejects with {@link TraceError} for one that is too long. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TraceLine> {
  let rest = Buffer.alloc(0);
  let number = 0;
  const pieces = bytes[Symbol.asyncIterator]();
  const next = async () => {
    try {
      return await pieces.next();
    } catch (error) {
      throw cutOff(error, number + 1);
    }
  };
  try {
    for (let piece = await next(); piece.done !== true; piece = await next()) {
      rest = rest.length === 0 ? Buffer.from(piece.value) : Buffer.concat([rest, piece.value]);
      let from = 0;
      for (let end = rest.indexOf(10, from); end !== -1; end = rest.indexOf(10, from)) {
        yield { number: ++number, text: textOf(rest.subarray(from, end)) };
        from = end + 1;
      }
      rest = rest.subarray(from);
      if (rest.length > maxLineBytes)
        throw new TraceError(number + 1, textOf(rest.subarray(0, 200)), `a line of at most ${maxLineBytes} bytes`);
    }
  } finally {
    await pieces.return?.();
  }
  if (rest.length > 0) yield { number: number + 1, text: textOf(rest) };
}

function textOf(line: Buffer): string {
  const end = line.at(-1) === 13 ? line.length - 1 : line.length;
  return line.toString('utf8', 0, end);
}

async function* andThen(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (;;) {
      const { done, value } = await rest.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}

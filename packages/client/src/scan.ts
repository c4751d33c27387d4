/**
 * Keys by pattern, with SCAN. A cursor is a place in the listing that the server remembers; one that it has lost ends the
 * iteration with its error, since what has been seen cannot be told from what has not.
 */
import type { CallOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import { bytesOrNull, listOf, textOf } from './replies.ts';

/** Which keys, and in what form. */
export interface ScanOptions extends CallOptions {
  /** A pattern as Redis has it: `user:*`. */
  readonly match?: string | undefined;
  /** About how many keys are looked at per request. */
  readonly count?: number | undefined;
}

/** Every key that was there all the while; others may or may not come. Each key comes once. */
export async function* scanKeys(connection: Connection, options: ScanOptions): AsyncGenerator<Buffer, void, undefined> {
  const { match, count } = options;
  const filter = [...(match === undefined ? [] : ['MATCH', match]), ...(count === undefined ? [] : ['COUNT', count])];
  let cursor = '0';
  do {
    const [next = '0', keys = []] = listOf(await connection.read(options, 'SCAN', cursor, ...filter));
    cursor = textOf(next);
    for (const key of listOf(keys)) yield bytesOrNull(key) ?? Buffer.alloc(0);
  } while (cursor !== '0');
}

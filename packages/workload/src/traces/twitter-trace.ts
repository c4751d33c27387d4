/** Twitter's cache traces (Yang et al., OSDI'20): `timestamp(s),key,key size,value size,client,operation,TTL`, no header. */
import { linesOf } from './trace-lines.ts';
import {
  type OnBadRow,
  rowRecords,
  TraceError,
  type TraceOperation,
  type TraceRecord,
  wholeNumber,
} from './trace-record.ts';

/** What changes a value counts as a write of it. */
const operations: Readonly<Record<string, TraceOperation>> = {
  get: 'get',
  gets: 'get',
  set: 'put',
  add: 'put',
  replace: 'put',
  cas: 'put',
  append: 'put',
  prepend: 'put',
  incr: 'put',
  decr: 'put',
  delete: 'delete',
};

/** Rejects with {@link TraceError}. */
export async function* readTwitterTrace(
  bytes: AsyncIterable<Uint8Array>,
  onBadRow?: OnBadRow,
): AsyncGenerator<TraceRecord> {
  for await (const { number, text } of linesOf(bytes)) {
    if (text !== '') yield* rowRecords(onBadRow, () => [recordOf(text, number)]);
  }
}

function recordOf(text: string, line: number): TraceRecord {
  // Keys may have commas: the other cells are counted from both ends.
  const cells = text.split(',');
  const [ttl, verb = '', , size] = cells.slice(-5).reverse();
  const key = cells.slice(1, -5).join(',');
  const [seconds, sizeBytes, ttlSeconds] = [wholeNumber(cells[0]), wholeNumber(size), wholeNumber(ttl)];
  const operation = operations[verb];
  if (
    seconds === undefined ||
    sizeBytes === undefined ||
    ttlSeconds === undefined ||
    operation === undefined ||
    key === ''
  )
    throw new TraceError(line, text, 'timestamp,key,key size,value size,client,operation,TTL');
  const hasTtl = operation === 'put' && ttlSeconds > 0;
  return { atMs: seconds * 1000, operation, key, sizeBytes, ...(hasTtl ? { ttlSeconds } : {}) };
}

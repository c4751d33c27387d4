/**
 * IBM Cloud Object Storage traces (Eytan et al., HotStorage'20; SNIA): `ms REST.<OP>.OBJECT id [size] [start end]`, the end
 * included. Most keys were put before a sample begins.
 */
import { linesOf } from './trace-lines.ts';
import {
  type OnBadRow,
  rowRecords,
  TraceError,
  type TraceOperation,
  type TraceRecord,
  wholeNumber,
} from './trace-record.ts';

const operations: Readonly<Record<string, TraceOperation>> = {
  'REST.GET.OBJECT': 'get',
  'REST.PUT.OBJECT': 'put',
  'REST.HEAD.OBJECT': 'head',
  'REST.DELETE.OBJECT': 'delete',
  'REST.COPY.OBJECT': 'copy',
};

/** Rejects with {@link TraceError}. */
export async function* readCosTrace(
  bytes: AsyncIterable<Uint8Array>,
  onBadRow?: OnBadRow,
): AsyncGenerator<TraceRecord> {
  for await (const { number, text } of linesOf(bytes)) {
    if (text !== '') yield* rowRecords(onBadRow, () => [recordOf(text, number)]);
  }
}

function recordOf(text: string, line: number): TraceRecord {
  const fail = () => new TraceError(line, text, 'ms REST.<OP>.OBJECT id [size] [start end]');
  const [time, request = '', key, size, start, end, more] = text.split(' ');
  const [atMs, operation] = [wholeNumber(time), operations[request]];
  if (atMs === undefined || operation === undefined || key === undefined || key === '' || more !== undefined)
    throw fail();
  const sizeBytes = wholeNumber(size);
  if (size !== undefined && sizeBytes === undefined) throw fail();
  const [first, last] = [wholeNumber(start), wholeNumber(end)];
  const isRanged = start !== undefined;
  if (isRanged && (first === undefined || last === undefined || last < first)) throw fail();
  const isWhole = first === 0 && sizeBytes !== undefined && last !== undefined && last + 1 >= sizeBytes;
  return {
    ...{ atMs, operation, key },
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(first === undefined || last === undefined || isWhole ? {} : { range: { start: first, end: last + 1 } }),
  };
}

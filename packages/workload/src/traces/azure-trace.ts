/**
 * Azure Functions blob accesses (Romero et al., 2021): CSV whose header names the columns. The key is the blob's ETag, so
 * another version is another object.
 */
import { csvRows } from './csv-rows.ts';
import { type OnBadRow, rowRecords, TraceError, type TraceRecord, wholeNumber } from './trace-record.ts';

const columns = ['Timestamp', 'AnonBlobETag', 'BlobBytes', 'Read', 'Write'];

/** A row that neither reads nor writes is left out. Rejects with {@link TraceError}. */
export async function* readAzureTrace(
  bytes: AsyncIterable<Uint8Array>,
  onBadRow?: OnBadRow,
): AsyncGenerator<TraceRecord> {
  for await (const { line, cells } of csvRows(bytes, columns, onBadRow)) {
    yield* rowRecords(onBadRow, () => recordOf(cells, line));
  }
}

function* recordOf(cells: Readonly<Record<string, string>>, line: number): Generator<TraceRecord> {
  const { Timestamp: time, AnonBlobETag: key, BlobBytes: size, Read: read, Write: write } = cells;
  const [atMs, sizeBytes] = [wholeNumber(time), size === '' ? undefined : wholeNumber(size)];
  if (atMs === undefined) throw new TraceError(line, String(time), 'Timestamp to be whole milliseconds');
  if (key === undefined || key === '') throw new TraceError(line, String(key), 'AnonBlobETag to name a blob');
  if (size !== '' && sizeBytes === undefined) throw new TraceError(line, String(size), 'BlobBytes to be whole bytes');
  const operation = write === 'True' ? 'put' : read === 'True' ? 'get' : undefined;
  if (operation !== undefined) yield { atMs, operation, key, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
}

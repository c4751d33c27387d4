/**
 * The IBM Docker registry traces (Anwar et al., FAST'18): layers that clients of a registry have asked for. As CSV with a
 * header, or in the original form of the SNIA repository, a JSON array of objects with the same names.
 */
import { csvRows } from './csv-rows.ts';
import { jsonObjects } from './json-objects.ts';
import {
  type OnBadRow,
  rowRecords,
  TraceError,
  type TraceOperation,
  type TraceRecord,
  wholeNumber,
} from './trace-record.ts';

/** What tells objects apart: where they were asked for, as the papers did, or what they contain. */
export type RegistryKey = 'uri' | 'digest';

const operations: Readonly<Record<string, TraceOperation>> = { GET: 'get', PUT: 'put', HEAD: 'head', DELETE: 'delete' };

const columns = ['http.request.method', 'http.request.uri', 'http.response.written', 'timestamp'];

/** Requests of other methods and of other things than blobs are left out. Rejects with {@link TraceError}. */
export async function* readRegistryCsv(
  bytes: AsyncIterable<Uint8Array>,
  key: RegistryKey,
  onBadRow?: OnBadRow,
): AsyncGenerator<TraceRecord> {
  for await (const { line, cells } of csvRows(bytes, columns, onBadRow)) {
    yield* rowRecords(onBadRow, () => recordOf(cells, line, key));
  }
}

/** As {@link readRegistryCsv}; line numbers count objects. */
export async function* readRegistryJson(
  bytes: AsyncIterable<Uint8Array>,
  key: RegistryKey,
  onBadRow?: OnBadRow,
): AsyncGenerator<TraceRecord> {
  for await (const { number, value } of jsonObjects(bytes)) {
    const cells = Object.fromEntries(Object.entries(value).map(([name, cell]) => [name, String(cell)]));
    yield* rowRecords(onBadRow, () => recordOf(cells, number, key));
  }
}

function* recordOf(cells: Readonly<Record<string, string>>, line: number, key: RegistryKey): Generator<TraceRecord> {
  const { 'http.request.method': method = '', 'http.request.uri': uri = '', timestamp = '' } = cells;
  const written = cells['http.response.written'];
  const atMs = timeOf(timestamp);
  const sizeBytes = wholeNumber(written);
  if (atMs === undefined) throw new TraceError(line, timestamp, 'a timestamp like 2017-06-20 00:00:26.626');
  if (sizeBytes === undefined) throw new TraceError(line, String(written), 'http.response.written to be whole bytes');
  const operation = operations[method];
  const at = uri.indexOf('blobs/');
  if (operation === undefined || at === -1) return;
  yield { atMs, operation, key: key === 'uri' ? uri : uri.slice(at + 'blobs/'.length), sizeBytes };
}

/** In UTC, since all that counts is the difference; undefined for what is no timestamp. */
function timeOf(timestamp: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?)Z?$/.exec(timestamp);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second >= 61) return undefined;
  return Math.round((daysOf(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * 1000);
}

/** Days since the first of March of year 0, in the Gregorian calendar. */
function daysOf(year: number, month: number, day: number): number {
  const fromMarch = (month + 9) % 12;
  const years = year - Math.floor(fromMarch / 10);
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return 365 * years + leaps + Math.floor((fromMarch * 306 + 5) / 10) + day - 1;
}

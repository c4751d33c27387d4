/** Rows of a CSV file with a header, by column name; the parsing is csv-parse's. */

import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { TraceError } from './trace-record.ts';

export interface CsvRow {
  /** Of the file, from 1; the header is line 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

const maxRowBytes = 1024 * 1024;

/** Rejects with {@link TraceError} for a row that has more or fewer cells than the header, or bad quotes. */
export async function* csvRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRow> {
  const parser = parse({ bom: true, columns: true, info: true, skip_empty_lines: true, max_record_size: maxRowBytes });
  const source = Readable.from(bytes, { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { info, record } of source.pipe(parser)) yield { line: info.lines, cells: record };
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    const { lines, record } = thrown as CsvError & { readonly lines?: number; readonly record?: unknown };
    throw new TraceError(lines ?? 0, JSON.stringify(record ?? ''), `a row like the header says (${thrown.message})`);
  }
}

/** Rows of a CSV file with a header, by column name; the parsing is csv-parse's. */

import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { cutOff } from './trace-lines.ts';
import { type OnBadRow, TraceError } from './trace-record.ts';

export interface CsvRow {
  /** Of the file, from 1; the header is line 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

const maxRowBytes = 1024 * 1024;

/**
 * Rejects with {@link TraceError} for a header without one of `columns`, a row that has more or fewer cells than the header, or
 * bad quotes; with `onBadRow` such rows are left out.
 */
export async function* csvRows(
  bytes: AsyncIterable<Uint8Array>,
  columns: readonly string[] = [],
  onBadRow?: OnBadRow,
): AsyncGenerator<CsvRow> {
  let line = 0;
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkedHeader(header, columns),
    info: true,
    skip_empty_lines: true,
    max_record_size: maxRowBytes,
    skip_records_with_error: onBadRow !== undefined,
    on_skip: (error) => {
      onBadRow?.(badRow(error));
      return undefined;
    },
  });
  const source = Readable.from(bytes, { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { info, record } of source.pipe(parser)) yield { line: (line = info.lines), cells: record };
  } catch (thrown) {
    throw thrown instanceof CsvError ? badRow(thrown) : cutOff(thrown, line + 1);
  }
}

function checkedHeader(header: string[], columns: readonly string[]): string[] {
  const missing = columns.filter((name) => !header.includes(name));
  if (missing.length === 0) return header;
  throw new TraceError(1, header.join(','), `a header with the column ${missing.join(', ')}`);
}

function badRow(error: CsvError | undefined): TraceError {
  const { lines, record } = (error ?? {}) as { readonly lines?: number; readonly record?: unknown };
  const why = error === undefined ? '' : ` (${error.message})`;
  return new TraceError(lines ?? 0, JSON.stringify(record ?? ''), `a row like the header says${why}`);
}

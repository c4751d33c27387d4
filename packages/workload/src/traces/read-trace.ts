/** A trace's records, whatever format it has: told by its head, or named. */
import { readAzureTrace } from './azure-trace.ts';
import { readCosTrace } from './cos-trace.ts';
import { type RegistryKey, readRegistryCsv, readRegistryJson } from './registry-trace.ts';
import { cutOff, unpacked } from './trace-lines.ts';
import { type OnBadRow, TraceError, type TraceRecord } from './trace-record.ts';
import { readTwitterTrace } from './twitter-trace.ts';

export const traceFormats = ['registry-csv', 'registry-json', 'cos', 'azure', 'twitter'] as const;

export type TraceFormat = (typeof traceFormats)[number];

export interface TraceOptions {
  /** Default: what the first line looks like. */
  readonly format?: TraceFormat;
  /** Of registry traces. Default `uri`. */
  readonly registryKey?: RegistryKey;
  /** Given: bad rows are left out and told to it, where the next row can be found. */
  readonly onBadRow?: OnBadRow;
}

/** Enough for any header. */
const headBytes = 4096;

/**
 * The records of a trace in their order; `bytes` may be gzip. Rejects with {@link TraceError} for a line that is not what
 * the format says, or a head that no format begins like.
 */
export async function* readTrace(
  bytes: AsyncIterable<Uint8Array>,
  { format, onBadRow, registryKey = 'uri' }: TraceOptions = {},
): AsyncGenerator<TraceRecord> {
  const pieces = unpacked(bytes);
  let head = Buffer.alloc(0);
  // What breaks before the head is whole is told when the rows before it have been read.
  let fault: Error | undefined;
  for (let isOver = false; !isOver && head.length < headBytes; ) {
    const piece = await pieces.next().catch((error: unknown) => {
      fault = error instanceof Error ? error : new Error(String(error));
    });
    if (piece === undefined || piece.done === true) isOver = true;
    else head = Buffer.concat([head, piece.value]);
  }
  if (fault !== undefined && head.length === 0) throw cutOff(fault, 1);
  const all = (async function* () {
    if (head.length > 0) yield head;
    if (fault !== undefined) throw fault;
    yield* pieces;
  })();
  if (head.length === 0) return;
  switch (format ?? formatOf(head.toString('utf8'))) {
    case 'registry-csv':
      return yield* readRegistryCsv(all, registryKey, onBadRow);
    case 'registry-json':
      return yield* readRegistryJson(all, registryKey, onBadRow);
    case 'cos':
      return yield* readCosTrace(all, onBadRow);
    case 'azure':
      return yield* readAzureTrace(all, onBadRow);
    case 'twitter':
      return yield* readTwitterTrace(all, onBadRow);
  }
}

function formatOf(head: string): TraceFormat {
  const line = /^[^\r\n]*/.exec(head)?.[0] ?? '';
  if (/^\s*[[{]/.test(head)) return 'registry-json';
  if (line.includes('http.request.uri')) return 'registry-csv';
  if (line.includes('AnonBlobETag')) return 'azure';
  if (/^\d+ REST\.[A-Z]+\.OBJECT /.test(line)) return 'cos';
  if (/^\d+,.+,\d+,\d+,[^,]*,[a-z]+,\d+$/.test(line)) return 'twitter';
  throw new TraceError(1, line, `the head of one of ${traceFormats.join(', ')}`);
}

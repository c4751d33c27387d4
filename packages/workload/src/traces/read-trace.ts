/** A trace's records, whatever format it has: told by its head, or named. */
import { readAzureTrace } from './azure-trace.ts';
import { readCosTrace } from './cos-trace.ts';
import { type RegistryKey, readRegistryCsv, readRegistryJson } from './registry-trace.ts';
import { unpacked } from './trace-lines.ts';
import { TraceError, type TraceRecord } from './trace-record.ts';
import { readTwitterTrace } from './twitter-trace.ts';

export const traceFormats = ['registry-csv', 'registry-json', 'cos', 'azure', 'twitter'] as const;

export type TraceFormat = (typeof traceFormats)[number];

export interface TraceOptions {
  /** Default: what the first line looks like. */
  readonly format?: TraceFormat;
  /** Of registry traces. Default `uri`. */
  readonly registryKey?: RegistryKey;
}

/** Enough for any header. */
const headBytes = 4096;

/**
 * The records of a trace in their order; `bytes` may be gzip. Rejects with {@link TraceError} for a line that is not what
 * the format says, or a head that no format begins like.
 */
export async function* readTrace(
  bytes: AsyncIterable<Uint8Array>,
  { format, registryKey = 'uri' }: TraceOptions = {},
): AsyncGenerator<TraceRecord> {
  const pieces = unpacked(bytes);
  let head = Buffer.alloc(0);
  for (let isOver = false; !isOver && head.length < headBytes; ) {
    const { done, value } = await pieces.next();
    if (done === true) isOver = true;
    else head = Buffer.concat([head, value]);
  }
  const all = (async function* () {
    if (head.length > 0) yield head;
    yield* pieces;
  })();
  if (head.length === 0) return;
  switch (format ?? formatOf(head.toString('utf8'))) {
    case 'registry-csv':
      return yield* readRegistryCsv(all, registryKey);
    case 'registry-json':
      return yield* readRegistryJson(all, registryKey);
    case 'cos':
      return yield* readCosTrace(all);
    case 'azure':
      return yield* readAzureTrace(all);
    case 'twitter':
      return yield* readTwitterTrace(all);
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

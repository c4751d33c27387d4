/** One request of a recorded workload, whatever format it was recorded in. */

export type TraceOperation = 'get' | 'put' | 'head' | 'delete' | 'copy';

export interface TraceRecord {
  /** Milliseconds since some beginning of the trace's own; never falls by much. */
  readonly atMs: number;
  readonly operation: TraceOperation;
  readonly key: string;
  /** Of the object, as far as the trace says; of a GET what was sent. */
  readonly sizeBytes?: number;
  /** The bytes that a GET asked for, `end` excluded; absent = all. */
  readonly range?: { readonly start: number; readonly end: number };
  readonly ttlSeconds?: number;
}

/** A line that cannot be what its format says. `message` names the line, its text and what was expected. */
export class TraceError extends Error {
  override name = 'TraceError';

  constructor(line: number, text: string, expected: string) {
    const shown = text.length > 120 ? `${text.slice(0, 120)}…` : text;
    super(`line ${line} of the trace is ${JSON.stringify(shown)}: expected ${expected}`);
  }
}

/** Takes note of a row that is left out because it is not what its format says. */
export type OnBadRow = (error: TraceError) => void;

/** A row's records; a bad row throws, or is left out where somebody takes note of it. */
export function rowRecords(onBadRow: OnBadRow | undefined, read: () => Iterable<TraceRecord>): readonly TraceRecord[] {
  try {
    return [...read()];
  } catch (error) {
    if (onBadRow === undefined || !(error instanceof TraceError)) throw error;
    onBadRow(error);
    return [];
  }
}

/** A whole number, 0 or above; `1234.0` is one. Undefined for anything else. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(\.0*)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

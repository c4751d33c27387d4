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

/** A whole number, 0 or above; `1234.0` is one. Undefined for anything else. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(\.0*)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * What a conversation is made of: inline command lines on a connection of its own, with keys that no other conversation
 * uses (`group:name`). SION and redis-server must answer each alike, byte for byte, or the line says what is compared
 * instead, and why.
 */

/** A line, or a line whose replies are not compared as they are. */
export type OracleLine = string | ComparedInPart | Difference;

/** Two servers cannot answer this alike, whatever they are: the client's id, a time. It is no difference of SION's. */
export interface ComparedInPart {
  readonly line: string;
  /** Integers that may differ by `within`, or only what `kind` of reply it is. */
  readonly compare: { readonly within: number } | 'kind';
  readonly why: string;
}

/** SION answers otherwise, and means to: `difference` says how, in the words of the compatibility table. */
export interface Difference {
  readonly line: string;
  readonly difference: string;
}

/** The lines of one connection, in their order. */
export type Conversation = readonly OracleLine[];

/** Only what kind of reply it is (`+`, `-`, `:`, `$` …) is compared. */
export function kind(line: string, why: string): OracleLine {
  return { line, compare: 'kind', why };
}

/** Both are integers, at most `within` apart. */
export function about(line: string, within: number): OracleLine {
  return { line, compare: { within }, why: 'time passes between the two servers' };
}

/** The replies must differ; when they no longer do, the explanation is out of date and the test says so. */
export function differs(line: string, difference: string): OracleLine {
  return { line, difference };
}

/**
 * What a conversation is made of: inline command lines on a connection of its own, with keys that no other conversation
 * uses (`group:name`). SION and redis-server must answer each alike, byte for byte, or the line says what is compared
 * instead, and why.
 */

/**
 * A line, or a line whose replies are not compared as they are. `{id}`, `{addr}`, `{laddr}` stand for what each server says
 * of this connection, `{other.id}` and so on for a second one.
 */
export type OracleLine = string | ComparedInPart | OnOther | Difference;

/** Two servers cannot answer this alike, whatever they are: the client's id, a time. It is no difference of SION's. */
export interface ComparedInPart {
  readonly line: string;
  readonly compare: Comparison;
  readonly why: string;
}

/**
 * What of two replies is compared: integers that may differ by `within`; only what `kind` of reply it is; their lines in
 * any order (`unordered`); these fields of lines of `name=value`; that there is none (`silence`); or all that comes until
 * the connection is closed (`end`), as a conversation's last line.
 */
export type Comparison =
  | { readonly within: number }
  | { readonly fields: readonly string[] }
  | 'kind'
  | 'unordered'
  | 'silence'
  | 'end';

/** A line of the second connection. */
export interface OnOther {
  readonly other: string;
  /** That connection was closed: nothing comes any more. */
  readonly isClosed?: boolean;
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

/** The same lines, in an order that each server has for itself. */
export function unordered(line: string): OracleLine {
  return { line, compare: 'unordered', why: 'each server has an order of its own' };
}

/** These fields of lines of `name=value`; in others the servers cannot agree. */
export function fields(line: string, names: readonly string[], why: string): OracleLine {
  return { line, compare: { fields: names }, why };
}

/** Neither server answers. The next line's reply tells. */
export function silent(line: string): OracleLine {
  return { line, compare: 'silence', why: 'the client wants no reply' };
}

/** All that comes until both have closed the connection. */
export function last(line: string): OracleLine {
  return { line, compare: 'end', why: 'the connection is closed' };
}

/** The command line itself. */
export function textOf(line: OracleLine): string {
  if (typeof line === 'string') return line;
  return 'other' in line ? line.other : line.line;
}

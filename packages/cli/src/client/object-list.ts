/**
 * The listing of objects, page by page: whoever reads it sees one stream of entries, and the next page is asked for only
 * when it is wanted. It must never hold more than a page.
 */
import { CliError } from '../cli-error.ts';
import { type Address, callHttp, fieldOf, readJson } from './http-call.ts';
import { nameOfBytes, type ObjectName } from './object-name.ts';

/** The most that the proxy gives at once. */
const pageEntries = 1_000;

export interface ListScope {
  /** Percent-encoded; empty = everything. */
  readonly prefix: ObjectName;
  readonly delimiter?: ObjectName;
  /** Entries in all; absent = all. */
  readonly limit?: number;
}

export type ListEntry =
  | {
      readonly kind: 'object';
      readonly name: ObjectName;
      readonly sizeBytes: number;
      /** ISO 8601. */
      readonly modified: string;
      /** ISO 8601; absent = never. */
      readonly expires?: string;
      /** As the proxy gave it, for programs. */
      readonly raw: unknown;
    }
  | { readonly kind: 'prefix'; readonly name: ObjectName; readonly raw: unknown };

/** Every entry of the scope: of each page the common prefixes and objects in the order of their keys. */
export async function* listObjects(
  http: Address,
  scope: ListScope,
  signal?: AbortSignal,
): AsyncGenerator<ListEntry, void, undefined> {
  let left = scope.limit ?? Number.POSITIVE_INFINITY;
  let after: string | undefined;
  while (left > 0) {
    const page = await fetchPage(http, scope, Math.min(left, pageEntries), after, signal);
    for (const entry of page.entries) {
      if (left <= 0) return;
      left -= 1;
      yield entry;
    }
    if (page.next === undefined) return;
    after = page.next;
  }
}

interface Page {
  readonly entries: readonly ListEntry[];
  readonly next?: string;
}

async function fetchPage(
  http: Address,
  { prefix, delimiter }: ListScope,
  limit: number,
  after: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Page> {
  const query = [
    `prefix=${prefix.encoded}`,
    ...(delimiter === undefined ? [] : [`delimiter=${delimiter.encoded}`]),
    ...(after === undefined ? [] : [`after=${encodeURIComponent(after)}`]),
    `limit=${limit}`,
  ];
  const answer = await callHttp(http, {
    method: 'GET',
    path: `/v1/objects?${query.join('&')}`,
    ...(signal === undefined ? {} : { signal }),
  });
  const body = await readJson(answer);
  const objects = arrayOf(fieldOf(body, 'objects')).map(objectOf);
  const prefixes = arrayOf(fieldOf(body, 'prefixes')).map(prefixOf);
  const next = fieldOf(body, 'next');
  const entries = [...prefixes, ...objects].sort((a, b) => compare(bytesOf(a), bytesOf(b)));
  return { entries, ...(typeof next === 'string' ? { next } : {}) };
}

function objectOf(raw: unknown): ListEntry {
  const [sizeBytes, modified, expires] = ['sizeBytes', 'modified', 'expires'].map((field) => fieldOf(raw, field));
  if (typeof sizeBytes !== 'number' || typeof modified !== 'string') throw strange();
  const name = nameOf(raw, 'key');
  return { kind: 'object', name, sizeBytes, modified, raw, ...(typeof expires === 'string' ? { expires } : {}) };
}

function prefixOf(raw: unknown): ListEntry {
  return { kind: 'prefix', name: nameOf(raw, 'prefix'), raw };
}

/** Text when it is UTF-8, else the bytes. */
function nameOf(raw: unknown, field: string): ObjectName {
  const [text, base64] = [fieldOf(raw, field), fieldOf(raw, `${field}Base64`)];
  if (typeof text === 'string') return nameOfBytes(Buffer.from(text, 'utf8'));
  if (typeof base64 === 'string') return nameOfBytes(Buffer.from(base64, 'base64'));
  throw strange();
}

function arrayOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw strange();
}

function strange(): CliError {
  return new CliError(1, 'The answer is no listing. Are the command and the proxy of the same release?');
}

function bytesOf({ name }: ListEntry): string {
  return name.encoded.replace(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

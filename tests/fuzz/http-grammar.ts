/**
 * HTTP answers as the fuzzer holds the server to them: one whole answer after the other, each with a head that can be
 * read, a body of the announced length, and, when it is a refusal, JSON with a known code. An answer to HEAD looks like
 * one whose body is missing, so both readings are tried where the input may have asked with HEAD.
 */
import { Fault } from './target.ts';

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface Answers {
  readonly answers: readonly Answer[];
  /** Bytes of an answer that is not whole. */
  readonly rest: number;
}

const maxHeadBytes = 20_000;
const statuses = new Set([
  ...[100, 200, 201, 204, 206, 304, 400, 404, 405, 408, 412, 413, 414, 415, 416, 417, 428, 431, 501, 503, 504, 507],
]);

/** Reads all of `bytes`; a {@link Fault} when no reading makes answers of them. */
export function readAnswers(bytes: Buffer, mayBeHead: boolean): Answers {
  const read = readFrom(bytes, 0, mayBeHead);
  if (typeof read === 'string') throw new Fault(read);
  return read;
}

function readFrom(bytes: Buffer, start: number, mayBeHead: boolean): Answers | string {
  if (start === bytes.length) return { answers: [], rest: 0 };
  const head = readHead(bytes, start);
  if (typeof head === 'string') return head;
  if (head === undefined) return { answers: [], rest: bytes.length - start };
  const { status, headers, end } = head;
  const bodiless = status < 200 || status === 204 || status === 304;
  const tries = bodiless ? [end] : [bodyEnd(bytes, end, headers), ...(mayBeHead ? [end] : [])];
  let why = '';
  let cut: Answers | undefined;
  for (const bodyStop of tries) {
    if (typeof bodyStop === 'string') {
      why = bodyStop;
      continue;
    }
    if (bodyStop === undefined) {
      cut ??= { answers: [], rest: bytes.length - start };
      continue;
    }
    const answer = { status, headers, body: bytes.subarray(end, bodyStop) };
    const wrong = wrongOf(answer, bodyStop === end && mayBeHead);
    const behind = wrong ?? readFrom(bytes, bodyStop, mayBeHead);
    if (typeof behind === 'string') why = behind;
    else return { answers: [answer, ...behind.answers], rest: behind.rest };
  }
  return cut ?? why;
}

interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly end: number;
}

function readHead(bytes: Buffer, start: number): Head | undefined | string {
  const stop = bytes.indexOf('\r\n\r\n', start, 'latin1');
  const shown = () => JSON.stringify(bytes.toString('latin1', start, start + 120));
  if (stop < 0) {
    const begin = bytes.toString('latin1', start, Math.min(bytes.length, start + 9));
    if (!'HTTP/1.1 '.startsWith(begin) || bytes.length - start > maxHeadBytes)
      return `no head of an answer: ${shown()}`;
    return undefined;
  }
  const [first = '', ...lines] = bytes.toString('latin1', start, stop).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) [ -~]+$/.exec(first)?.[1] ?? 0);
  if (status === 0) return `no status line: ${shown()}`;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~\x80-\xff]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return `no header: ${JSON.stringify(line)}`;
    headers.set(name.toLowerCase(), value);
  }
  return { status, headers, end: stop + 4 };
}

/** Where the body ends; undefined when it is not whole, text when its framing is broken. */
function bodyEnd(bytes: Buffer, start: number, headers: ReadonlyMap<string, string>): number | undefined | string {
  const length = headers.get('content-length');
  if (headers.get('transfer-encoding') === 'chunked') {
    if (length !== undefined) return 'an answer with a length and chunks';
    return chunksEnd(bytes, start);
  }
  if (length === undefined) return 'an answer whose end nobody can tell';
  if (!/^\d+$/.test(length)) return `a length of ${length}`;
  const end = start + Number(length);
  return end <= bytes.length ? end : undefined;
}

function chunksEnd(bytes: Buffer, start: number): number | undefined | string {
  for (let at = start; ; ) {
    const line = bytes.indexOf('\r\n', at, 'latin1');
    if (line < 0) return undefined;
    const size = bytes.toString('latin1', at, line);
    if (!/^[0-9a-fA-F]+$/.test(size)) return `a chunk of size ${JSON.stringify(size)}`;
    const end = line + 2 + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return undefined;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') return 'a chunk that does not end';
    at = end + 2;
    if (size === '0') return at;
  }
}

function wrongOf({ status, headers, body }: Answer, mayLackBody: boolean): string | undefined {
  if (!statuses.has(status)) return `status ${status}: ${body.toString('latin1', 0, 300)}`;
  if (status < 400 || (mayLackBody && body.length === 0)) return undefined;
  if (!headers.get('content-type')?.startsWith('application/json')) return `a refusal of ${status} that is no JSON`;
  try {
    const { error, state } = JSON.parse(body.toString('utf8')) as {
      error?: { code?: unknown; message?: unknown; requestId?: unknown };
      state?: unknown;
    };
    if (state !== undefined) return undefined;
    const whole = [error?.code, error?.message, error?.requestId].every(
      (text) => typeof text === 'string' && text !== '',
    );
    return whole ? undefined : `a refusal without code, message or id: ${body.toString('utf8')}`;
  } catch {
    return `a refusal that is no JSON: ${body.toString('latin1', 0, 300)}`;
  }
}

/**
 * The two grammars of RESP as the fuzzer holds the server to them, written down a second time and plainly: how many
 * requests there are in some bytes, and where each reply ends. It must share no code with what it judges.
 */
import { Fault } from './target.ts';

/** What a server has to make of some bytes. */
export interface Requests {
  /** Names of the commands in order, in lower case. */
  readonly names: readonly string[];
  /** How it goes on behind them. */
  readonly end: 'complete' | 'within a request' | 'broken';
}

export interface RequestLimits {
  readonly maxArguments: number;
  readonly maxValueBytes: number;
  readonly maxLineBytes: number;
}

/** Splits whole bytes into requests. */
export function readRequests(bytes: Buffer, limits: RequestLimits): Requests {
  const names: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const request = bytes[at] === 0x2a ? readArray(bytes, at, limits) : readInline(bytes, at, limits);
    if (typeof request === 'string') return { names, end: request };
    if (request.name !== undefined) names.push(request.name.toLowerCase());
    at = request.end;
  }
  return { names, end: at > bytes.length ? 'within a request' : 'complete' };
}

type Read = { readonly name: string | undefined; readonly end: number } | 'within a request' | 'broken';

function readArray(bytes: Buffer, start: number, limits: RequestLimits): Read {
  const count = readNumber(bytes, start + 1, limits);
  if (typeof count === 'string') return count;
  if (count.value === undefined || count.value > limits.maxArguments) return 'broken';
  if (count.value <= 0) return { name: undefined, end: count.end };
  let name: string | undefined;
  let at = count.end;
  for (let missing = count.value; missing > 0; missing--) {
    if (at >= bytes.length) return 'within a request';
    if (bytes[at] !== 0x24) return 'broken';
    const length = readNumber(bytes, at + 1, limits);
    if (typeof length === 'string') return length;
    if (length.value === undefined || length.value < 0 || length.value > limits.maxValueBytes) return 'broken';
    name ??= bytes.toString('latin1', length.end, length.end + length.value);
    at = length.end + length.value + 2;
  }
  return at > bytes.length ? 'within a request' : { name, end: at };
}

/** A decimal up to its carriage return and the byte behind that, which nobody looks at. */
function readNumber(
  bytes: Buffer,
  start: number,
  { maxLineBytes }: RequestLimits,
): { readonly value: number | undefined; readonly end: number } | 'within a request' | 'broken' {
  const end = bytes.indexOf(0x0d, start);
  if ((end < 0 ? bytes.length : end) - start > maxLineBytes) return 'broken';
  if (end < 0 || end + 2 > bytes.length) return 'within a request';
  const text = bytes.toString('latin1', start, end);
  return { value: /^(0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined, end: end + 2 };
}

function readInline(bytes: Buffer, start: number, { maxLineBytes }: RequestLimits): Read {
  const end = bytes.indexOf(0x0a, start);
  if ((end < 0 ? bytes.length : end) - start > maxLineBytes) return 'broken';
  if (end < 0) return 'within a request';
  const line = bytes.toString('latin1', start, end).replace(/\r$/, '');
  const words = splitWords(line);
  return words === undefined ? 'broken' : { name: words[0], end: end + 1 };
}

const blank = /^[ \n\r\t\v\f]+/;
/** Plain bytes of a word; only four kinds of blanks end it. */
const plain = /^[^ \n\r\t\0"']+/;
const quoted = /^(?:"((?:\\[^\0]|[^"\\\0])*)"|'((?:\\'|[^'\0])*?)')(?=[ \n\r\t\v\f\0]|$)/;

/** As Redis splits a line, which a zero byte ends; undefined when its quotes are unbalanced. */
function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let rest = line.replace(blank, '');
  while (rest !== '' && !rest.startsWith('\0')) {
    const run = plain.exec(rest)?.[0] ?? '';
    rest = rest.slice(run.length);
    const quotes = quoted.exec(rest);
    if (quotes === null && /^["']/.test(rest)) return undefined;
    words.push(run + (quotes?.[1] ?? quotes?.[2] ?? ''));
    rest = rest.slice(quotes?.[0].length ?? 0).replace(blank, '');
  }
  return words;
}

/** One reply's place; undefined when it is not whole yet. Throws a {@link Fault} when it is none. */
export function replyEnd(bytes: Buffer, start: number, depth = 0): number | undefined {
  const line = bytes.indexOf('\r\n', start, 'latin1');
  if (line < 0) {
    if (bytes.length - start > 70_000) throw new Fault('a reply’s first line does not end');
    return undefined;
  }
  const kind = String.fromCharCode(bytes[start] ?? 0);
  const text = bytes.toString('latin1', start + 1, line);
  const after = line + 2;
  const wrong = (): never => {
    throw new Fault(`no reply: ${JSON.stringify(bytes.toString('latin1', start, start + 80))}`);
  };
  if (depth > 32) return wrong();
  if ('+-'.includes(kind)) return /[\r\n]/.test(text) || text === '' ? wrong() : after;
  if (kind === ':') return /^-?\d+$/.test(text) ? after : wrong();
  if (kind === ',') return /^-?(\d+(\.\d+)?(e[+-]?\d+)?|inf|nan)$/.test(text) ? after : wrong();
  if (kind === '#') return /^[tf]$/.test(text) ? after : wrong();
  if (kind === '_') return text === '' ? after : wrong();
  if (kind === '(') return /^-?\d+$/.test(text) ? after : wrong();
  if (!/^(-1|\d+)$/.test(text)) return wrong();
  const count = Number(text);
  if ('$='.includes(kind)) {
    if (count < 0) return after;
    const end = after + count;
    if (bytes.length < end + 2) return undefined;
    return bytes.toString('latin1', end, end + 2) === '\r\n' ? end + 2 : wrong();
  }
  if (!'*~%>'.includes(kind)) return wrong();
  return elementsEnd(bytes, after, kind === '%' ? count * 2 : Math.max(0, count), depth);
}

function elementsEnd(bytes: Buffer, start: number, count: number, depth: number): number | undefined {
  let end: number | undefined = start;
  for (let element = 0; element < count && end !== undefined; element++) end = replyEnd(bytes, end, depth + 1);
  return end;
}

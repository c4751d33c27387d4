/**
 * The flat objects of a JSON array, or of lines of JSON, one at a time, so that a large file need not fit into memory. It
 * only finds where each object ends; the parsing is `JSON.parse`.
 */
import { cutOff } from './trace-lines.ts';
import { TraceError } from './trace-record.ts';

export interface NumberedObject {
  /** From 1. */
  readonly number: number;
  readonly value: Readonly<Record<string, unknown>>;
}

const maxObjectChars = 1024 * 1024;

/** Rejects with {@link TraceError} for what is no object, or longer than a mebibyte. */
export async function* jsonObjects(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<NumberedObject> {
  const decoder = new TextDecoder();
  let [text, number] = ['', 0];
  for await (const piece of toldWithLine(bytes, () => number + 1)) {
    text += decoder.decode(piece, { stream: true });
    for (let span = firstObject(text); span !== undefined; span = firstObject(text)) {
      yield { number: ++number, value: parseObject(text.slice(span.start, span.end), number) };
      text = text.slice(span.end);
    }
    if (text.length > maxObjectChars) throw new TraceError(number + 1, text, `an object of at most ${maxObjectChars}`);
  }
  if (/[^\s,[\]]/.test(text)) throw new TraceError(number + 1, text.trim(), 'a whole JSON object');
}

async function* toldWithLine(bytes: AsyncIterable<Uint8Array>, line: () => number): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw cutOff(error, line());
  }
}

/** From its brace to the matching one; undefined while it is not whole. */
function firstObject(text: string): { readonly start: number; readonly end: number } | undefined {
  const start = text.indexOf('{');
  let [depth, inString] = [0, false];
  for (let at = start; at !== -1 && at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return { start, end: at + 1 };
  }
  return undefined;
}

function parseObject(text: string, number: number): Readonly<Record<string, unknown>> {
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text)));
  } catch {
    throw new TraceError(number, text, 'a JSON object');
  }
}

/**
 * Inline commands: what a person types into a raw connection, one line of words. Words follow Redis's quoting
 * (`sdssplitargs`): double quotes with \xHH, \n, \r, \t, \b, \a and \<char>, single quotes with \' only; a closing
 * quote must be followed by white space or the end.
 */

const quote = 0x22;
const apostrophe = 0x27;
const backslash = 0x5c;
const escapes = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);

/** The words of a line, without its line end, each with its own bytes; undefined when its quotes are unbalanced. */
export function splitInline(line: Uint8Array): Buffer[] | undefined {
  // Redis reads the line as a C string: a NUL ends it.
  const nul = line.indexOf(0);
  const text = nul < 0 ? line : line.subarray(0, nul);
  const words: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text[at])) at += 1;
    if (at >= text.length) return words;
    const word = readWord(text, at);
    if (word === undefined) return undefined;
    words.push(word.bytes);
    at = word.end;
  }
}

interface Word {
  readonly bytes: Buffer;
  readonly end: number;
}

function readWord(text: Uint8Array, start: number): Word | undefined {
  const bytes: number[] = [];
  let at = start;
  while (at < text.length && !endsWord(text[at])) {
    const byte = text[at] ?? 0;
    if (byte === quote || byte === apostrophe) {
      const end = byte === quote ? readQuoted(text, at + 1, bytes) : readLiteral(text, at + 1, bytes);
      if (end === undefined || (end < text.length && !isSpace(text[end]))) return undefined;
      at = end;
      break;
    }
    bytes.push(byte);
    at += 1;
  }
  return { bytes: Buffer.from(bytes), end: at };
}

/** Reads up to the closing double quote into `bytes`; the position behind it, or undefined without one. */
function readQuoted(text: Uint8Array, start: number, bytes: number[]): number | undefined {
  let at = start;
  while (at < text.length) {
    const byte = text[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte !== backslash || at + 1 >= text.length) {
      bytes.push(byte);
      at += 1;
      continue;
    }
    const escaped = text[at + 1] ?? 0;
    const high = hexValue(text[at + 2]);
    const low = hexValue(text[at + 3]);
    if (escaped === 0x78 && high !== undefined && low !== undefined) {
      bytes.push(high * 16 + low);
      at += 4;
    } else {
      bytes.push(escapes.get(escaped) ?? escaped);
      at += 2;
    }
  }
  return undefined;
}

function readLiteral(text: Uint8Array, start: number, bytes: number[]): number | undefined {
  let at = start;
  while (at < text.length) {
    const byte = text[at] ?? 0;
    if (byte === apostrophe) return at + 1;
    if (byte === backslash && text[at + 1] === apostrophe) at += 1;
    bytes.push(text[at] ?? 0);
    at += 1;
  }
  return undefined;
}

/** Redis skips six kinds of white space between words, but only these three end one. */
function endsWord(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function hexValue(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? undefined : value;
}

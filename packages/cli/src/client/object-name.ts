/**
 * Names of objects as people type and read them. A key is bytes. On the command line it is text, or percent-encoded with
 * `--encoded`, which can say every key. It is shown as it is when a terminal shows it unmistakably, else in the shell's
 * own quoting, `$'a\x00b'`: what is shown can be typed.
 */
import { CliError } from '../cli-error.ts';

/** An object, for the proxy and for people. */
export interface ObjectName {
  /** Its key, percent-encoded: `/` and unreserved characters stand for themselves. */
  readonly encoded: string;
  readonly shown: string;
}

/** What would be invisible, move the cursor, turn the direction of the text, or be taken for a quoted name. */
const mistakable = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}|^ | $|^\$'|^$/u;

/** The name of a key typed as text. */
export function nameOfText(text: string): ObjectName {
  return nameOfBytes(Buffer.from(text, 'utf8'));
}

/** The name of a key typed percent-encoded; refuses with exit code 2 what no encoding gives. */
export function nameOfEncoded(encoded: string): ObjectName {
  const broken = /%(?![0-9A-Fa-f]{2})/.exec(encoded);
  if (broken !== null) {
    const sequence = encoded.slice(broken.index, broken.index + 3);
    throw new CliError(
      2,
      `"${sequence}" is no percent-encoding. After "%" come two hexadecimal digits; a "%" itself is %25.`,
    );
  }
  const latin1 = Buffer.from(encoded, 'utf8').toString('latin1');
  const key = latin1.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return nameOfBytes(Buffer.from(key, 'latin1'));
}

export function nameOfBytes(key: Buffer): ObjectName {
  const encoded = key
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9\-._~/]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
  return { encoded, shown: showKey(key) };
}

/** Where the proxy serves the object. */
export function objectPath(name: ObjectName): string {
  return `/v1/objects/${name.encoded}`;
}

function showKey(key: Buffer): string {
  const text = key.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(key)) {
    if (!mistakable.test(text)) return text;
    return quoted(
      Array.from(text).map((character) =>
        mistakable.test(character) && character !== ' ' ? hex(character) : escaped(character),
      ),
    );
  }
  return quoted(
    Array.from(key.toString('latin1')).map((byte) =>
      /[\x20-\x7e]/.test(byte) ? escaped(byte) : hexByte(byte.charCodeAt(0)),
    ),
  );
}

function quoted(characters: readonly string[]): string {
  return `$'${characters.join('')}'`;
}

function escaped(character: string): string {
  return character === '\\' || character === "'" ? `\\${character}` : character;
}

function hex(character: string): string {
  return [...Buffer.from(character, 'utf8')].map(hexByte).join('');
}

function hexByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/**
 * What the fuzzer sends: parts, each written on one of a few streams, and how the sender leaves afterwards. An input is
 * made from whole messages of the corpus, or fresh ones, that are mutated, spliced, repeated and cut anywhere; it is kept
 * in the corpus as a file that says why it is there. It must never depend on anything but the choices of fast-check, so
 * that a seed gives the same bytes again.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';

/** Bytes that are written at once. */
export interface Part {
  /** Which of the sender's connections; 0 where there is one only. */
  readonly stream: number;
  readonly bytes: Buffer;
}

/** How a sender leaves: when it has its answers, when it has sent, or in the middle of everything. */
export const leavings = ['answered', 'half-closed', 'cut'] as const;
export type Leaving = (typeof leavings)[number];

export interface FuzzInput {
  readonly parts: readonly Part[];
  readonly leaving: Leaving;
  /** Whole messages as they are in the corpus: a target may expect exactly their answers. */
  readonly isWhole: boolean;
}

/** An input with what it is there for. */
export interface CorpusEntry extends FuzzInput {
  readonly name: string;
  readonly why: string;
}

interface CorpusFile {
  readonly why: string;
  readonly leaving: Leaving;
  readonly isWhole?: boolean;
  /** `stream bytes`, the bytes in latin-1 or hexadecimal as `encoding` says. */
  readonly encoding: 'latin1' | 'hex';
  readonly parts: readonly (string | { readonly stream: number; readonly bytes: string })[];
}

const corpusFolder = fileURLToPath(new URL('corpus', import.meta.url));

export function readCorpus(target: string): readonly CorpusEntry[] {
  const folder = join(corpusFolder, target);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const file = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CorpusFile;
    const parts = file.parts.map((part) => {
      const { stream, bytes } = typeof part === 'string' ? { stream: 0, bytes: part } : part;
      return { stream, bytes: Buffer.from(bytes, file.encoding) };
    });
    return { name: name.slice(0, -5), why: file.why, leaving: file.leaving, isWhole: file.isWhole === true, parts };
  });
}

/** Keeps an input; gives the file's name. The same input twice is one file. */
export function keepInput(target: string, input: FuzzInput, why: string, name = 'found'): string {
  const isText = input.parts.every(({ bytes }) => bytes.every((byte) => byte < 0x7f));
  const encoding = isText || target === 'resp' || target === 'http' ? 'latin1' : 'hex';
  const file: CorpusFile = {
    why,
    leaving: input.leaving,
    ...(input.isWhole ? { isWhole: true } : {}),
    encoding,
    parts: input.parts.map(({ stream, bytes }) =>
      stream === 0 ? bytes.toString(encoding) : { stream, bytes: bytes.toString(encoding) },
    ),
  };
  const text = `${JSON.stringify(file, null, 2)}\n`;
  const hash = createHash('sha256').update(JSON.stringify(file.parts)).digest('hex').slice(0, 8);
  const path = join(corpusFolder, target, name === 'found' ? `found-${hash}.json` : `${name}.json`);
  mkdirSync(join(corpusFolder, target), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** An input as text for people. */
export function shown(input: FuzzInput): string {
  const parts = input.parts.map(({ stream, bytes }) => {
    const text = JSON.stringify(bytes.toString('latin1', 0, 400));
    return `  ${stream}: ${text}${bytes.length > 400 ? ` … ${bytes.length} bytes` : ''}`;
  });
  return `${parts.join('\n')}\n  then ${input.leaving}`;
}

/** What an input is made from. */
export interface Material {
  /** Whole valid messages. */
  readonly messages: readonly Part[];
  /** What nearly every conversation begins with, since without it nothing else is heard. */
  readonly opening?: readonly Part[];
  /** Messages that follow the grammar. */
  readonly fresh: fc.Arbitrary<Part>;
  /** Bytes that mean something in this grammar. */
  readonly words: readonly Buffer[];
  /** Numbers are written as text, or as 2, 4 or 6 bytes. */
  readonly numbers: 'text' | 'binary';
}

type Edit = (bytes: Buffer) => Buffer;

const place = fc.integer({ min: 0, max: 1_000_000 });

/** `at` of a million, in these bytes. */
function positionIn(bytes: Buffer, at: number): number {
  return Math.floor((at / 1_000_001) * (bytes.length + 1));
}

function spliced(bytes: Buffer, start: number, end: number, between: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), between, bytes.subarray(end)]);
}

const textNumbers = ['0', '-1', '-0', '00', '1', '2', '3', '+1', '1e3', '', '-', '127', '65536', '1048577'];
const hugeNumbers = ['536870912', '536870913', '2147483648', '4294967296', '9223372036854775807', '9'.repeat(400)];

function editsOf(material: Material): fc.Arbitrary<Edit> {
  const edits: fc.Arbitrary<Edit>[] = [
    fc.tuple(place, fc.nat(255)).map(([at, value]) => (bytes) => {
      const start = positionIn(bytes, at);
      return spliced(bytes, start, start + 1, Buffer.from([value]));
    }),
    fc.tuple(place, fc.nat(7)).map(([at, bit]) => (bytes) => {
      const copy = Buffer.from(bytes);
      const start = Math.min(positionIn(bytes, at), bytes.length - 1);
      if (start >= 0) copy[start] = (copy[start] ?? 0) ^ (1 << bit);
      return copy;
    }),
    fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 12 })).map(([at, inserted]) => (bytes) => {
      const start = positionIn(bytes, at);
      return spliced(bytes, start, start, inserted);
    }),
    fc.tuple(place, fc.constantFrom(...material.words)).map(([at, word]) => (bytes) => {
      const start = positionIn(bytes, at);
      return spliced(bytes, start, start, word);
    }),
    fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(([at, length]) => (bytes) => {
      const start = positionIn(bytes, at);
      return spliced(bytes, start, start + length, Buffer.alloc(0));
    }),
    place.map((at) => (bytes) => bytes.subarray(0, positionIn(bytes, at))),
    fc.tuple(place, place, fc.integer({ min: 1, max: 300 })).map(([at, from, length]) => (bytes) => {
      const [start, source] = [positionIn(bytes, at), positionIn(bytes, from)];
      return spliced(bytes, start, start, bytes.subarray(source, source + length));
    }),
  ];
  return fc.oneof(...edits, material.numbers === 'text' ? textNumberEdit : binaryNumberEdit);
}

/** Replaces one of the decimals. */
const textNumberEdit: fc.Arbitrary<Edit> = fc
  .tuple(place, fc.constantFrom(...textNumbers, ...textNumbers, ...hugeNumbers))
  .map(([at, text]) => (bytes) => {
    const found = [...bytes.toString('latin1').matchAll(/-?\d+/g)];
    const chosen = found[Math.floor((at / 1_000_001) * found.length)];
    if (chosen === undefined) return bytes;
    return spliced(bytes, chosen.index, chosen.index + chosen[0].length, Buffer.from(text));
  });

const binaryNumbers = ['0000', '0001', 'ffff', '7fffffff', 'ffffffff', '00000001', '01000000', '000000ffffff', '00'];

/** Replaces bytes where a number may stand; the header of a frame more often than the rest. */
const binaryNumberEdit: fc.Arbitrary<Edit> = fc
  .tuple(fc.oneof(fc.constantFrom(0, 1, 2, 4, 8, 12), fc.nat(80)), fc.constantFrom(...binaryNumbers))
  .map(([at, hex]) => (bytes) => {
    const written = Buffer.from(hex, 'hex');
    return at > bytes.length ? bytes : spliced(bytes, at, at + written.length, written);
  });

/** Inputs: messages, some of them edited, repeated or reordered, then cut anywhere. */
export function inputsOf(material: Material): fc.Arbitrary<FuzzInput> {
  const message = fc.oneof(fc.constantFrom(...material.messages), material.fresh);
  const edited = fc
    .tuple(message, fc.array(editsOf(material), { maxLength: 3 }), fc.integer({ min: 1, max: 3 }))
    .map(([{ stream, bytes }, edits, times]) => {
      const once = edits.reduce((changed, edit) => edit(changed), bytes);
      return { stream, bytes: times < 3 ? once : Buffer.concat([once, once]) };
    });
  const whole = fc.array(message, { minLength: 1, maxLength: 8 }).map((parts) => ({ parts, isWhole: true }));
  const broken = fc
    .tuple(fc.array(message, { maxLength: 5 }), fc.array(edited, { minLength: 1, maxLength: 5 }))
    .map(([before, after]) => ({ parts: [...before, ...after], isWhole: false }));
  const cuts = fc.oneof(
    { weight: 3, arbitrary: fc.array(place, { maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constant('every byte' as const) },
  );
  const opening = fc.integer({ min: 0, max: 9 }).map((chance) => (chance === 0 ? [] : (material.opening ?? [])));
  const leaving = fc.constantFrom(...leavings, 'answered' as const);
  return fc
    .tuple(opening, fc.oneof({ weight: 1, arbitrary: whole }, { weight: 3, arbitrary: broken }), cuts, leaving)
    .map(([first, { parts, isWhole }, at, left]) => ({
      parts: cutParts(joinNeighbours([...first, ...parts]), at),
      leaving: left,
      isWhole,
    }));
}

/** Messages that follow each other on a stream are one write, unless a cut falls between. */
function joinNeighbours(parts: readonly Part[]): readonly Part[] {
  const joined: { stream: number; pieces: Buffer[] }[] = [];
  for (const { stream, bytes } of parts) {
    const last = joined.at(-1);
    if (last?.stream === stream) last.pieces.push(bytes);
    else joined.push({ stream, pieces: [bytes] });
  }
  return joined.map(({ stream, pieces }) => ({ stream, bytes: Buffer.concat(pieces) }));
}

/** Longer inputs are not sent byte by byte. */
const maxSingleBytes = 600;

function cutParts(parts: readonly Part[], cuts: readonly number[] | 'every byte'): readonly Part[] {
  const total = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const everyByte = cuts === 'every byte' && total <= maxSingleBytes;
  return parts.flatMap(({ stream, bytes }) => {
    const inner = everyByte
      ? [...bytes.keys()]
      : cuts === 'every byte'
        ? []
        : cuts.map((at) => positionIn(bytes, at)).sort((a, b) => a - b);
    const ends = [...inner, bytes.length];
    let start = 0;
    const pieces: Part[] = [];
    for (const end of ends) {
      if (end > start) pieces.push({ stream, bytes: bytes.subarray(start, end) });
      start = Math.max(start, end);
    }
    return pieces;
  });
}

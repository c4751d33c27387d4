/**
 * Payloads: the bytes that tests and the load generator write, and recognise when they read. A payload follows from key,
 * version and size alone, so nothing has to be remembered, any part can be made without the parts before it, and bytes
 * of another key, version, size or place are told from the right ones. It never holds a whole payload unless asked.
 *
 * Byte 4n … 4n+3 are one 32-bit word, lowest byte first: a mix of the word's position and of a seed that changes with
 * each stretch of 4 MiB, because positions beyond 32 bits would repeat.
 */
import { hashText, mixWord } from './seeded-random.ts';

/** Which payload. */
export interface PayloadName {
  readonly key: string;
  /** A counter, or any text. */
  readonly version: number | string;
  readonly sizeBytes: number;
}

/** The whole payload as fresh memory. */
export function payloadOf(key: string, version: number | string, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  new Payload({ key, version, sizeBytes }).fill(bytes, 0);
  return bytes;
}

/** The first wrong byte of something that was read. */
export interface WrongByte {
  /** In the payload. When bytes are missing or too many, where they should have gone on or ended. */
  readonly offset: number;
  /** Undefined beyond the end of the payload. */
  readonly expected: number | undefined;
  /** Undefined beyond the end of what was read. */
  readonly actual: number | undefined;
}

/** One payload, made piece by piece. */
export class Payload {
  readonly name: PayloadName;
  readonly sizeBytes: number;
  readonly #seed: number;
  readonly #otherSeed: number;

  constructor(name: PayloadName) {
    const { key, version, sizeBytes } = name;
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      throw new RangeError(`a payload's size must be a whole number from 0, got ${sizeBytes}`);
    }
    this.name = name;
    this.sizeBytes = sizeBytes;
    const text = JSON.stringify([key, String(version), sizeBytes]);
    this.#seed = hashText(text, 0x13198a2e);
    this.#otherSeed = hashText(text, 0x03707344);
  }

  /** Fills `target` with the payload's bytes from `offset` on; throws `RangeError` beyond its end. */
  fill(target: Uint8Array, offset: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + target.length > this.sizeBytes) {
      const end = offset + target.length;
      throw new RangeError(`bytes [${offset}, ${end}) are outside a payload of ${this.sizeBytes} bytes`);
    }
    for (let at = 0; at < target.length; ) {
      const stretch = Math.floor((offset + at) / stretchBytes);
      const inStretch = (offset + at) % stretchBytes;
      const length = Math.min(target.length - at, stretchBytes - inStretch);
      this.#fillStretch(target.subarray(at, at + length), stretch, inStretch);
      at += length;
    }
  }

  /** Bytes [start, end) as fresh memory. */
  slice(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, end - start));
    this.fill(bytes, start);
    return bytes;
  }

  /** Bytes [start, end) in order, each piece fresh memory of `pieceBytes` but for a shorter last one. */
  *pieces(pieceBytes = 256 * 1024, start = 0, end = this.sizeBytes): Generator<Uint8Array> {
    for (let at = start; at < end; at += pieceBytes) yield this.slice(at, Math.min(at + pieceBytes, end));
  }

  /** The first of `bytes`, which should be the payload's from `offset` on, that is wrong; undefined when none is. */
  check(bytes: Uint8Array, offset = 0): WrongByte | undefined {
    const verifier = new PayloadVerifier(this, offset);
    verifier.add(bytes);
    return verifier.wrong;
  }

  #fillStretch(target: Uint8Array, stretch: number, from: number): void {
    const low = mixWord(this.#seed ^ mixWord(stretch));
    const high = mixWord(this.#otherSeed + stretch);
    const head = Math.min(target.length, (4 - (from & 3)) & 3);
    fillBytes(target.subarray(0, head), from, low, high);
    const body = (target.length - head) & ~3;
    const bodyTarget = target.subarray(head, head + body);
    if (isLittleEndian && (bodyTarget.byteOffset & 3) === 0) {
      fillWords(new Int32Array(bodyTarget.buffer, bodyTarget.byteOffset, body / 4), (from + head) / 4, low, high);
    } else {
      fillBytes(bodyTarget, from + head, low, high);
    }
    fillBytes(target.subarray(head + body), from + head + body, low, high);
  }
}

/** Compares what is read, piece by piece, with a payload or with a part of it. */
export class PayloadVerifier {
  readonly #payload: Payload;
  readonly #end: number;
  readonly #expected = new Uint8Array(64 * 1024);
  #at: number;
  #wrong: WrongByte | undefined;

  /** Expects bytes [start, end) of the payload, by default all of it. */
  constructor(payload: Payload, start = 0, end: number = payload.sizeBytes) {
    this.#payload = payload;
    this.#at = start;
    this.#end = end;
  }

  /** The first wrong byte so far. */
  get wrong(): WrongByte | undefined {
    return this.#wrong;
  }

  /** Takes the next piece; after a wrong byte nothing is looked at any more. */
  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length && this.#wrong === undefined; ) {
      if (this.#at >= this.#end) {
        this.#wrong = { offset: this.#end, expected: undefined, actual: bytes[from] };
        return;
      }
      const length = Math.min(bytes.length - from, this.#end - this.#at, this.#expected.length);
      this.#compare(bytes.subarray(from, from + length));
      from += length;
      this.#at += length;
    }
  }

  /** Says that all was read; gives the first wrong byte, missing ones included. */
  finish(): WrongByte | undefined {
    if (this.#wrong === undefined && this.#at < this.#end) {
      const [expected] = this.#payload.slice(this.#at, this.#at + 1);
      this.#wrong = { offset: this.#at, expected, actual: undefined };
    }
    return this.#wrong;
  }

  #compare(bytes: Uint8Array): void {
    const expected = this.#expected.subarray(0, bytes.length);
    this.#payload.fill(expected, this.#at);
    if (Buffer.compare(expected, bytes) === 0) return;
    const at = bytes.findIndex((byte, index) => byte !== expected[index]);
    this.#wrong = { offset: this.#at + at, expected: expected[at], actual: bytes[at] };
  }
}

const stretchBytes = 4 * 1024 * 1024;

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The word at a position of a stretch with these seeds. Written out again in {@link fillWords}, for speed. */
function wordAt(position: number, low: number, high: number): number {
  return mixWord(low + Math.imul(position, 0x9e3779b9)) ^ high;
}

function fillWords(words: Int32Array, position: number, low: number, high: number): void {
  let step = (low + Math.imul(position, 0x9e3779b9)) | 0;
  for (let at = 0; at < words.length; at++) {
    let mixed = step ^ (step >>> 16);
    mixed = Math.imul(mixed, 0x7feb352d);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x846ca68b);
    words[at] = mixed ^ (mixed >>> 16) ^ high;
    step = (step + 0x9e3779b9) | 0;
  }
}

function fillBytes(target: Uint8Array, from: number, low: number, high: number): void {
  for (let at = 0; at < target.length; at++) {
    const offset = from + at;
    target[at] = wordAt(offset >>> 2, low, high) >>> (8 * (offset & 3));
  }
}

/**
 * Writes a frame's header and head into one buffer that grows as needed. Numbers are big-endian. A value that does not
 * fit its field is the caller's mistake and throws; nothing is cut silently but texts for people.
 */
import { SionError } from '../errors.ts';
import { frameHeaderBytes, maxHeadBytes } from './limits.ts';

/** Most heads are shorter than this less the header; longer ones double it. */
const firstBytes = 96;

/** One per frame; the header's room is kept free at the start. */
export class HeadWriter {
  #buffer = Buffer.allocUnsafe(firstBytes);
  #end = frameHeaderBytes;

  /** Bytes of the head so far. */
  get headBytes(): number {
    return this.#end - frameHeaderBytes;
  }

  u8(value: number): void {
    const at = this.#extend(1);
    this.#buffer.writeUInt8(value, at);
  }

  u16(value: number): void {
    const at = this.#extend(2);
    this.#buffer.writeUInt16BE(value, at);
  }

  u32(value: number): void {
    const at = this.#extend(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  u48(value: number): void {
    const at = this.#extend(6);
    this.#buffer.writeUIntBE(value, at, 6);
  }

  /** One of a fixed list of words, as a u8: its position. */
  choice<T extends string>(words: readonly T[], value: T): void {
    const position = words.indexOf(value);
    if (position < 0) throw new SionError('internal', `link protocol: ${value} is none of ${words.join(', ')}`);
    this.u8(position);
  }

  /** A flag as a u8, 0 or 1. */
  flag(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** A u16 length, then UTF-8. Throws when `value` is longer than `maxBytes` or not well-formed. */
  text(value: string, maxBytes: number, what: string): void {
    const length = Buffer.byteLength(value);
    if (length > maxBytes) {
      throw new SionError('invalid', `link protocol: ${what} has ${length} bytes, the limit is ${maxBytes}`);
    }
    if (!value.isWellFormed()) throw new SionError('invalid', `link protocol: ${what} is not well-formed Unicode`);
    this.u16(length);
    const at = this.#extend(length);
    this.#buffer.write(value, at, length, 'utf8');
  }

  /** A text for people: mended where it is not well-formed, cut at a character after `maxBytes`. */
  reason(value: string, maxBytes: number): void {
    const bytes = Buffer.from(value.toWellFormed());
    let length = Math.min(bytes.length, maxBytes);
    if (length < bytes.length) while (length > 0 && ((bytes[length] ?? 0) & 0xc0) === 0x80) length -= 1;
    this.u16(length);
    const at = this.#extend(length);
    bytes.copy(this.#buffer, at, 0, length);
  }

  /** Hexadecimal text as its bytes: exactly `bytes`, or with a u8 count before them when `upTo` is given. */
  hex(value: string, size: { readonly bytes: number } | { readonly upTo: number }, what: string): void {
    const length = value.length / 2;
    const fits = 'bytes' in size ? length === size.bytes : length >= 1 && length <= size.upTo;
    if (!fits || !/^(?:[0-9a-f]{2})*$/.test(value)) {
      const want = 'bytes' in size ? `${size.bytes * 2}` : `2 to ${size.upTo * 2} (an even number)`;
      throw new SionError('invalid', `link protocol: ${what} must be ${want} lower-case hexadecimal digits`);
    }
    if ('upTo' in size) this.u8(length);
    const at = this.#extend(length);
    this.#buffer.write(value, at, length, 'hex');
  }

  /** Fills the header in and gives header and head; the writer is then spent. */
  finish(header: FrameHeader): Uint8Array {
    if (this.headBytes > maxHeadBytes) {
      throw new SionError('invalid', `link protocol: a head of ${this.headBytes} bytes, the limit is ${maxHeadBytes}`);
    }
    this.#buffer.writeUInt8(header.version, 0);
    this.#buffer.writeUInt8(header.code, 1);
    this.#buffer.writeUInt16BE(this.headBytes, 2);
    this.#buffer.writeUInt32BE(header.payloadBytes, 4);
    this.#buffer.writeUInt32BE(header.session, 8);
    this.#buffer.writeUInt32BE(header.request, 12);
    return this.#buffer.subarray(0, this.#end);
  }

  /** Makes room for `bytes` more and gives where they go. */
  #extend(bytes: number): number {
    const at = this.#end;
    this.#end += bytes;
    if (this.#end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#end, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }
}

/** What a header says beside the head's length. */
export interface FrameHeader {
  readonly version: number;
  readonly code: number;
  readonly payloadBytes: number;
  readonly session: number;
  readonly request: number;
}

/**
 * Reads a head, field by field, from bytes that belong to the decoder and change after the message is built: whatever it
 * gives out is a number or a text of its own. Anything against the grammar throws {@link LinkProtocolError}.
 */
import { LinkProtocolError } from './link-protocol-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Over one head. `takePayload` is called at most once, after the last field. */
export class HeadReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  readonly #takePayload: () => Uint8Array;
  #at = 0;

  constructor(bytes: Buffer, what: string, takePayload: () => Uint8Array) {
    this.#bytes = bytes;
    this.#what = what;
    this.#takePayload = takePayload;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  u48(): number {
    return this.#bytes.readUIntBE(this.#advance(6), 6);
  }

  /** A u16 that counts items, at most `max`. */
  count(max: number, what: string): number {
    const count = this.u16();
    if (count > max) throw this.#fault(`${count} ${what}, the limit is ${max}`);
    return count;
  }

  choice<T extends string>(words: readonly T[], what: string): T {
    const position = this.u8();
    const word = words[position];
    if (word === undefined) throw this.#fault(`unknown ${what} ${position}`);
    return word;
  }

  flag(what: string): boolean {
    const value = this.u8();
    if (value > 1) throw this.#fault(`${what} must be 0 or 1, got ${value}`);
    return value === 1;
  }

  text(maxBytes: number, what: string): string {
    const length = this.u16();
    if (length > maxBytes) throw this.#fault(`${what} has ${length} bytes, the limit is ${maxBytes}`);
    const start = this.#advance(length);
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#at));
    } catch {
      throw this.#fault(`${what} is not UTF-8`);
    }
  }

  /** Hexadecimal text of exactly `bytes`, or of a u8 count of them, 1 … `upTo`. */
  hex(size: { readonly bytes: number } | { readonly upTo: number }, what: string): string {
    const length = 'bytes' in size ? size.bytes : this.u8();
    if ('upTo' in size && (length < 1 || length > size.upTo)) {
      throw this.#fault(`${what} has ${length} bytes, it must have 1 to ${size.upTo}`);
    }
    const start = this.#advance(length);
    return this.#bytes.toString('hex', start, this.#at);
  }

  /** The frame's payload, to be filled by the decoder before the message is given out. Ends the head. */
  payload(): Uint8Array {
    this.finish();
    return this.#takePayload();
  }

  /** Throws when fields are left over: the peer speaks another grammar. */
  finish(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw this.#fault(`${left} bytes too many in its head`);
  }

  #advance(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#bytes.length) throw this.#fault('its head ends too early');
    this.#at = start + bytes;
    return start;
  }

  #fault(reason: string): LinkProtocolError {
    return new LinkProtocolError('head', `${this.#what}: ${reason}`);
  }
}

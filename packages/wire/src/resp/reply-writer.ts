/**
 * Writes replies as RESP2 or RESP3 into few buffers for one vectored write: small replies are gathered in a slab, large
 * byte strings go out as they are, uncopied. Buffers that were taken are never written again.
 */
import type { Reply } from './reply.ts';

/** 2 until a client asks for 3 with HELLO. */
export type RespVersion = 2 | 3;

/** From this size on a byte string is passed on instead of copied. */
const passOnBytes = 4096;
const slabBytes = 16 * 1024;

/** See the module. */
export class ReplyWriter {
  #parts: Uint8Array[] = [];
  #slab: Buffer = Buffer.allocUnsafeSlow(0);
  #start = 0;
  #at = 0;
  #bytes = 0;

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#bytes;
  }

  /** Everything written since the last call, in order, ready to be sent; the receiver must not change it. */
  take(): Uint8Array[] {
    this.#cut();
    const parts = this.#parts;
    this.#parts = [];
    this.#bytes = 0;
    return parts;
  }

  /** Appends a whole reply. */
  write(reply: Reply, version: RespVersion): void {
    switch (reply.kind) {
      case 'simple':
        return this.#text(`+${reply.text}\r\n`);
      case 'error':
        return this.#text(`-${reply.text.replace(/[\r\n]/g, ' ')}\r\n`);
      case 'integer':
        return this.#text(`:${reply.value}\r\n`);
      case 'bulk':
        return this.bulk(reply.bytes);
      case 'null':
        return this.#text(version === 3 ? '_\r\n' : '$-1\r\n');
      case 'null-array':
        return this.#text(version === 3 ? '_\r\n' : '*-1\r\n');
      case 'array':
        this.arrayHeader(reply.items.length);
        return this.#all(reply.items, version);
      case 'set':
        this.#text(`${version === 3 ? '~' : '*'}${reply.items.length}\r\n`);
        return this.#all(reply.items, version);
      case 'map':
        this.#text(version === 3 ? `%${reply.entries.length}\r\n` : `*${reply.entries.length * 2}\r\n`);
        for (const entry of reply.entries) this.#all(entry, version);
        return;
      case 'double':
        return version === 3 ? this.#text(`,${doubleText(reply.value)}\r\n`) : this.bulk(doubleText(reply.value));
      case 'boolean':
        if (version === 3) return this.#text(reply.value ? '#t\r\n' : '#f\r\n');
        return this.#text(reply.value ? ':1\r\n' : ':0\r\n');
      case 'verbatim':
        return version === 3 ? this.#verbatim(reply.text) : this.bulk(reply.text);
    }
  }

  /** Appends a whole bulk string; the bytes must not change until they are sent. */
  bulk(bytes: Uint8Array | string): void {
    this.bulkHeader(bytes.length);
    this.#append(bytes);
    this.bulkEnd();
  }

  /** Opens an array of `count` replies that are written one by one. */
  arrayHeader(count: number): void {
    this.#text(`*${count}\r\n`);
  }

  /** Opens a bulk string of `sizeBytes` whose bytes follow through `bytes`, then `bulkEnd`. */
  bulkHeader(sizeBytes: number): void {
    this.#text(`$${sizeBytes}\r\n`);
  }

  /** Bytes of an opened bulk string. */
  bytes(bytes: Uint8Array): void {
    this.#append(bytes);
  }

  /** Ends a bulk string that was opened with `bulkHeader`. */
  bulkEnd(): void {
    this.#text('\r\n');
  }

  #all(replies: readonly Reply[], version: RespVersion): void {
    for (const reply of replies) this.write(reply, version);
  }

  #verbatim(text: string | Uint8Array): void {
    this.#text(`=${text.length + 4}\r\ntxt:`);
    this.#append(text);
    this.#text('\r\n');
  }

  #append(bytes: Uint8Array | string): void {
    if (typeof bytes === 'string') return this.#text(bytes);
    if (bytes.length === 0) return;
    if (bytes.length >= passOnBytes) {
      this.#cut();
      this.#parts.push(bytes);
    } else {
      this.#reserve(bytes.length);
      this.#slab.set(bytes, this.#at);
      this.#at += bytes.length;
    }
    this.#bytes += bytes.length;
  }

  #text(text: string): void {
    this.#reserve(text.length);
    this.#slab.write(text, this.#at, 'latin1');
    this.#at += text.length;
    this.#bytes += text.length;
  }

  #reserve(length: number): void {
    if (this.#slab.length - this.#at >= length) return;
    this.#cut();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, length));
    this.#start = 0;
    this.#at = 0;
  }

  /** Moves what the slab gathered to the parts. */
  #cut(): void {
    if (this.#at > this.#start) this.#parts.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (value === Number.NEGATIVE_INFINITY) return '-inf';
  return String(value);
}

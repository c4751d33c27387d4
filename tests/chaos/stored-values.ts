/**
 * Values that tell which write they are from. The bytes of a token follow from key and token, so that whatever is read
 * under a key is either wholly one of the values that were written there, or wrong.
 *
 * | token       | bytes                                                                        |
 * |-------------|------------------------------------------------------------------------------|
 * | `c3-17:500` | the payload of that key, token and size; at least {@link namedBytes} long    |
 * | `~0a1b`     | shorter ones: these very bytes in hexadecimal; they may be written twice     |
 * | `42`        | of a counter: its digits                                                     |
 */
import { Payload } from '@sion/workload';

/** So many bytes tell one payload from all others. */
export const namedBytes = 16;

/** What was read: one of the values, a piece that is too short to tell of which, or bytes that nobody wrote. */
export type Decoded =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'short' }
  | { readonly kind: 'wrong'; readonly reason: string };

export class StoredValues {
  readonly #byKey = new Map<string, Map<string, Payload>>();
  readonly #newest = new Map<string, Payload[]>();

  /** Makes a value to be written; it is known from now on. `short` are its bytes when it has fewer than {@link namedBytes}. */
  make(key: string, name: string, sizeBytes: number, short: Uint8Array): { token: string; bytes: Buffer } {
    if (sizeBytes < namedBytes) {
      const bytes = Buffer.from(short.subarray(0, sizeBytes));
      return { token: `~${bytes.toString('hex')}`, bytes };
    }
    const token = `${name}:${sizeBytes}`;
    const payload = new Payload({ key, version: token, sizeBytes });
    const known = this.#byKey.get(key) ?? new Map<string, Payload>();
    this.#byKey.set(key, known);
    known.set(hex(payload.slice(0, namedBytes)), payload);
    const newest = this.#newest.get(key) ?? [];
    this.#newest.set(key, newest);
    newest.push(payload);
    const bytes = payload.slice(0, sizeBytes);
    return { token, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) };
  }

  /** The size of the last value that was made for the key; undefined when there is none with a name. */
  lastSizeBytes(key: string): number | undefined {
    return this.#newest.get(key)?.at(-1)?.sizeBytes;
  }

  /** Says which value these bytes, all that was found under the key, are. */
  decode(key: string, bytes: Uint8Array): Decoded {
    if (isCounter(key)) {
      const text = Buffer.from(bytes).toString('latin1');
      return /^[1-9]\d*$/.test(text) ? { kind: 'token', token: text } : wrong(`${bytes.length} bytes are no number`);
    }
    if (bytes.length < namedBytes) return { kind: 'token', token: `~${hex(bytes)}` };
    const payload = this.#byKey.get(key)?.get(hex(bytes.subarray(0, namedBytes)));
    if (payload === undefined) return wrong(`${bytes.length} bytes begin as no value of this key does`);
    return judge(payload, bytes, 0, payload.sizeBytes);
  }

  /** The same of bytes [start, end) of the value, fewer where it ends. */
  decodeRange(key: string, bytes: Uint8Array, start: number, end: number): Decoded {
    if (bytes.length < namedBytes) return { kind: 'short' };
    const expectedEnd = ({ sizeBytes }: Payload) => Math.min(end, sizeBytes);
    const payload = this.#newest.get(key)?.findLast((each) => {
      if (each.sizeBytes < start + namedBytes || expectedEnd(each) !== start + bytes.length) return false;
      return hex(each.slice(start, start + namedBytes)) === hex(bytes.subarray(0, namedBytes));
    });
    if (payload === undefined)
      return wrong(`${bytes.length} bytes from ${start} on begin as no value of this key does`);
    return judge(payload, bytes, start, expectedEnd(payload));
  }
}

/** Counters are known by their keys. */
export function isCounter(key: string): boolean {
  return key.startsWith('counter-');
}

function judge(payload: Payload, bytes: Uint8Array, start: number, end: number): Decoded {
  const token = String(payload.name.version);
  if (bytes.length !== end - start) return wrong(`${bytes.length} bytes of ${token}, which has ${end - start}`);
  const fault = payload.check(bytes, start);
  if (fault === undefined) return { kind: 'token', token };
  return wrong(`byte ${fault.offset} of ${token} is ${fault.actual}, not ${fault.expected}`);
}

function wrong(reason: string): Decoded {
  return { kind: 'wrong', reason };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

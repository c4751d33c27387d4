/**
 * How values become bytes and come back. A codec is two plain functions; the three that everybody needs are here, any
 * other is written by whoever needs it. A value that does not decode is told with its key, as `invalid`.
 */
import { SionError } from './errors.ts';
import { type Key, shownKey } from './key.ts';

/** From values to bytes. A string stands for its UTF-8. */
export interface Encoder<In> {
  encode(value: In): Uint8Array | string;
}

/** From bytes to values. The bytes belong to the caller. */
export interface Decoder<Out> {
  decode(bytes: Buffer): Out;
}

/** Both ways. `In` is what may be stored, `Out` what is given back. */
export interface Codec<Out, In = Out> extends Encoder<In>, Decoder<Out> {}

/** Bytes as they are; strings are stored as UTF-8. The default. */
export const bufferCodec: Codec<Buffer, Uint8Array | string> = {
  encode: (value) => value,
  decode: (bytes) => bytes,
};

/** Text as UTF-8. */
export const stringCodec: Codec<string> = {
  encode: (value) => value,
  decode: (bytes) => bytes.toString('utf8'),
};

/**
 * JSON. `check` gives the value its type: it looks at what was parsed and returns it, or throws. Without it the type is a
 * promise of the caller's.
 */
export function jsonCodec<T = unknown>(check?: (value: unknown) => T): Codec<T> {
  return {
    encode(value) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON; store null, or leave the key out`);
      return text;
    },
    decode(bytes) {
      const value: unknown = JSON.parse(bytes.toString('utf8'));
      return check === undefined ? (value as T) : check(value);
    },
  };
}

/** The value of these bytes; null stays null. What does not decode is `invalid`, with its key. */
export function decodeValue<T>(codec: Decoder<T>, key: Key, bytes: Buffer | null): T | null {
  if (bytes === null) return null;
  try {
    return codec.decode(bytes);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new SionError('invalid', `The value of ${shownKey(key)} does not decode: ${text}`, { cause });
  }
}

/** The bytes of a value. What does not encode is `invalid`, with its key. */
export function encodeValue<T>(codec: Encoder<T>, key: Key, value: T): Buffer {
  try {
    return bytesOf(codec.encode(value));
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new SionError('invalid', `The value for ${shownKey(key)} does not encode: ${text}`, { cause });
  }
}

/** Bytes of a string or of bytes; the latter are not copied. */
export function bytesOf(value: Uint8Array | string): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`bytes or a string were expected, not ${value === null ? 'null' : typeof value}`);
}

/**
 * The client. One object, one method per thing that one wants done, each a promise. It puts keys, values and options into
 * commands and requests; how those travel, and what is tried again, is decided below it. Views of one client with other
 * codecs share its connections.
 */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import {
  type CallOptions,
  type Lifetime,
  type ResendOptions,
  readLifetime,
  type SetOptions,
  type SetStreamOptions,
  type WriteOptions,
} from './call-options.ts';
import { bytesOf, type Codec, type Decoder, decodeValue, type Encoder, encodeValue } from './codec.ts';
import { type Connection, settleKeys } from './connection.ts';
import { isSionError, SionError } from './errors.ts';
import { type Key, keyBytes, keyName } from './key.ts';
import { fetchPage, type ListedObject, type ListedPrefix, type ListOptions } from './listing.ts';
import { readInfo } from './object-head.ts';
import type { ObjectInfo, StoredObject } from './object-info.ts';
import { bytesOrNull, flagOf, floatOf, integerOf, listOf, textOf } from './replies.ts';
import type { Argument, Reply } from './resp-channel.ts';
import { type ScanOptions, scanKeys } from './scan.ts';
import { type GetStreamOptions, type ObjectStream, openStream, storeStream } from './streams.ts';
import type { ByteSource } from './transfer.ts';
import { readRange, readValue, setArguments, writeValue } from './values.ts';

/** When an expiry is set: always, or only over none, over any, over an earlier one, over a later one. */
export type ExpiryCondition = 'none' | 'any' | 'earlier' | 'later';

export interface ExpireOptions extends WriteOptions, ResendOptions {
  /** Only when the expiry that the object has is such a one; an object without any counts as the latest. */
  readonly ifExpiry?: ExpiryCondition | undefined;
}

const expiryConditions: Readonly<Record<ExpiryCondition, string>> = {
  none: 'NX',
  any: 'XX',
  earlier: 'GT',
  later: 'LT',
};

/** Keys of one MGET: enough to save round trips, few enough to go in one piece. */
const keysPerRead = 256;

export class SionClient<Out = Buffer, In = Uint8Array | string> {
  readonly #connection: Connection;
  readonly #codec: Codec<Out, In>;

  /** Made by `createClient`. */
  constructor(connection: Connection, codec: Codec<Out, In>) {
    this.#connection = connection;
    this.#codec = codec;
  }

  /** The same client with another codec, over the same connections. */
  withCodec<T, U = T>(codec: Codec<T, U>): SionClient<T, U> {
    return new SionClient(this.#connection, codec);
  }

  /** The value, or null. */
  get(key: Key, options?: CallOptions & { readonly codec?: undefined }): Promise<Out | null>;
  get<T>(key: Key, options: CallOptions & { readonly codec: Decoder<T> }): Promise<T | null>;
  async get(key: Key, options: CallOptions & { readonly codec?: Decoder<unknown> | undefined } = {}): Promise<unknown> {
    return decodeValue(options.codec ?? this.#codec, key, await readValue(this.#connection, key, options));
  }

  /** Values in the order of their keys, null for each that is not there. Each is read by itself. */
  async mget(keys: readonly Key[], options: CallOptions = {}): Promise<(Out | null)[]> {
    const { sizes } = this.#connection;
    const small = keys.map((key, at) => ({ key, at })).filter(({ key }) => !sizes.isLarge(keyName(key)));
    const values = new Array<Buffer | null>(keys.length).fill(null);
    const large = keys.map(async (key, at) => {
      if (sizes.isLarge(keyName(key))) values[at] = await readValue(this.#connection, key, options);
    });
    const parts = Array.from({ length: Math.ceil(small.length / keysPerRead) }, async (_, part) => {
      const some = small.slice(part * keysPerRead, (part + 1) * keysPerRead);
      const replies = listOf(await this.#connection.read(options, 'MGET', ...some.map(({ key }) => keyBytes(key))));
      some.forEach(({ key, at }, index) => {
        const bytes = bytesOrNull(replies[index] ?? null);
        sizes.note(keyName(key), bytes?.byteLength ?? 0);
        values[at] = bytes;
      });
    });
    await Promise.all([...large, ...parts]);
    return values.map((bytes, at) => decodeValue(this.#codec, keys[at] ?? '', bytes));
  }

  /** Bytes `start` to `end`, inclusive; fewer where the value ends, none outside it, null when there is no value. */
  async getRange(key: Key, start: number, end: number, options: CallOptions = {}): Promise<Buffer | null> {
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
      throw new SionError('invalid', `${start} to ${end} is no range: 0 <= start <= end, both whole.`);
    }
    return readRange(this.#connection, key, { start, end }, options);
  }

  /** A stream of the bytes, with the object's `info`; null when there is none. A stream that breaks is continued, or errors. */
  async getStream(key: Key, options: GetStreamOptions = {}): Promise<ObjectStream | null> {
    return openStream(this.#connection, key, options);
  }

  /** As {@link getStream}, as a web stream. */
  async getWebStream(key: Key, options: GetStreamOptions = {}): Promise<ReadableStream<Uint8Array> | null> {
    const stream = await openStream(this.#connection, key, options);
    return stream === null ? null : (Readable.toWeb(stream) as ReadableStream<Uint8Array>);
  }

  /** What is known of the object beside its bytes; null when there is none. */
  head(key: Key, options: CallOptions = {}): Promise<ObjectInfo | null> {
    return readInfo(this.#connection, key, options);
  }

  /** True when the value was stored; false when its condition did not hold. */
  set(key: Key, value: In, options?: SetOptions & { readonly codec?: undefined }): Promise<boolean>;
  set<T>(key: Key, value: T, options: SetOptions & { readonly codec: Encoder<T> }): Promise<boolean>;
  async set(
    key: Key,
    value: never,
    options: SetOptions & { readonly codec?: Encoder<never> | undefined } = {},
  ): Promise<boolean> {
    return writeValue(this.#connection, key, encodeValue(options.codec ?? this.#codec, key, value), options);
  }

  /** Stores each value by itself, not all or nothing; a failure names the keys that failed, the others are stored. */
  async mset(
    entries: Readonly<Record<string, In>> | Iterable<readonly [Key, In]>,
    options: SetOptions = {},
  ): Promise<void> {
    const pairs = Symbol.iterator in entries ? [...entries] : Object.entries(entries);
    const encoded = pairs.map(([key, value]) => ({ key, bytes: encodeValue(this.#codec, key, value) }));
    const calls = encoded.map(({ key, bytes }) => writeValue(this.#connection, key, bytes, options));
    await settleKeys(
      encoded.map(({ key }) => textKey(key)),
      calls,
    );
  }

  /**
   * Stores a stream: Node's or the web's, an async iterable of bytes, or bytes. Nothing is visible before all of it has come.
   * Null when the condition did not hold. Lifetimes are counted in whole seconds, rounded up.
   */
  async setStream(key: Key, source: ByteSource, options: SetStreamOptions = {}): Promise<StoredObject | null> {
    return storeStream(this.#connection, key, source, options);
  }

  /** Stores a value and gives the one before it, or null. */
  async getSet(
    key: Key,
    value: In,
    options: WriteOptions & Lifetime & { readonly keepTtl?: boolean } = {},
  ): Promise<Out | null> {
    const bytes = encodeValue(this.#codec, key, value);
    const rest = setArguments(options);
    const reply = await this.#connection.write(this.#once(options), 'SET', keyBytes(key), bytes, 'GET', ...rest);
    this.#connection.sizes.note(keyName(key), bytes.byteLength);
    return decodeValue(this.#codec, key, bytesOrNull(reply));
  }

  /** Removes a value and gives it, or null. */
  async getDel(key: Key, options: WriteOptions = {}): Promise<Out | null> {
    const reply = await this.#connection.write(this.#once(options), 'GETDEL', keyBytes(key));
    this.#connection.sizes.forget(keyName(key));
    return decodeValue(this.#codec, key, bytesOrNull(reply));
  }

  /** How many of the keys were there and are gone. Each is removed by itself. */
  async del(keys: Key | readonly Key[], options: WriteOptions & ResendOptions = {}): Promise<number> {
    const all = isKey(keys) ? [keys] : keys;
    const calls = all.map(async (key) => {
      const removed = integerOf(await this.#connection.write(options, 'DEL', keyBytes(key)));
      this.#connection.sizes.forget(keyName(key));
      return removed;
    });
    return (await settleKeys(all.map(textKey), calls)).reduce((sum, one) => sum + one, 0);
  }

  /** True when there is such a key. */
  async exists(key: Key, options: CallOptions = {}): Promise<boolean> {
    return flagOf(await this.#connection.read(options, 'EXISTS', keyBytes(key)));
  }

  /** Bytes of the value; 0 when there is none. */
  async size(key: Key, options: CallOptions = {}): Promise<number> {
    return integerOf(await this.#connection.read(options, 'STRLEN', keyBytes(key)));
  }

  /** Seconds left; `Infinity` when it never expires, null when there is no such key. */
  async ttl(key: Key, options: CallOptions = {}): Promise<number | null> {
    return timeLeft(integerOf(await this.#connection.read(options, 'TTL', keyBytes(key))));
  }

  /** Milliseconds left; `Infinity` when it never expires, null when there is no such key. */
  async ttlMs(key: Key, options: CallOptions = {}): Promise<number | null> {
    return timeLeft(integerOf(await this.#connection.read(options, 'PTTL', keyBytes(key))));
  }

  /** Sets the expiry: seconds from now, or a {@link Lifetime}. False when there is no such key or the condition fails. */
  async expire(key: Key, lifetime: number | Lifetime, options: ExpireOptions = {}): Promise<boolean> {
    const time = readLifetime(typeof lifetime === 'number' ? { ttl: lifetime } : lifetime);
    if (time === undefined)
      throw new SionError('invalid', 'Say when: ttl, ttlMs or expiresAt. For never, use persist().');
    const { ifExpiry } = options;
    const condition = ifExpiry === undefined ? [] : [expiryConditions[ifExpiry]];
    const isMoment = time.kind === 'at';
    const command = isMoment ? 'PEXPIREAT' : 'PEXPIRE';
    const ms = isMoment ? time.atMs : time.ms;
    return flagOf(await this.#connection.write(options, command, keyBytes(key), ms, ...condition));
  }

  /** Takes the expiry away. False when there was none, or no such key. */
  async persist(key: Key, options: WriteOptions & ResendOptions = {}): Promise<boolean> {
    return flagOf(await this.#connection.write(options, 'PERSIST', keyBytes(key)));
  }

  async incr(key: Key, options: WriteOptions = {}): Promise<number> {
    return this.incrBy(key, 1, options);
  }

  async decr(key: Key, options: WriteOptions = {}): Promise<number> {
    return this.incrBy(key, -1, options);
  }

  /** Adds to the number that the value is, 0 when there is none, and gives the sum. */
  async incrBy(key: Key, by: number, options: WriteOptions = {}): Promise<number> {
    if (!Number.isSafeInteger(by)) throw new SionError('invalid', `${by} is no whole number; use incrByFloat.`);
    return integerOf(await this.#connection.write(this.#once(options), 'INCRBY', keyBytes(key), by));
  }

  async decrBy(key: Key, by: number, options: WriteOptions = {}): Promise<number> {
    return this.incrBy(key, -by, options);
  }

  async incrByFloat(key: Key, by: number, options: WriteOptions = {}): Promise<number> {
    return floatOf(await this.#connection.write(this.#once(options), 'INCRBYFLOAT', keyBytes(key), by));
  }

  /** Adds to the end of the value, and gives the new length in bytes. */
  async append(key: Key, value: Uint8Array | string, options: WriteOptions = {}): Promise<number> {
    const reply = await this.#connection.write(this.#once(options), 'APPEND', keyBytes(key), bytesOf(value));
    const sizeBytes = integerOf(reply);
    this.#connection.sizes.note(keyName(key), sizeBytes);
    return sizeBytes;
  }

  /** Gives the object another key, in place of whatever has it. False when there is none, or with `ifAbsent` the key is taken. */
  async rename(from: Key, to: Key, options: WriteOptions & { readonly ifAbsent?: boolean } = {}): Promise<boolean> {
    const command = options.ifAbsent === true ? 'RENAMENX' : 'RENAME';
    try {
      const reply = await this.#connection.write(this.#once(options), command, keyBytes(from), keyBytes(to));
      this.#connection.sizes.forget(keyName(from));
      return options.ifAbsent === true ? flagOf(reply) : true;
    } catch (error) {
      if (isSionError(error) && error.message === 'no such key') return false;
      throw error;
    }
  }

  /** Copies the object. False when there is none, or without `replace` the key is taken. */
  async copy(from: Key, to: Key, options: WriteOptions & { readonly replace?: boolean } = {}): Promise<boolean> {
    const replace = options.replace === true ? ['REPLACE'] : [];
    return flagOf(await this.#connection.write(this.#once(options), 'COPY', keyBytes(from), keyBytes(to), ...replace));
  }

  /** Keys that match a pattern, as text. Use {@link scanBytes} where keys are not UTF-8. */
  async *scan(options: ScanOptions = {}): AsyncGenerator<string, void, undefined> {
    for await (const key of scanKeys(this.#connection, options)) yield key.toString('utf8');
  }

  /** Keys that match a pattern, as bytes. */
  scanBytes(options: ScanOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    return scanKeys(this.#connection, options);
  }

  /** Objects in the order of their keys' bytes, by prefix; with a delimiter, what lies deeper is told as prefixes. */
  list(
    options: ListOptions & { readonly delimiter: string },
  ): AsyncGenerator<ListedObject | ListedPrefix, void, undefined>;
  list(options?: ListOptions & { readonly delimiter?: undefined }): AsyncGenerator<ListedObject, void, undefined>;
  async *list(options: ListOptions = {}): AsyncGenerator<ListedObject | ListedPrefix, void, undefined> {
    let after: string | undefined;
    do {
      const page = await this.#connection.run(options, (limits) =>
        fetchPage(this.#connection.http, limits, options, after),
      );
      yield* page.entries;
      after = page.next;
    } while (after !== undefined);
  }

  /** Milliseconds to the server and back. */
  async ping(options: CallOptions = {}): Promise<number> {
    const { system } = this.#connection;
    const startedMs = system.monotonicMs();
    textOf(await this.#connection.read(options, 'PING'));
    return system.monotonicMs() - startedMs;
  }

  /**
   * Any command that has no method here. It is taken for one that must not be sent twice unless `reads` says that it changes
   * nothing. Integers come as text, bulk strings as bytes.
   */
  command(
    name: string,
    args: readonly Argument[] = [],
    options: WriteOptions & { readonly reads?: boolean } = {},
  ): Promise<Reply> {
    if (options.reads === true) return this.#connection.read(options, name, ...args);
    return this.#connection.write(this.#once(options), name, ...args);
  }

  /** Takes no more calls, lets those under way end, cuts open streams, closes the connections. Of all views of the client. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Never again by itself, whatever stray option came along. */
  #once(options: WriteOptions): WriteOptions {
    return { durability: options.durability, timeoutMs: options.timeoutMs, signal: options.signal };
  }
}

function isKey(keys: Key | readonly Key[]): keys is Key {
  return typeof keys === 'string' || keys instanceof Uint8Array;
}

function textKey(key: Key): string {
  return typeof key === 'string' ? key : Buffer.from(key).toString('utf8');
}

function timeLeft(left: number): number | null {
  if (left === -2) return null;
  return left === -1 ? Number.POSITIVE_INFINITY : left;
}

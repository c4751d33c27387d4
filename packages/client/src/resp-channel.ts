/**
 * The connection to the Redis interface. One `ioredis` instance is one connection: it has no queue of its own for what
 * cannot be sent, makes no second connection and sends nothing twice. When it has closed, the next call makes a new one.
 * So nothing is ever resent by a layer that does not know whether it may be, and an idle client does nothing.
 */
import { Redis } from 'ioredis';
import { type CallLimits, sentError, unsentError } from './call-limits.ts';
import { isSionError, lostReply, SionError } from './errors.ts';
import type { ClientSettings, Durability } from './options.ts';
import { errorOfReply } from './resp-errors.ts';

/** One argument of a command. */
export type Argument = string | Buffer | number;

/** A reply as ioredis gives it: bulk strings as bytes, integers as text. */
export type Reply = Buffer | string | number | null | readonly Reply[];

/** The text of ioredis for a command that was not written because the connection is not open. */
const notWritten = /^Stream isn't writeable/;

/** Connections whose writes are acknowledged in one way. */
export class RespChannel {
  readonly #settings: ClientSettings;
  readonly #durability: Durability | undefined;
  #open: Redis | undefined;
  #opening: Promise<Redis> | undefined;
  #closed = false;

  constructor(settings: ClientSettings, durability: Durability | undefined) {
    this.#settings = settings;
    this.#durability = durability;
  }

  /** Sends one command, once. Rejects with a `SionError` whose effect is true of this command. */
  async send(limits: CallLimits, writes: boolean, command: string, args: readonly Argument[]): Promise<Reply> {
    limits.assertOpen();
    const redis = this.#usable() ?? (await limits.race(this.#connect(), unsentError));
    limits.assertOpen();
    this.#cork(redis);
    // The types of ioredis know each command by name; this one is what they have in common.
    const reply = redis.callBuffer(command, ...args) as Promise<Reply>;
    try {
      return await limits.race(reply, (end) => sentError(end, writes));
    } catch (thrown) {
      throw this.#explain(thrown, writes);
    }
  }

  /** Ends the connection; what waits for a reply is told that it is lost. */
  close(): void {
    this.#closed = true;
    if (this.#open !== undefined) hangUp(this.#open);
  }

  #usable(): Redis | undefined {
    return this.#open?.status === 'ready' ? this.#open : undefined;
  }

  /** Commands of one turn of the event loop leave in one write. */
  #cork({ stream }: Redis): void {
    if (stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  /** One attempt to connect at a time, shared by all who wait. */
  #connect(): Promise<Redis> {
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #dial(): Promise<Redis> {
    if (this.#closed) throw new SionError('closed', 'The client was closed.', { retryable: false });
    const { host, port } = this.#settings;
    const redis = new Redis(connectionOptions(this.#settings));
    let fault: unknown;
    // Without a listener an error would end the process.
    redis.on('error', (error) => {
      fault ??= error;
    });
    try {
      await redis.connect();
      if (this.#durability !== undefined) await redis.call('SION', 'DURABILITY', this.#durability);
    } catch (thrown) {
      hangUp(redis);
      const cause = fault ?? thrown;
      const text = cause instanceof Error ? cause.message || cause.name : String(cause);
      if (isReplyError(cause)) throw errorOfReply(text, cause);
      throw connectionFault(`${host}:${port}`, text, cause);
    }
    if (this.#closed) hangUp(redis);
    this.#open = redis;
    return redis;
  }

  #explain(thrown: unknown, writes: boolean): SionError {
    if (isSionError(thrown)) return thrown;
    const { host, port } = this.#settings;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    if (isReplyError(thrown)) return errorOfReply(text, thrown);
    if (notWritten.test(text)) return new SionError('unavailable', `The connection to ${host}:${port} has closed`);
    return lostReply(writes, `The connection to ${host}:${port} broke before the reply`, thrown);
  }
}

/** On a connection that has ended already, ioredis would keep the process alive for a while. */
function hangUp(redis: Redis): void {
  if (redis.status !== 'end') redis.disconnect();
}

function connectionOptions(settings: ClientSettings) {
  const { host, port, tls, username, password, name, connectMs, timeoutMs } = settings;
  return {
    ...{ host, port, lazyConnect: true, connectTimeout: connectMs },
    // This object is one connection: closed is closed, and whatever had no reply is rejected at once.
    ...{ retryStrategy: null, maxRetriesPerRequest: null, reconnectOnError: null },
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false, autoResubscribe: false },
    ...{ enableReadyCheck: false, stringNumbers: true, clientInfoTag: 'sion' },
    // A peer that has vanished without a word is noticed when it owes replies and sends nothing.
    ...(timeoutMs === 0 ? {} : { socketTimeout: Math.max(timeoutMs, 1_000) }),
    ...(username === undefined || username === 'default' ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(name === undefined ? {} : { connectionName: name }),
    ...(tls === undefined ? {} : { tls: { ...(isAddress(host) ? {} : { servername: host }), ...tls } }),
  };
}

/** Why a connection could not be made: nothing was sent. */
export function connectionFault(place: string, text: string, cause: unknown): SionError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code.startsWith('ERR_TLS') || /CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    const message = `The certificate of ${place} is not trusted: ${text}. Give its authority as tls.ca`;
    return new SionError('unauthorized', message, { cause });
  }
  const hint = code === 'ECONNREFUSED' ? '; nothing listens there: is SION running, and is the port right?' : '';
  return new SionError('unavailable', `Cannot connect to ${place}: ${text}${hint}`, { cause });
}

function isReplyError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'ReplyError';
}

/** An IP address has no name that TLS could ask for. */
function isAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host);
}

/**
 * What one call may say: how long it may take, how a write is acknowledged, how long the object lives, under which
 * condition it is written. The types are the documentation; what is impossible is refused before anything is sent.
 */
import { SionError } from './errors.ts';
import type { Durability } from './options.ts';
import { momentMs } from './system.ts';

/** Of every call. */
export interface CallOptions {
  /** Milliseconds for the whole call with its retries; 0 = no bound. The client's own unless given. */
  readonly timeoutMs?: number | undefined;
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
}

/** Of every call that changes something. */
export interface WriteOptions extends CallOptions {
  readonly durability?: Durability | undefined;
}

/** Of writes that lead to the same state however often they are made. */
export interface ResendOptions {
  /**
   * True: the client sends the write again when its reply was lost. Only for keys with one writer: a repeated write may
   * put an old value over another writer's newer one. It has no effect on writes with a condition.
   */
  readonly resend?: boolean | undefined;
}

/** How long an object lives; at most one of them. Without any it lives for ever. */
export interface Lifetime {
  /** Seconds; fractions count. */
  readonly ttl?: number | undefined;
  readonly ttlMs?: number | undefined;
  /** A moment: a `Date`, or milliseconds since the Unix epoch. */
  readonly expiresAt?: Date | number | undefined;
}

/** Conditions of a write; at most one of them. */
export interface WriteCondition {
  /** Only when the key does not exist. */
  readonly ifAbsent?: boolean | undefined;
  /** Only when the key exists. */
  readonly ifPresent?: boolean | undefined;
  /** Only over this version: the `etag` that {@link ObjectInfo} gives. */
  readonly ifMatch?: string | undefined;
}

/** What is kept beside the bytes; over HTTP only, hence also for small values. */
export interface Description {
  readonly contentType?: string | undefined;
  /** Names are case-insensitive letters, digits, `-`, `_`; at most 2 KB in all. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** `false`: to the store only, not into memory. */
  readonly place?: boolean | undefined;
}

export interface SetOptions extends WriteOptions, ResendOptions, Lifetime, WriteCondition, Description {
  /** Keeps the expiry that the object has. */
  readonly keepTtl?: boolean | undefined;
}

export interface SetStreamOptions extends WriteOptions, Lifetime, WriteCondition, Description {
  /** The stream's length, when it is known: one that ends earlier or later stores nothing. */
  readonly sizeBytes?: number | undefined;
}

/** Milliseconds from now, or a moment. */
export type ExpiryTime = { readonly kind: 'in'; readonly ms: number } | { readonly kind: 'at'; readonly atMs: number };

/** Longest time to live: as the server's. */
const maxTtlMs = 9_999_999_999_000;

/** The one way in which a lifetime is given; undefined = for ever. */
export function readLifetime({ ttl, ttlMs, expiresAt }: Lifetime): ExpiryTime | undefined {
  const given = [ttl, ttlMs, expiresAt].filter((value) => value !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1) throw new SionError('invalid', 'Give one of ttl, ttlMs and expiresAt, not several.');
  if (expiresAt !== undefined) {
    const atMs = momentMs(expiresAt);
    if (!Number.isFinite(atMs) || atMs <= 0)
      throw new SionError('invalid', `expiresAt: ${String(expiresAt)} is no moment.`);
    return { kind: 'at', atMs: Math.ceil(atMs) };
  }
  const ms = Math.ceil(ttlMs ?? (ttl ?? 0) * 1000);
  if (!(ms >= 1 && ms <= maxTtlMs)) {
    throw new SionError(
      'invalid',
      `A time to live of ${ttlMs ?? ttl} is not above 0 and at most ${maxTtlMs / 1000} seconds.`,
    );
  }
  return { kind: 'in', ms };
}

/** Refuses more than one condition, and a condition together with what contradicts it. */
export function checkCondition({ ifAbsent, ifPresent, ifMatch }: WriteCondition): void {
  const given = [ifAbsent === true, ifPresent === true, ifMatch !== undefined].filter(Boolean).length;
  if (given > 1) throw new SionError('invalid', 'Give one of ifAbsent, ifPresent and ifMatch, not several.');
}

export function hasCondition({ ifAbsent, ifPresent, ifMatch }: WriteCondition): boolean {
  return ifAbsent === true || ifPresent === true || ifMatch !== undefined;
}

/** Whole seconds for HTTP, rounded up. */
export function httpTtlSeconds(time: ExpiryTime, nowMs: number): number {
  const ms = time.kind === 'in' ? time.ms : time.atMs - nowMs;
  if (ms <= 0) throw new SionError('invalid', 'expiresAt lies in the past. Delete the object instead.');
  return Math.ceil(ms / 1000);
}

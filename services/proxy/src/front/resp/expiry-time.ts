/**
 * Expiry times as commands give them: relative or absolute, in seconds or milliseconds, with Redis's bounds and errors.
 */
import { maxInteger, minInteger, requireInteger } from './numbers.ts';
import { invalidExpireTime } from './redis-errors.ts';

/** How a command gives a time. */
export interface TimeForm {
  readonly unitMs: 1n | 1000n;
  readonly relative: boolean;
}

/** SET's and GETEX's options. */
export const expiryOptions: ReadonlyMap<string, TimeForm> = new Map([
  ['ex', { unitMs: 1000n, relative: true }],
  ['px', { unitMs: 1n, relative: true }],
  ['exat', { unitMs: 1000n, relative: false }],
  ['pxat', { unitMs: 1n, relative: false }],
] as const);

/** A time that was read and found possible: from now, or from the Unix epoch. */
export interface ExpiryTime {
  readonly ms: bigint;
  readonly relative: boolean;
}

/**
 * Reads a time; `command` names it in errors. `positive` is SET's rule: zero and less are refused. EXPIRE takes them,
 * and deletes.
 */
export function readExpiryTime(
  bytes: Buffer | undefined,
  form: TimeForm,
  command: string,
  options: { readonly nowMs: number; readonly positive: boolean },
): ExpiryTime {
  const value = requireInteger(bytes);
  if (options.positive && value <= 0n) throw invalidExpireTime(command);
  if (value > maxInteger / form.unitMs || value < minInteger / form.unitMs) throw invalidExpireTime(command);
  const ms = value * form.unitMs;
  if (form.relative && ms > maxInteger - BigInt(options.nowMs)) throw invalidExpireTime(command);
  return { ms, relative: form.relative };
}

/**
 * Milliseconds since the Unix epoch. What lies beyond the year 287396 is held at that year: the time of day is a number
 * without fractions only up to there.
 */
export function absoluteMs(time: ExpiryTime, nowMs: number): number {
  const ms = time.relative ? time.ms + BigInt(nowMs) : time.ms;
  const bound = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(ms > bound ? bound : ms < -bound ? -bound : ms);
}

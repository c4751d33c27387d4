/**
 * Expiry times as commands give them: read from their arguments, with Redis's errors. What a time comes to, and whether
 * it is possible at all, the core says.
 */
import { type ExpiryRequest, expiryOfChange, expiryOfWrite } from '@sion/core';
import { requireInteger } from './numbers.ts';
import { invalidExpireTime } from './redis-errors.ts';

/** How a command gives a time. */
export type TimeForm = Omit<ExpiryRequest, 'amount'>;

/** SET's options. */
export const expiryOptions: ReadonlyMap<string, TimeForm> = new Map([
  ['ex', { unit: 'seconds', from: 'now' }],
  ['px', { unit: 'milliseconds', from: 'now' }],
  ['exat', { unit: 'seconds', from: 'epoch' }],
  ['pxat', { unit: 'milliseconds', from: 'epoch' }],
] as const);

/**
 * Reads a time that is possible at `nowMs`; `command` names it in errors. `positive` is SET's rule: zero and less are
 * refused. EXPIRE takes them, and deletes.
 */
export function readExpiryTime(
  bytes: Buffer | undefined,
  form: TimeForm,
  command: string,
  options: { readonly nowMs: number; readonly positive: boolean },
): ExpiryRequest {
  const time = { ...form, amount: requireInteger(bytes) };
  const expiryOf = options.positive ? expiryOfWrite : expiryOfChange;
  if (expiryOf(time, options.nowMs) === undefined) throw invalidExpireTime(command);
  return time;
}

/**
 * Milliseconds since the Unix epoch, for a time that was possible when it was read; one that the clock has carried out
 * of reach since then counts as the latest there is.
 */
export function absoluteMs(time: ExpiryRequest, nowMs: number): number {
  return expiryOfChange(time, nowMs) ?? Number.MAX_SAFE_INTEGER;
}

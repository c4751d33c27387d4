/**
 * Expiry arithmetic as Redis does it: from what a command says to milliseconds since the Unix epoch, the rules of NX,
 * XX, GT and LT, and what TTL and its kin answer. Pure: the present time is an argument. Which keys are due is the
 * expiry index's part.
 *
 * Redis computes in 64 bits and refuses what they do not hold; so does this. A time kept is a number, exact up to 2^53−1
 * ms (the year 287396); later ones are held at that, earlier ones at its negative.
 */

/** A time as a command gives it: EX and EXPIRE are seconds from now, PXAT and PEXPIREAT milliseconds from the epoch. */
export interface ExpiryRequest {
  /** A whole number. */
  readonly amount: number | bigint;
  readonly unit: 'seconds' | 'milliseconds';
  readonly from: 'now' | 'epoch';
}

/**
 * The expiry that a write asks for (SET, GETEX, …), in milliseconds since the epoch, perhaps one already past. Undefined
 * when the amount is not above 0 or the time is out of reach: "invalid expire time in '<command>' command".
 */
export function expiryOfWrite(request: ExpiryRequest, nowMs: number): number | undefined {
  return request.amount > 0 ? expiryOfChange(request, nowMs) : undefined;
}

/**
 * The expiry that EXPIRE and its kin ask for; 0 or less is allowed, and means past. Undefined when the time is out of
 * reach either way: "invalid expire time in '<command>' command".
 */
export function expiryOfChange(request: ExpiryRequest, nowMs: number): number | undefined {
  const amountMs = BigInt(request.amount) * (request.unit === 'seconds' ? 1000n : 1n);
  const expiresAtMs = amountMs + (request.from === 'now' ? BigInt(nowMs) : 0n);
  if (!fitsInt64(amountMs) || !fitsInt64(expiresAtMs)) return undefined;
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number(expiresAtMs), Number.MAX_SAFE_INTEGER));
}

/** True when a key with this expiry is gone: from its very millisecond on. Undefined = it never expires. */
export function isExpired(expiresAtMs: number | undefined, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

/** A condition of EXPIRE and its kin. */
export type ExpiryCondition = 'NX' | 'XX' | 'GT' | 'LT';

/** What Redis says of conditions that exclude each other; undefined when they go together. */
export function conflictOfConditions(conditions: ReadonlySet<ExpiryCondition>): string | undefined {
  if (conditions.has('NX') && conditions.size > 1) {
    return 'NX and XX, GT or LT options at the same time are not compatible';
  }
  if (conditions.has('GT') && conditions.has('LT')) return 'GT and LT options at the same time are not compatible';
  return undefined;
}

/** True when all conditions allow the change. A key that never expires counts as expiring after every time. */
export function allowsExpiry(
  conditions: ReadonlySet<ExpiryCondition>,
  currentMs: number | undefined,
  wantedMs: number,
): boolean {
  if (conditions.has('NX') && currentMs !== undefined) return false;
  if (conditions.has('XX') && currentMs === undefined) return false;
  if (conditions.has('GT') && (currentMs === undefined || wantedMs <= currentMs)) return false;
  return !(conditions.has('LT') && currentMs !== undefined && wantedMs >= currentMs);
}

/** The commands that tell an expiry. */
export type ExpiryQuestion = 'TTL' | 'PTTL' | 'EXPIRETIME' | 'PEXPIRETIME';

/** Their answer: −2 without a key, −1 without an expiry; seconds are rounded to the nearest. */
export function answerExpiry(
  question: ExpiryQuestion,
  object: { readonly expiresAtMs?: number } | undefined,
  nowMs: number,
): number {
  if (object === undefined) return -2;
  const { expiresAtMs } = object;
  if (expiresAtMs === undefined) return -1;
  const leftMs = Math.max(0, expiresAtMs - nowMs);
  switch (question) {
    case 'PTTL':
      return leftMs;
    case 'TTL':
      return Math.floor((leftMs + 500) / 1000);
    case 'PEXPIRETIME':
      return expiresAtMs;
    case 'EXPIRETIME':
      return Math.floor((expiresAtMs + 500) / 1000);
  }
}

function fitsInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

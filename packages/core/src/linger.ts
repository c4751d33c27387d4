/**
 * Linger: how long a node's session stays after its last request. Staying costs function time; leaving costs another
 * invocation, and a client's waiting for it, should a request come after all. Which of the two comes is unknown: the ski
 * rental problem. Staying exactly until the rent has reached the price of buying is never worse than twice the best
 * choice in hindsight, and no rule that knows nothing of the future does better.
 *
 *     lingerMs = (price of an invocation + what its delay is worth) / price of a millisecond of function time
 *
 * One more reason to stay: an instance takes at most ten invocations a second. When that budget is nearly used, leaving
 * could make the next request wait for it, so the session stays until enough invocations are older than a second.
 */
import { type FunctionArchitecture, functionUsdPerSecond, invocationUsd, type PriceBook } from './price-book.ts';

/** Sessions last at most so long, well below the functions' time-out. */
export const maxSessionMs = 5 * 60 * 1000;

/** Synchronous invocations that one instance takes per second on Lambda. */
export const maxInvocationsPerSecond = 10;

/** What the linger depends on. */
export interface LingerInput {
  readonly priceBook: PriceBook;
  readonly architecture: FunctionArchitecture;
  readonly memoryMb: number;
  /** What a second of a client's waiting is held to be worth; 0 = nothing. */
  readonly latencyUsdPerSecond: number;
  /** How long a request waits for an invocation of a warm instance. Default: {@link defaultInvocationDelayMs}. */
  readonly invocationDelayMs?: number;
  /** Billed by every invocation before and after it serves. Default: {@link defaultInvocationOverheadMs}. */
  readonly invocationOverheadMs?: number;
  /** Invocations of this node that started within the last second, the present one included. */
  readonly invocationsInLastSecond: number;
  /** When the budget is nearly used: the time until it no longer is. Default: a whole second. */
  readonly budgetFreeInMs?: number;
  /** Default: {@link maxInvocationsPerSecond}. */
  readonly maxInvocationsPerSecond?: number;
  /** How long the session has lasted. Default 0. */
  readonly sessionAgeMs?: number;
  /** Default: {@link maxSessionMs}. */
  readonly maxSessionMs?: number;
}

/** A warm invocation's delay as the paper measured it (InfiniStore, about 13 ms). */
const defaultInvocationDelayMs = 13;

/** Assumed: the handler's start, dialling and hello, and the return. */
const defaultInvocationOverheadMs = 3;

/** The budget counts as nearly used when only so many invocations are left of it. */
const reservedInvocations = 2;

/**
 * Milliseconds from a session's last answer until it should end, whole, 0 … what is left of the greatest session age.
 * Throws `RangeError` for figures that are negative or no numbers.
 */
export function lingerMs(input: LingerInput): number {
  assertFigures(input);
  const staysMs = Math.max(rentalMs(input), isBudgetNearlyUsed(input) ? (input.budgetFreeInMs ?? 1000) : 0);
  const leftMs = (input.maxSessionMs ?? maxSessionMs) - (input.sessionAgeMs ?? 0);
  return Math.floor(Math.max(0, Math.min(staysMs, leftMs)));
}

/** True when the next invocations could be refused by the instance's rate limit. */
export function isBudgetNearlyUsed(
  input: Pick<LingerInput, 'invocationsInLastSecond' | 'maxInvocationsPerSecond'>,
): boolean {
  const limit = input.maxInvocationsPerSecond ?? maxInvocationsPerSecond;
  return input.invocationsInLastSecond >= Math.max(1, limit - reservedInvocations);
}

/** When renting has cost as much as buying. */
function rentalMs(input: LingerInput): number {
  const { priceBook, architecture, memoryMb, latencyUsdPerSecond } = input;
  const delayMs = input.invocationDelayMs ?? defaultInvocationDelayMs;
  const overheadMs = input.invocationOverheadMs ?? defaultInvocationOverheadMs;
  const buyUsd = invocationUsd(priceBook, architecture, memoryMb, overheadMs) + (latencyUsdPerSecond * delayMs) / 1000;
  return (buyUsd / functionUsdPerSecond(priceBook, architecture, memoryMb)) * 1000;
}

function assertFigures(input: LingerInput): void {
  for (const [name, value] of Object.entries(input)) {
    if (typeof value === 'number' && !(value >= 0)) throw new RangeError(`${name} must be at least 0, got ${value}`);
  }
  if (input.memoryMb === 0) throw new RangeError('memoryMb must be above 0');
}

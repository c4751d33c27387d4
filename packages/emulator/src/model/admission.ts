/**
 * Whether an invocation may run now, and where: the order of Lambda's limits as one pure decision over plain state.
 *
 * | check, in this order                                   | refused as                                              |
 * |--------------------------------------------------------|---------------------------------------------------------|
 * | reserved concurrency 0                                 | ReservedFunctionConcurrentInvocationLimitExceeded       |
 * | own concurrency in use                                 | ReservedFunctionConcurrentInvocationLimitExceeded       |
 * | the account's unreserved concurrency in use            | ConcurrentInvocationLimitExceeded                       |
 * | sync: 10 per second × the function's concurrency       | (Reserved)FunctionInvocationRateLimitExceeded           |
 * | sync: 10 per second × the account's concurrency        | CallerRateLimitExceeded                                 |
 * | an idle instance with budget left                      | runs there                                              |
 * | as many instances as concurrency, all without budget   | (Reserved)FunctionInvocationRateLimitExceeded           |
 * | the function's scaling rate                            | ConcurrentInvocationLimitExceeded                       |
 * | otherwise                                              | runs on a new instance                                  |
 */
import type { Random } from '@sion/components';
import type { InvocationMode, ThrottleReason } from './events.ts';
import type { Figures } from './figures.ts';
import type { FunctionState } from './function-state.ts';
import type { Instance } from './instance.ts';
import type { SlidingWindow } from './limits.ts';

/** What of the account a decision needs. */
export interface AccountState {
  /** The account's concurrency less all reservations. */
  readonly unreserved: number;
  /** In use by functions without a reservation. */
  readonly unreservedInFlight: number;
  readonly rate: SlidingWindow;
}

export type Admission =
  | { readonly kind: 'reuse'; readonly instance: Instance }
  | { readonly kind: 'start' }
  | { readonly kind: 'throttle'; readonly reason: ThrottleReason; readonly retryAfterMs: number };

/** Decides; books nothing but the token of a new instance. */
export function admit(
  state: FunctionState,
  account: AccountState,
  mode: InvocationMode,
  figures: Figures,
  nowMs: number,
  random: Random,
): Admission {
  const reserved = state.config.reservedConcurrency;
  const limit = reserved ?? account.unreserved;
  const inUse = reserved === undefined ? account.unreservedInFlight : state.inFlight;
  if (inUse >= limit) {
    const reason =
      reserved === undefined
        ? 'ConcurrentInvocationLimitExceeded'
        : 'ReservedFunctionConcurrentInvocationLimitExceeded';
    return throttle(reason, 0);
  }
  const rateReason =
    reserved === undefined ? 'FunctionInvocationRateLimitExceeded' : 'ReservedFunctionInvocationRateLimitExceeded';
  const perInstance = figures.invocationsPerSecond;
  if (mode === 'sync') {
    const functionFreeMs = state.rate.freeInMs(nowMs, perInstance * limit);
    if (functionFreeMs > 0) return throttle(rateReason, functionFreeMs);
    const accountFreeMs = account.rate.freeInMs(nowMs, perInstance * figures.accountConcurrency);
    if (accountFreeMs > 0) return throttle('CallerRateLimitExceeded', accountFreeMs);
  }
  const ready: Instance[] = [];
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const instance of state.instances.values()) {
    if (instance.state !== 'idle') continue;
    const freeMs = mode === 'sync' ? instance.served.freeInMs(nowMs, perInstance) : 0;
    if (freeMs <= 0) ready.push(instance);
    else soonestMs = Math.min(soonestMs, freeMs);
  }
  const chosen = ready[ready.length > 1 ? random.integer(ready.length) : 0];
  if (chosen !== undefined) return { kind: 'reuse', instance: chosen };
  if (state.instances.size >= limit) return throttle(rateReason, soonestMs);
  if (!state.scaling.take(nowMs)) {
    return throttle('ConcurrentInvocationLimitExceeded', state.scaling.freeInMs(nowMs));
  }
  return { kind: 'start' };
}

function throttle(reason: ThrottleReason, retryAfterMs: number): Admission {
  return { kind: 'throttle', reason, retryAfterMs: Number.isFinite(retryAfterMs) ? Math.max(0, retryAfterMs) : 0 };
}

/**
 * Trying again. A call is sent again when the failure says that nothing was changed, whatever the call is; after a reply
 * that was lost only when the call reads, or when its caller has said that it may be repeated (`resend`). Waits grow and are
 * spread by chance; a budget that all calls of a client share keeps an outage from being answered with a storm.
 */
import type { CallLimits } from './call-limits.ts';
import { asSionError, type SionError } from './errors.ts';

/** How often and how soon. */
export interface RetrySettings {
  /** Attempts after the first; 0 = none. */
  readonly retries: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/** Retries that may be under way before successes have earned more. */
const fullBudget = 50;
/** What a call that succeeded at once gives back. */
const earned = 0.1;

/** Shared by all calls of a client. */
export class RetryBudget {
  #left = fullBudget;

  /** False when the budget is used up: the failure is to be told, not tried away. */
  take(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  earn(): void {
    this.#left = Math.min(fullBudget, this.#left + earned);
  }
}

/** Runs attempts until one succeeds or the failure is one to be told. */
export async function withRetries<T>(
  limits: CallLimits,
  settings: RetrySettings & { readonly resend: boolean; readonly canRepeat: () => boolean },
  budget: RetryBudget,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failed = 0; ; ) {
    try {
      const result = await attempt();
      if (failed === 0) budget.earn();
      return result;
    } catch (thrown) {
      const error = asSionError(thrown);
      failed += 1;
      if (failed > settings.retries || limits.ended !== undefined || !settings.canRepeat()) throw error;
      if (!mayRepeat(error, settings.resend) || !budget.take()) throw error;
      await waitBefore(failed, error, settings, limits);
    }
  }
}

function mayRepeat(error: SionError, resend: boolean): boolean {
  if (error.code === 'indeterminate') return resend;
  return error.retryable && error.code !== 'timeout';
}

async function waitBefore(
  failed: number,
  error: SionError,
  { minDelayMs, maxDelayMs }: RetrySettings,
  limits: CallLimits,
): Promise<void> {
  const grown = Math.min(maxDelayMs, minDelayMs * 2 ** (failed - 1));
  const spread = grown / 2 + (grown / 2) * limits.system.random();
  try {
    await limits.delay(Math.max(spread, Math.min(error.retryAfterMs ?? 0, maxDelayMs)));
  } catch {
    // The time is over: what was tried last says more than that, and its effect must not be forgotten.
    throw error;
  }
}

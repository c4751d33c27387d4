/**
 * Keeps the functions within `SION_MAX_USD_PER_HOUR`: takes what each invocation costs and what functions read from the
 * store, and tells whoever is about to use functions whether to save instead. Which parts heed that stands in `docs/budget.md`. Core's `Budget` has the rule.
 *
 * Must never: fail or hold up a request. Above the bound the store serves.
 */
import type { Clock, Log } from '@sion/components';
import { Budget, type BudgetPolicy } from '@sion/core';

export interface BudgetStatus {
  /** Of functions, over the last hour, what runs included. */
  readonly lastHourUsd: number;
  /** 0 = no bound. */
  readonly maxUsdPerHour: number;
  readonly isSaving: boolean;
}

export class BudgetKeeper {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #budget: Budget;
  #wasSaving = false;

  constructor(parts: { readonly clock: Clock; readonly log: Log; readonly policy: BudgetPolicy }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#budget = new Budget(parts.policy);
  }

  /** An invocation begins. Call what this gives once, with what it has cost in dollars. */
  begin(): (usd: number) => void {
    const begunMs = this.#clock.monotonicMs();
    this.#budget.begin(begunMs);
    return (usd) => this.#budget.end(begunMs, usd, this.#clock.monotonicMs());
  }

  /** Functions have cost this otherwise than by an invocation. */
  book(usd: number): void {
    this.#budget.book(usd, this.#clock.monotonicMs());
  }

  /** Whether functions are to be left alone where there is another way. */
  get isSaving(): boolean {
    const isSaving = this.#budget.isSaving(this.#clock.monotonicMs());
    if (isSaving !== this.#wasSaving) this.#turn(isSaving);
    return isSaving;
  }

  get status(): BudgetStatus {
    const { isSaving } = this;
    const lastHourUsd = this.#budget.lastHourUsd(this.#clock.monotonicMs());
    return { lastHourUsd, maxUsdPerHour: this.#budget.maxUsdPerHour, isSaving };
  }

  #turn(isSaving: boolean): void {
    this.#wasSaving = isSaving;
    const lastHourUsd = this.#budget.lastHourUsd(this.#clock.monotonicMs());
    const { maxUsdPerHour } = this.#budget;
    if (isSaving) this.#log.warn('budget-spent', { lastHourUsd, maxUsdPerHour, now: 'the store serves' });
    else this.#log.info('budget-free', { lastHourUsd, maxUsdPerHour, now: 'functions serve again' });
  }
}

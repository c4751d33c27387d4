/**
 * The bound on what functions may cost in an hour: a sliding sum of what was booked, of what runs and is not billed yet,
 * and the verdict to save or to spend. Pure: the time comes in with each call and never runs backwards.
 *
 * Must never: forget a dollar before it is an hour old, nor turn from one verdict to the other and back by the minute. So
 * the sum reaches back up to a minute longer than an hour, and once it has reached the bound SION saves until a fifth of
 * the bound is free again.
 */

/** What it goes by. */
export interface BudgetPolicy {
  /** Dollars; 0 = no bound. */
  readonly maxUsdPerHour: number;
  /** What a running invocation costs, in dollars per millisecond. */
  readonly usdPerRunningMs: number;
}

const slotMs = 60_000;
/** An hour, and the minute that has begun. */
const slots = 61;
/** Of the bound; below it SION spends again. */
const spendAgainShare = 0.8;

/** Counts dollars over the last hour, and says whether to save. */
export class Budget {
  readonly #policy: BudgetPolicy;
  readonly #usdBySlot = new Float64Array(slots);
  /** Of all slots. */
  #bookedUsd = 0;
  #slot = 0;
  #running = 0;
  /** Sum of the moments at which what runs began. */
  #begunSumMs = 0;
  #isSaving = false;

  constructor(policy: BudgetPolicy) {
    this.#policy = policy;
  }

  get maxUsdPerHour(): number {
    return this.#policy.maxUsdPerHour;
  }

  /** An invocation has begun. Each is ended once, with the same moment. */
  begin(nowMs: number): void {
    this.#running += 1;
    this.#begunSumMs += nowMs;
  }

  /** It is over, and costs this. */
  end(begunMs: number, usd: number, nowMs: number): void {
    this.#running -= 1;
    // What rounding has left of the sum goes when nothing runs.
    this.#begunSumMs = this.#running === 0 ? 0 : this.#begunSumMs - begunMs;
    this.book(usd, nowMs);
  }

  /** Counts dollars that were spent at once. */
  book(usd: number, nowMs: number): void {
    this.#turnTo(nowMs);
    const at = this.#slot % slots;
    this.#usdBySlot[at] = (this.#usdBySlot[at] ?? 0) + usd;
    this.#bookedUsd += usd;
  }

  /** Dollars of the last hour, those included that what runs has cost so far. */
  lastHourUsd(nowMs: number): number {
    this.#turnTo(nowMs);
    const runningMs = this.#running * nowMs - this.#begunSumMs;
    return this.#bookedUsd + runningMs * this.#policy.usdPerRunningMs;
  }

  /** Whether SION is to save now. */
  isSaving(nowMs: number): boolean {
    const { maxUsdPerHour } = this.#policy;
    if (maxUsdPerHour === 0) return false;
    this.#isSaving = this.lastHourUsd(nowMs) >= maxUsdPerHour * (this.#isSaving ? spendAgainShare : 1);
    return this.#isSaving;
  }

  /** Lets go what is more than an hour old. */
  #turnTo(nowMs: number): void {
    const slot = Math.floor(nowMs / slotMs);
    const passed = Math.min(slots, slot - this.#slot);
    if (passed <= 0) return;
    for (let back = 0; back < passed; back++) this.#usdBySlot[(slot - back) % slots] = 0;
    this.#slot = slot;
    // Anew each time: a difference of sums would gather what rounding leaves.
    this.#bookedUsd = this.#usdBySlot.reduce((sum, usd) => sum + usd, 0);
  }
}

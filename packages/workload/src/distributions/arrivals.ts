/**
 * When requests are due: a rate that changes in steps or bursts, and how arrivals lie within it, evenly or by chance
 * (Poisson). Bursts draw a new rate from a Pareto distribution at intervals, the base rate being its least value, as the
 * evaluation of λFS (ASPLOS'23) did.
 */
import type { SeededRandom } from '../seeded-random.ts';

/** A rate that holds for a while. */
export interface RateStep {
  readonly perSecond: number;
  readonly seconds: number;
}

export interface BurstPlan {
  readonly basePerSecond: number;
  /** Pareto's α; the smaller, the heavier the bursts. */
  readonly shape: number;
  readonly intervalSeconds: number;
  /** No rate is above the base times this. */
  readonly maxFactor: number;
}

/** One rate for ever. */
export function steadyRate(perSecond: number): readonly RateStep[] {
  return [{ perSecond, seconds: Number.POSITIVE_INFINITY }];
}

/** A new rate each interval, for ever. */
export function* burstRates(plan: BurstPlan, random: SeededRandom): Generator<RateStep> {
  for (;;) {
    const factor = Math.min(plan.maxFactor, (1 - random.double()) ** (-1 / plan.shape));
    yield { perSecond: plan.basePerSecond * factor, seconds: plan.intervalSeconds };
  }
}

/** Milliseconds since the beginning at which requests are due; ends with the last step. */
export function* arrivalTimes(
  steps: Iterable<RateStep>,
  pattern: 'even' | 'poisson',
  random: SeededRandom,
): Generator<number> {
  let stepBeganMs = 0;
  // In units of the mean distance, carried over a change of rate: an arrival is not lost where a slow step ends.
  let toNext = pattern === 'even' ? 0 : drawGap(random);
  for (const { perSecond, seconds } of steps) {
    let atMs = stepBeganMs;
    const endMs = stepBeganMs + seconds * 1000;
    if (perSecond > 0) {
      for (;;) {
        const dueMs = atMs + (toNext / perSecond) * 1000;
        if (dueMs >= endMs) {
          toNext -= ((endMs - atMs) / 1000) * perSecond;
          break;
        }
        yield dueMs;
        atMs = dueMs;
        toNext = pattern === 'even' ? 1 : drawGap(random);
      }
    }
    stepBeganMs = endMs;
  }
}

function drawGap(random: SeededRandom): number {
  return -Math.log(1 - random.double());
}

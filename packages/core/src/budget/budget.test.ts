import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget } from './budget.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Dollars that are billed at a moment, at once. */
function bill(budget: Budget, usd: number, nowMs: number): void {
  budget.begin(nowMs);
  budget.end(nowMs, usd, nowMs);
}

describe('the budget', () => {
  it('never saves without a bound', () => {
    const budget = new Budget({ maxUsdPerHour: 0, usdPerRunningMs: 1 });
    bill(budget, 1e9, 0);
    expect(budget.isSaving(0)).toBe(false);
  });

  it('saves from the bound on, and spends again when a fifth of it is free', () => {
    const budget = new Budget({ maxUsdPerHour: 10, usdPerRunningMs: 0 });
    bill(budget, 1, 0);
    bill(budget, 1.5, 10 * minuteMs);
    bill(budget, 7, 20 * minuteMs);
    expect(budget.isSaving(20 * minuteMs)).toBe(false);
    bill(budget, 0.5, 20 * minuteMs);
    expect(budget.isSaving(20 * minuteMs)).toBe(true);
    expect(budget.lastHourUsd(62 * minuteMs)).toBe(9);
    expect(budget.isSaving(62 * minuteMs)).toBe(true);
    expect(budget.isSaving(72 * minuteMs)).toBe(false);
    expect(budget.lastHourUsd(72 * minuteMs)).toBe(7.5);
  });

  it('counts what runs before it is billed', () => {
    const budget = new Budget({ maxUsdPerHour: 1, usdPerRunningMs: 0.001 });
    budget.begin(1000);
    budget.begin(1500);
    expect(budget.lastHourUsd(1800)).toBeCloseTo(1.1);
    expect(budget.isSaving(1800)).toBe(true);
    budget.end(1000, 0.2, 1900);
    expect(budget.lastHourUsd(1900)).toBeCloseTo(0.6);
  });

  it('counts what is booked at once, and nothing of what ran once that is over', () => {
    const budget = new Budget({ maxUsdPerHour: 1, usdPerRunningMs: 0.001 });
    budget.begin(0.1);
    budget.begin(0.2);
    budget.book(0.5, 1);
    expect(budget.lastHourUsd(100.3)).toBeCloseTo(0.7);
    budget.end(0.2, 0, 200);
    budget.end(0.1, 0, 200);
    expect(budget.lastHourUsd(hourMs)).toBe(0.5);
    expect(budget.lastHourUsd(hourMs + minuteMs)).toBe(0);
  });

  it('holds every dollar for an hour and none for longer than a minute more', () => {
    const bills = fc.array(fc.record({ afterMs: fc.nat(20 * minuteMs), cents: fc.integer({ min: 1, max: 100 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(bills, (wanted) => {
        const budget = new Budget({ maxUsdPerHour: 0, usdPerRunningMs: 0 });
        const billed: { readonly atMs: number; readonly usd: number }[] = [];
        let nowMs = 0;
        for (const { afterMs, cents } of wanted) {
          nowMs += afterMs;
          bill(budget, cents, nowMs);
          billed.push({ atMs: nowMs, usd: cents });
          const since = (ms: number) => billed.reduce((sum, { atMs, usd }) => sum + (atMs > nowMs - ms ? usd : 0), 0);
          expect(budget.lastHourUsd(nowMs)).toBeGreaterThanOrEqual(since(hourMs));
          expect(budget.lastHourUsd(nowMs)).toBeLessThanOrEqual(since(hourMs + minuteMs));
        }
      }),
    );
  });

  it('is turned at most once for each fifth of the bound that is spent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5 * minuteMs), { maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (steps, cents) => {
          const budget = new Budget({ maxUsdPerHour: 100, usdPerRunningMs: 0 });
          let [nowMs, spentUsd, turns, isSaving] = [0, 0, 0, false];
          for (const afterMs of steps) {
            nowMs += afterMs;
            if (!budget.isSaving(nowMs)) {
              bill(budget, cents, nowMs);
              spentUsd += cents;
            }
            if (budget.isSaving(nowMs) && !isSaving) turns++;
            isSaving = budget.isSaving(nowMs);
          }
          expect(turns).toBeLessThanOrEqual(spentUsd / 20);
        },
      ),
    );
  });
});

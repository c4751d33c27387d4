import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { BudgetKeeper } from './budget-keeper.ts';

function createKeeper(maxUsdPerHour: number) {
  const clock = createManualClock();
  const lines: string[] = [];
  const log = {
    debug() {},
    info: (event: string) => void lines.push(`info ${event}`),
    warn: (event: string) => void lines.push(`warn ${event}`),
    error() {},
    child: () => log,
  };
  return { clock, lines, keeper: new BudgetKeeper({ clock, log, policy: { maxUsdPerHour, usdPerRunningMs: 1e-6 } }) };
}

describe('the keeper of the budget', () => {
  it('saves from the bound on, says so once, and spends again an hour later', () => {
    const { clock, keeper, lines } = createKeeper(0.01);
    const bill = keeper.begin();
    clock.advance(5000);
    expect(keeper.status).toEqual({ lastHourUsd: expect.closeTo(0.005), maxUsdPerHour: 0.01, isSaving: false });
    bill(0.02);
    expect([keeper.isSaving, keeper.isSaving]).toEqual([true, true]);
    expect(lines).toEqual(['warn budget-spent']);
    clock.advance(59 * 60_000);
    expect(keeper.isSaving).toBe(true);
    clock.advance(2 * 60_000);
    expect(keeper.isSaving).toBe(false);
    expect(lines).toEqual(['warn budget-spent', 'info budget-free']);
  });

  it('counts what functions read from the store', () => {
    const { keeper } = createKeeper(0.01);
    keeper.book(0.01);
    expect(keeper.status).toMatchObject({ lastHourUsd: 0.01, isSaving: true });
  });

  it('counts what runs at a node’s price, although nobody has billed it yet', () => {
    const { clock, keeper } = createKeeper(0.01);
    for (let node = 0; node < 10; node++) keeper.begin();
    clock.advance(1001);
    expect(keeper.isSaving).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../tests/doubles/manual-clock.ts';
import { CallLimits } from './call-limits.ts';
import { SionError } from './errors.ts';
import { RetryBudget, withRetries } from './retry.ts';

const settings = { retries: 5, minDelayMs: 100, maxDelayMs: 1_000, resend: false, canRepeat: () => true };
const away = new SionError('unavailable', 'away');

/** Runs attempts that fail so; gives the waits between them. */
async function waitsOf(
  failures: readonly SionError[],
  options: { chance?: number; timeoutMs?: number; budget?: RetryBudget } = {},
) {
  const { chance = 0, timeoutMs = 0, budget = new RetryBudget() } = options;
  const clock = createManualClock();
  const limits = new CallLimits({ ...clock, random: () => chance }, { timeoutMs });
  const times: number[] = [];
  const result = withRetries(limits, settings, budget, async () => {
    const failure = failures[times.length];
    times.push(clock.monotonicMs());
    if (failure !== undefined) throw failure;
    return 'done';
  }).catch((error: unknown) => error);
  let settled = false;
  void result.then(() => {
    settled = true;
  });
  for (let turn = 0; !settled; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!settled && turn > 2) clock.fireNext();
  }
  limits.close();
  expect(clock.pendingTimers()).toBe(0);
  return { result: await result, waits: times.slice(1).map((time, at) => time - (times[at] ?? 0)) };
}

describe('waits', () => {
  it('grow, up to their bound, and are spread by chance', async () => {
    const failures = [away, away, away, away, away];
    expect(await waitsOf(failures)).toEqual({ result: 'done', waits: [50, 100, 200, 400, 500] });
    expect(await waitsOf(failures, { chance: 1 })).toEqual({ result: 'done', waits: [100, 200, 400, 800, 1_000] });
  });

  it('are at least as long as the server asks, within the bound', async () => {
    const asked = new SionError('unavailable', 'away', { retryAfterMs: 700 });
    const longer = new SionError('closed', 'away', { retryAfterMs: 60_000 });
    expect((await waitsOf([asked, longer])).waits).toEqual([700, 1_000]);
  });

  it('end with the call’s time, and the failure is the last attempt’s', async () => {
    expect(await waitsOf([away, away, away, away], { timeoutMs: 250 })).toEqual({ result: away, waits: [50, 100] });
  });
});

describe('what is not tried again', () => {
  it.each([
    'invalid',
    'indeterminate',
    'capacity',
    'corrupt',
    'internal',
    'timeout',
    'aborted',
    'unauthorized',
  ] as const)('%s', async (code) => {
    const error = new SionError(code, 'no');
    expect(await waitsOf([error])).toEqual({ result: error, waits: [] });
  });

  it('the sixth failure', async () => {
    expect(await waitsOf([away, away, away, away, away, away])).toMatchObject({ result: away, waits: { length: 5 } });
  });

  it('anything once the budget is used up, until calls succeed again', async () => {
    const budget = new RetryBudget();
    while (budget.take()) await Promise.resolve();
    expect(await waitsOf([away], { budget })).toEqual({ result: away, waits: [] });
    for (let call = 0; call < 11; call++) expect(await waitsOf([], { budget })).toEqual({ result: 'done', waits: [] });
    expect(await waitsOf([away], { budget })).toMatchObject({ result: 'done' });
  });
});

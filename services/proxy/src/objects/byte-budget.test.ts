import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { ByteBudget } from './byte-budget.ts';

const kib = 1024;
/** 1 MiB in all: requests above 1 KiB are large and share 896 KiB. */
const totalBytes = 1024 * kib;
const largeBytes = 896 * kib;

describe('a byte budget', () => {
  it('keeps room for small requests when large ones have taken theirs', async () => {
    const budget = new ByteBudget(totalBytes);
    expect(budget.tryAcquire(largeBytes)).toBe(true);
    expect(budget.tryAcquire(2 * kib)).toBe(false);
    const order: string[] = [];
    const large = budget.acquire(2 * kib).then(() => order.push('large'));
    await budget.acquire(kib).then(() => order.push('small'));
    budget.release(largeBytes);
    await large;
    expect(order).toEqual(['small', 'large']);
    expect(budget.usedBytes).toBe(3 * kib);
  });

  it('grants large requests in their order', async () => {
    const budget = new ByteBudget(totalBytes);
    await budget.acquire(largeBytes);
    const order: number[] = [];
    const waiting = [600, 500, 4].map((size) => budget.acquire(size * kib).then(() => order.push(size)));
    budget.release(largeBytes);
    await waiting[0];
    expect(order).toEqual([600]);
    budget.release(600 * kib);
    await Promise.all(waiting);
    expect(order).toEqual([600, 500, 4]);
  });

  it('refuses what can never be granted, with the limit and the setting', async () => {
    const budget = new ByteBudget(totalBytes);
    const refused = budget.acquire(largeBytes + 1);
    await expect(refused).rejects.toMatchObject({ code: 'capacity' });
    await expect(refused).rejects.toThrow(`the limit is ${largeBytes}; raise SION_BODY_MEMORY_BYTES`);
  });

  it('holds nothing for one who gave up before, while and after waiting', async () => {
    const budget = new ByteBudget(totalBytes);
    const clock = createManualClock();
    expect(await budget.acquireWithin(kib, 100, clock, AbortSignal.abort())).toBe(false);
    await expect(budget.acquire(kib, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    await budget.acquire(largeBytes);
    const gone = new AbortController();
    const aborted = budget.acquireWithin(2 * kib, 100, clock, gone.signal);
    const late = budget.acquireWithin(3 * kib, 100, clock);
    const patient = budget.acquireWithin(4 * kib, 200, clock);
    gone.abort();
    expect(await aborted).toBe(false);
    clock.advance(100);
    expect(await late).toBe(false);
    budget.release(largeBytes);
    expect(await patient).toBe(true);
    expect(budget.usedBytes).toBe(4 * kib);
  });
});

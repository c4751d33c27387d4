import { expect, test, vi } from 'vitest';
import { delay } from '../clock.ts';
import { systemClock } from './clock.ts';

test('a timer never fires before its time', async () => {
  const early: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const start = systemClock.monotonicMs();
    const delayMs = 1.5 + round / 10;
    await delay(systemClock, delayMs);
    const passed = systemClock.monotonicMs() - start;
    if (passed < delayMs) early.push(passed);
  }
  expect(early).toEqual([]);
});

test('a delay of more than 2^31 ms does not fire at once, and a cancelled timer never does', async () => {
  const fired: string[] = [];
  const long = systemClock.after(2 ** 33, () => fired.push('long'));
  const endless = systemClock.after(Number.POSITIVE_INFINITY, () => fired.push('endless'));
  const cancelled = systemClock.after(0, () => fired.push('cancelled'));
  cancelled.cancel();
  await delay(systemClock, 5);
  await delay(systemClock, -1);
  long.cancel();
  long.cancel();
  endless.cancel();
  expect(fired).toEqual([]);
});

test('a delay that is not a number is a programmer error', () => {
  expect(() => systemClock.after(Number.NaN, () => {})).toThrow(RangeError);
});

test('an aborted delay rejects with the reason', async () => {
  const controller = new AbortController();
  const waiting = delay(systemClock, 2 ** 40, controller.signal);
  controller.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
});

test('a timer of a process that got no turn until it was due fires, and nobody is warned', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.name);
  process.on('warning', onWarning);
  // The second look at the clock, behind the first within the same call, finds that 100 ms are gone.
  const now = vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(100);
  await delay(systemClock, 5);
  now.mockRestore();
  await delay(systemClock, 0);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

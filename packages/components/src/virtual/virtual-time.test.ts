import { expect, it } from 'vitest';
import { VirtualTime } from './virtual-time.ts';

it('lets events happen in the order of their times, then of their making', async () => {
  const time = new VirtualTime();
  const happened: string[] = [];
  time.after(5, () => happened.push(`b at ${time.nowMs}`));
  time.after(1, () => {
    happened.push(`a at ${time.nowMs}`);
    time.after(4, () => happened.push(`c at ${time.nowMs}`));
  });
  expect(await time.run(() => false)).toBe(false);
  expect(happened).toEqual(['a at 1', 'b at 5', 'c at 5']);
});

it('carries out what an event makes ready before the next one', async () => {
  const time = new VirtualTime();
  const happened: string[] = [];
  time.after(1, () => {
    Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => happened.push('ready'))
      .catch(() => {});
  });
  time.after(1, () => happened.push('next'));
  await time.run(() => false);
  expect(happened).toEqual(['ready', 'next']);
});

it('passes whenever something waits for however short a time', async () => {
  const time = new VirtualTime();
  let turns = 0;
  const dueMs = 1_049_042.202611112;
  const again = () => {
    turns++;
    if (time.nowMs < dueMs) time.after(dueMs - time.nowMs, again);
    else if (turns < 1000) time.after(1e-11, again);
  };
  time.after(0, again);
  await time.run(() => turns >= 1000);
  expect(time.nowMs).toBeGreaterThan(dueMs + 0.9);
});

it('stops at a time that it is given, with what is later still to come', async () => {
  const time = new VirtualTime();
  let happened = 0;
  time.after(10, () => happened++);
  expect(await time.run(() => false, 5)).toBe(false);
  expect([time.nowMs, happened]).toEqual([5, 0]);
  expect(await time.run(() => happened > 0)).toBe(true);
  expect(time.nowMs).toBe(10);
});

import { expect, test } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { type ProgressMode, TransferDisplay } from './transfer-display.ts';

function open(mode: ProgressMode, quiet = false) {
  const written: string[] = [];
  const clock = createManualClock();
  const output = { isTTY: mode === 'bar', columns: 80, write: (text: string) => written.push(text) };
  const display = new TransferDisplay({ clock, output, mode, quiet }, 'key', 1000);
  return { display, clock, written };
}

test('a small transfer shows no bar, only what was done', () => {
  const { display, clock, written } = open('bar');
  clock.advance(300);
  display.moved(1000);
  expect(written).toEqual([]);
  display.end('done');
  expect(written).toEqual(['key: 1000 B in 0.3 s, 3.3 KiB/s\u001b[K', '\n']);
  expect(clock.pendingTimers()).toBe(0);
});

test('a longer one is drawn by time, also when nothing moves', () => {
  const { display, clock, written } = open('bar');
  display.moved(250);
  clock.advance(1000);
  expect(written.join('')).toContain('25%');
  clock.advance(10_000);
  expect(written.at(-1)).toContain('stalled');
  display.moved(750);
  display.wait('waiting for the store');
  clock.advance(200);
  expect(written.at(-1)).toContain('waiting for the store');
  display.end('failed');
  expect(written.at(-1)).toBe('\n');
  expect(clock.pendingTimers()).toBe(0);
});

test('without a terminal there is a line every ten seconds', () => {
  const { display, clock, written } = open('lines');
  display.moved(500);
  clock.advance(10_000);
  display.moved(500);
  clock.advance(10_400);
  display.end('done');
  expect(written).toHaveLength(4);
  expect(written[0]).toMatch(/^key: 50% 500 B of 1000 B .*\n$/);
  expect(written.at(-1)).toMatch(/^key: 1000 B in 21 s, /);
});

test('nothing is said that was not asked for, and nothing at all when quiet', () => {
  const { display, clock, written } = open('none');
  clock.advance(60_000);
  display.say('a notice');
  display.end('done');
  expect(written).toEqual(['a notice\n']);
  const quiet = open('none', true);
  quiet.display.say('a notice');
  quiet.display.end('done');
  expect(quiet.written).toEqual([]);
});

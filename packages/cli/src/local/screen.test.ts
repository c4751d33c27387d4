import { expect, test } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { Screen } from './screen.ts';

function open(isTTY: boolean, columns = 20) {
  const written: string[] = [];
  const clock = createManualClock();
  const screen = new Screen({ isTTY, columns, write: (text) => written.push(text) }, clock);
  return { screen, written, clock };
}

test('on a terminal the live line is rewritten in place, and lines go above it', () => {
  const { screen, written } = open(true);
  screen.say('step');
  screen.live('a 1');
  screen.live('a 1');
  screen.live('a 2');
  screen.say('news');
  screen.endLive();
  screen.say('end');
  const clear = '\r\u001b[2K';
  expect(written).toEqual(['step\n', `${clear}a 1`, `${clear}a 2`, `${clear}news\na 2`, '\n', 'end\n']);
});

test('on a terminal a live line never wraps', () => {
  const { screen, written } = open(true, 10);
  screen.live('0123456789abcdef');
  expect(written).toEqual(['\r\u001b[2K01234567…']);
});

test('elsewhere a live line is a plain line when it changed, at most every ten seconds', () => {
  const { screen, written, clock } = open(false);
  screen.live('a');
  screen.live('b');
  clock.advance(9_999);
  screen.live('c');
  clock.advance(1);
  screen.live('a');
  screen.live('d');
  clock.advance(10_000);
  screen.live('d');
  screen.endLive();
  expect(written).toEqual(['a\n', 'd\n']);
});

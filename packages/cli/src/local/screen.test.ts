import { expect, test } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { Screen } from './screen.ts';

function open(isTTY: boolean, columns = 20) {
  const written: string[] = [];
  const clock = createManualClock();
  const screen = new Screen({ isTTY, columns, write: (text) => written.push(text) }, clock);
  return { screen, written, clock };
}

/** What a terminal shows after all that was written: rows, of which none may reach its edge. */
function shown(written: readonly string[], columns: number): readonly string[] {
  const rows = [''];
  let [row, column] = [0, 0];
  const escape = '\u001b';
  for (const [token] of written.join('').matchAll(new RegExp(`${escape}\\[\\d*[AJK]|[^${escape}]`, 'g'))) {
    if (token.endsWith('A') && token.length > 1) row -= Number(token.slice(2, -1));
    else if (token === '\u001b[K') rows[row] = (rows[row] ?? '').slice(0, column);
    else if (token === '\u001b[J') rows.splice(row + 1);
    else if (token === '\r') column = 0;
    else if (token === '\n') [row, column] = [row + 1, 0];
    else {
      const text = rows[row] ?? '';
      rows[row] = text.slice(0, column) + token + text.slice(column + 1);
      column += 1;
    }
    while (rows.length <= row) rows.push('');
  }
  expect(rows.filter((text) => text.length >= columns)).toEqual([]);
  return rows;
}

test('on a terminal the live line is rewritten in place, and lines go above it', () => {
  const { screen, written } = open(true);
  screen.say('step');
  screen.live('a 1');
  expect(shown(written, 20)).toEqual(['step', 'a 1']);
  screen.live('a 2');
  screen.say('news');
  expect(shown(written, 20)).toEqual(['step', 'news', 'a 2']);
  screen.endLive();
  screen.say('end');
  expect(shown(written, 20)).toEqual(['step', 'news', 'a 2', 'end', '']);
});

test('a live line that has not changed is not written again', () => {
  const { screen, written } = open(true);
  screen.live('a 1');
  screen.live('a 1');
  expect(written).toEqual(['a 1\u001b[K']);
});

test('on a terminal what is too long is broken at spaces, the live line included', () => {
  const { screen, written } = open(true);
  screen.say('  proxy on 127.0.0.1:1, status on 127.0.0.1:2');
  screen.live('serving · GET 1 memory · $1');
  screen.live('serving · GET 2 memory · $2');
  const head = ['  proxy on', '  127.0.0.1:1,', '  status on', '  127.0.0.1:2'];
  expect(shown(written, 20)).toEqual([...head, 'serving · GET 2', 'memory · $2']);
  screen.say('the proxy died');
  expect(shown(written, 20)).toEqual([...head, 'the proxy died', 'serving · GET 2', 'memory · $2']);
  screen.live('short');
  expect(shown(written, 20)).toEqual([...head, 'the proxy died', 'short']);
});

test('a word that is longer than a row is broken where the row ends', () => {
  const { screen, written } = open(true, 10);
  screen.say('0123456789abcdef');
  expect(shown(written, 10)).toEqual(['012345678', '9abcdef', '']);
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

test('elsewhere nothing is broken', () => {
  const { screen, written } = open(false);
  screen.say('a line that is longer than twenty columns');
  expect(written).toEqual(['a line that is longer than twenty columns\n']);
});

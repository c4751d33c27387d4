import { expect, test } from 'vitest';
import { JournalNews, proxyEndWords, stoppedWords } from './journal-news.ts';

function newsOf(...lines: readonly object[]) {
  const said: string[] = [];
  const news = new JournalNews((text) => said.push(text));
  for (const line of lines) news.take(JSON.stringify(line));
  return { news, said };
}

test('says while it waits that the stop waits for the store', () => {
  const { said, news } = newsOf({ level: 'info', event: 'journal-stop-waits', names: 3, atMostMs: 30_000 });
  expect(said).toEqual([
    '  The journal has writes of 3 keys for the store: the stop waits for it, at most 30 s (SION_DRAIN_MS).',
  ]);
  expect(news.left).toBeUndefined();
});

test('knows what was left only of a run that closed its journal', () => {
  const { news } = newsOf({ event: 'journal-closed', names: 2, inMemoryAlone: 1 });
  news.take('no log line');
  expect(news.left).toEqual({ waitingNames: 2, inMemoryAlone: 1 });
  news.begin();
  expect(news.left).toBeUndefined();
});

test.each([
  [{ waitingNames: 0, inMemoryAlone: 0 }, 'Stopped. Everything that store or journal acknowledged is in the store.'],
  [
    { waitingNames: 1, inMemoryAlone: 0 },
    'Stopped. Writes of 1 key wait in the journal in .sion/proxy; the next start there brings them to the store.',
  ],
  [
    { waitingNames: 0, inMemoryAlone: 5 },
    'Stopped. Everything that store or journal acknowledged is in the store. 5 keys that memory alone held (durability memory): gone.',
  ],
  [
    undefined,
    'Stopped. What store or journal acknowledged is in the store, or in the journal in .sion/proxy for the next start there. What memory alone held (durability memory) is gone.',
  ],
])('the last words when %j was left', (left, words) => {
  expect(stoppedWords(left, '.sion/proxy')).toBe(words);
});

test('a proxy that was asked to stop cut nothing off; one that was killed claims nothing of memory', () => {
  expect(proxyEndWords({ waitingNames: 0, inMemoryAlone: 1 }, true)).not.toContain('cut off');
  expect(proxyEndWords({ waitingNames: 4, inMemoryAlone: 0 }, true)).toContain('writes of 4 keys wait in the journal');
  expect(proxyEndWords(undefined, false)).toBe(
    'Requests under way were cut off; what store or journal acknowledged is kept; what memory alone held (durability memory) may be lost.',
  );
});

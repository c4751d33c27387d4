import { describe, expect, it } from 'vitest';
import { LearnedKeys } from './learned-keys.ts';

describe('keys that were learned of', () => {
  it('are those that were named, and those with a prefix that was', () => {
    const learned = new LearnedKeys();
    learned.add('a');
    learned.addPrefix('dir/');
    expect(['a', 'ab', 'dir/', 'dir/x', 'dir'].filter((key) => learned.has(key))).toEqual(['a', 'dir/', 'dir/x']);
    expect(learned.isFull).toBe(false);
  });

  it.each([
    ['keys', (learned: LearnedKeys, text: string) => learned.add(text)],
    ['prefixes', (learned: LearnedKeys, text: string) => learned.addPrefix(text)],
  ])('are all keys when there were too many %s', (_, note) => {
    const learned = new LearnedKeys({ maxKeys: 2, maxPrefixes: 2 });
    for (const text of ['a', 'b', 'a', 'b']) note(learned, text);
    expect([learned.isFull, learned.has('other')]).toEqual([false, false]);
    note(learned, 'c');
    expect([learned.isFull, learned.has('other')]).toEqual([true, true]);
    note(learned, 'd');
    expect(learned.has('other')).toBe(true);
  });
});

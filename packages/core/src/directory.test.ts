import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AbsentKeys, Directory } from './directory.ts';

interface Entry {
  readonly key: string;
  pinned: boolean;
}

function filled(keys: readonly string[]): Directory<Entry> {
  const directory = new Directory<Entry>(keys.length, (entry) => entry.pinned);
  for (const key of keys) directory.set(key, { key, pinned: false });
  return directory;
}

describe('the directory', () => {
  it('gives up what was not used since the hand passed', () => {
    const directory = filled(['a', 'b', 'c']);
    directory.get('a');
    expect(directory.coldest()?.key).toBe('b');
    directory.delete('b');
    expect(directory.coldest()?.key).toBe('c');
  });

  it('never gives up what is pinned or not eligible', () => {
    const directory = filled(['a', 'b']);
    for (const entry of directory.entries()) entry.pinned = true;
    expect(directory.coldest()).toBeUndefined();
    for (const entry of directory.entries()) entry.pinned = false;
    expect(directory.coldest((entry) => entry.key === 'b')?.key).toBe('b');
  });

  it('behaves like a map whatever is set, read and deleted', () => {
    const step = fc.tuple(fc.constantFrom('set', 'get', 'delete', 'evict'), fc.constantFrom('a', 'b', 'c', 'd', 'e'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const directory = new Directory<Entry>(5, () => false);
        const model = new Map<string, Entry>();
        for (const [action, key] of steps) {
          if (action === 'set') {
            const entry = { key, pinned: false };
            directory.set(key, entry);
            model.set(key, entry);
          } else if (action === 'get') {
            expect(directory.get(key)).toBe(model.get(key));
          } else if (action === 'delete') {
            expect(directory.delete(key)).toBe(model.delete(key));
          } else {
            const victim = directory.coldest();
            expect(victim === undefined).toBe(model.size === 0);
            if (victim !== undefined) {
              directory.delete(victim.key);
              model.delete(victim.key);
            }
          }
          expect(directory.size).toBe(model.size);
          expect(new Set(directory.entries())).toEqual(new Set(model.values()));
        }
      }),
    );
  });
});

describe('absent keys', () => {
  it('are remembered for their time and within their number', () => {
    const absent = new AbsentKeys(2, 100);
    absent.add('a', 0);
    absent.add('b', 0);
    expect(absent.has('a', 99)).toBe(true);
    expect(absent.has('a', 100)).toBe(false);
    absent.add('c', 0);
    absent.add('d', 0);
    expect([absent.has('b', 1), absent.has('c', 1), absent.has('d', 1)]).toEqual([false, true, true]);
    absent.remove('d');
    expect(absent.has('d', 1)).toBe(false);
  });
});

import { nullReply } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import type { Command } from './command.ts';
import { KeyTurns } from './key-turns.ts';

const base = { name: 'x', arity: 1, group: 'string', summary: '', since: '', run: () => nullReply } as const;
const commands: Record<'read' | 'ordered' | 'other', Command> = {
  read: { ...base, flags: ['readonly'] },
  ordered: { ...base, flags: ['write'], mutatesAtOnce: true },
  other: { ...base, flags: ['write'] },
};
type Kind = keyof typeof commands;

describe('KeyTurns', () => {
  const together: Record<Kind, readonly Kind[]> = { read: ['read'], ordered: ['ordered'], other: [] };
  const pairs = (Object.keys(commands) as Kind[]).flatMap((first) =>
    (Object.keys(commands) as Kind[]).map((second) => [first, second] as const),
  );

  it.each(pairs)('%s, then %s on the same key', (first, second) => {
    const turns = new KeyTurns();
    expect(turns.tryBegin(commands[first], { keys: ['k'] })).toBe(true);
    expect(turns.tryBegin(commands[second], { keys: ['other', 'k'] })).toBe(together[first].includes(second));
    turns.end(['k']);
    if (together[first].includes(second)) turns.end(['other', 'k']);
    expect(turns.tryBegin(commands.other, { keys: ['k', 'other'] })).toBe(true);
  });

  it('takes nothing when one key is not free, and counts a key that is named twice', () => {
    const turns = new KeyTurns();
    expect(turns.tryBegin(commands.other, { keys: ['a', 'a'] })).toBe(true);
    expect(turns.tryBegin(commands.read, { keys: ['b', 'a'] })).toBe(false);
    expect(turns.tryBegin(commands.other, { keys: ['b'] })).toBe(true);
    turns.end(['a', 'a']);
    expect(turns.tryBegin(commands.read, { keys: ['a'] })).toBe(true);
  });
});

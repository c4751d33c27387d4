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
    turns.end(commands[first], ['k']);
    if (together[first].includes(second)) turns.end(commands[second], ['other', 'k']);
    expect(turns.tryBegin(commands.other, { keys: ['k', 'other'] })).toBe(true);
  });

  it('takes nothing when one key is not free, and counts a key that is named twice', () => {
    const turns = new KeyTurns();
    expect(turns.tryBegin(commands.other, { keys: ['a', 'a'] })).toBe(true);
    expect(turns.tryBegin(commands.read, { keys: ['b', 'a'] })).toBe(false);
    expect(turns.tryBegin(commands.other, { keys: ['b'] })).toBe(true);
    turns.end(commands.other, ['a', 'a']);
    expect(turns.tryBegin(commands.read, { keys: ['a'] })).toBe(true);
  });

  it('lets a command on the whole keyspace run alone', () => {
    const whole: Command = { ...base, flags: ['readonly'], wholeKeyspace: true };
    const turns = new KeyTurns();
    expect(turns.tryBegin(commands.read, { keys: ['k'] })).toBe(true);
    expect(turns.tryBegin(whole, { keys: [] })).toBe(false);
    turns.end(commands.read, ['k']);
    expect(turns.tryBegin(whole, { keys: [] })).toBe(true);
    expect(turns.tryBegin(whole, { keys: [] })).toBe(false);
    expect(turns.tryBegin(commands.read, { keys: ['k'] })).toBe(false);
    expect(turns.tryBegin(commands.read, { keys: [] })).toBe(true);
    turns.end(whole, []);
    expect(turns.tryBegin(commands.other, { keys: ['k'] })).toBe(true);
  });
});

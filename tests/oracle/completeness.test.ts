/** The oracle leaves nothing out: every command, subcommand and option that SION's table knows occurs in a conversation. */
import { type Command, type CommandArgument, commands, documentOf } from '@sion/proxy';
import { expect, test } from 'vitest';
import { conversations } from './conversations/index.ts';
import { textOf } from './conversations/line.ts';

/** Each line's words, in capitals. */
const lines: readonly (readonly string[])[] = Object.entries(conversations)
  // What is generated from the table names everything, and says nothing of what a command does.
  .filter(([name]) => name !== 'descriptions')
  .flatMap(([, conversation]) => conversation.map((line) => textOf(line).toUpperCase().split(' ')));

const every: readonly Command[] = commands.flatMap((command) => [command, ...(command.subcommands ?? [])]);

/** The lines that ask for a command. */
function linesOf(name: string): readonly (readonly string[])[] {
  const words = name.toUpperCase().split('|');
  return lines.filter((line) => words.every((word, at) => line[at] === word));
}

function tokensOf(args: readonly CommandArgument[]): readonly string[] {
  return args.flatMap((argument) => [
    ...(argument.token === undefined ? [] : [argument.token]),
    ...tokensOf(argument.arguments ?? []),
  ]);
}

test.each(every.map(({ name }) => name))('%s', (name) => {
  const asked = linesOf(name);
  expect(asked.length, 'lines').toBeGreaterThan(0);
  const spoken = new Set(asked.flat());
  const tokens = tokensOf(documentOf(name).arguments ?? []);
  expect(tokens.filter((token) => !spoken.has(token.toUpperCase()))).toEqual([]);
  // Too few arguments, or too many, which each command must refuse.
  const command = every.find((each) => each.name === name);
  const isWrong = (count: number, arity: number) => (arity >= 0 ? count !== arity : count < -arity);
  const mayBeWrong = command !== undefined && command.arity !== -1 && !(command.arity === -2 && name.includes('|'));
  if (mayBeWrong)
    expect(
      asked.some((line) => isWrong(line.length, command.arity)),
      'a wrong number of arguments',
    ).toBe(true);
});

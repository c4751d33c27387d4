/** COMMAND: what this server's own table holds, in the shape in which Redis describes its commands. */
import { matchesGlob } from '@sion/core';
import { arrayReply, bulkReply, integerReply, mapReply, nullReply, type Reply, simpleReply } from '@sion/wire';
import type { Call, Command } from '../command.ts';
import { categoriesOf, describeCommand, documentCommand } from '../command-info.ts';
import { keyArguments } from '../command-table.ts';
import { ReplyError, syntaxError } from '../redis-errors.ts';

const serverFlags = ['loading', 'stale'] as const;

function named(args: readonly Buffer[], from: number): readonly string[] {
  return args.slice(from).map((argument) => argument.toString('latin1'));
}

const count: Command = {
  ...{ name: 'command|count', arity: 2, flags: serverFlags, group: 'server', complexity: 'O(1)' },
  summary: 'Get total number of Redis commands',
  since: '2.8.13',
  run: ({ front }) => integerReply(front.table.commands.length),
};

const info: Command = {
  ...{ name: 'command|info', arity: -2, flags: serverFlags, group: 'server' },
  summary: 'Get array of specific Redis command details, or all when no argument is given.',
  since: '2.8.13',
  complexity: 'O(N) where N is the number of commands to look up',
  tips: ['nondeterministic_output_order'],
  run({ args, front: { table } }) {
    if (args.length === 2) return arrayReply(table.commands.map(describeCommand));
    const found = named(args, 2).map((name): Reply => {
      const command = table.named(name);
      return command === undefined ? nullReply : describeCommand(command);
    });
    return arrayReply(found);
  },
};

const docs: Command = {
  ...{ name: 'command|docs', arity: -2, flags: serverFlags, group: 'server' },
  summary: 'Get array of specific Redis command documentation',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of commands to look up',
  tips: ['nondeterministic_output_order'],
  run({ args, front: { table } }) {
    const wanted = args.length === 2 ? table.commands : named(args, 2).flatMap((name) => table.named(name) ?? []);
    return mapReply(wanted.map((entry) => [entry.name, documentCommand(entry)] as const));
  },
};

const list: Command = {
  ...{ name: 'command|list', arity: -2, flags: serverFlags, group: 'server' },
  summary: 'Get an array of Redis command names',
  since: '7.0.0',
  complexity: 'O(N) where N is the total number of Redis commands',
  tips: ['nondeterministic_output_order'],
  run({ args, front: { table } }) {
    const isListed = readFilter(args);
    const all = table.commands.flatMap((command) => [command, ...(command.subcommands ?? [])]);
    return arrayReply(all.filter(isListed).map(({ name }) => bulkReply(name)));
  },
};

function readFilter(args: readonly Buffer[]): (command: Command) => boolean {
  if (args.length === 2) return () => true;
  const [filterBy, kind, value] = named(args, 2);
  if (args.length !== 5 || filterBy?.toLowerCase() !== 'filterby' || value === undefined) throw syntaxError();
  switch (kind?.toLowerCase()) {
    case 'module':
      return () => false;
    case 'aclcat':
      // Of a container, Redis lists what it contains.
      return (command) => command.subcommands === undefined && categoriesOf(command).includes(value.toLowerCase());
    case 'pattern':
      return ({ name }) => matchesGlob(value, name, true);
    default:
      throw syntaxError();
  }
}

const getKeys: Command = {
  ...{ name: 'command|getkeys', arity: -4, flags: serverFlags, group: 'server' },
  summary: 'Extract keys given a full Redis command',
  since: '2.8.13',
  complexity: 'O(N) where N is the number of arguments to the command',
  run: (call) => arrayReply(keysOfArguments(call).map(({ bytes }) => bulkReply(bytes))),
};

const getKeysAndFlags: Command = {
  ...{ name: 'command|getkeysandflags', arity: -4, flags: serverFlags, group: 'server' },
  summary: 'Extract keys and access flags given a full Redis command',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of arguments to the command',
  run: (call) =>
    arrayReply(
      keysOfArguments(call).map(({ bytes, flags }) =>
        arrayReply([bulkReply(bytes), { kind: 'set', items: flags.map(simpleReply) }]),
      ),
    ),
};

function keysOfArguments({ args, front: { table } }: Call) {
  const inner = args.slice(2);
  const found = table.find(inner, inner.length);
  const { command } = found;
  if (command === undefined) throw new ReplyError('ERR Invalid command specified');
  if (command.keys === undefined) throw new ReplyError('ERR The command has no key arguments');
  if (found.kind === 'refused') throw new ReplyError('ERR Invalid number of arguments specified for command');
  return keyArguments(command, inner);
}

const helpLines = [
  'COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  '(no subcommand)',
  '    Return details about all commands.',
  'COUNT',
  '    Return the total number of commands in this server.',
  'LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]',
  '    Return a list of all commands in this server.',
  'INFO [<command-name> ...]',
  '    Return details about multiple commands.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple commands.',
  'GETKEYS <full-command>',
  '    Return the keys from a full command.',
  'GETKEYSANDFLAGS <full-command>',
  '    Return the keys and the access flags from a full command.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'command|help', arity: 2, flags: serverFlags, group: 'server', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  since: '5.0.0',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** COMMAND [COUNT | INFO | DOCS | LIST | GETKEYS | GETKEYSANDFLAGS | HELP]: what this server's own table holds. */
export const command: Command = {
  name: 'command',
  arity: -1,
  flags: serverFlags,
  group: 'server',
  summary: 'Get array of Redis command details',
  since: '2.8.13',
  complexity: 'O(N) where N is the total number of Redis commands',
  tips: ['nondeterministic_output_order'],
  subcommands: [count, info, docs, list, getKeys, getKeysAndFlags, help],
  run: ({ front }) => arrayReply(front.table.commands.map(describeCommand)),
};

/** COMMAND: what this server's own table holds, in the shape in which Redis describes its commands. */
import { arrayReply, integerReply, mapReply, nullReply, type Reply, simpleReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { describeCommand, documentCommand } from '../command-info.ts';

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

const helpLines = [
  'COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  '(no subcommand)',
  '    Return details about all commands.',
  'COUNT',
  '    Return the total number of commands in this server.',
  'INFO [<command-name> ...]',
  '    Return details about multiple commands.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple commands.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'command|help', arity: 2, flags: serverFlags, group: 'server', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  since: '5.0.0',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** COMMAND [COUNT | INFO | DOCS | HELP]: what this server's own table holds. */
export const command: Command = {
  name: 'command',
  arity: -1,
  flags: serverFlags,
  group: 'server',
  summary: 'Get array of Redis command details',
  since: '2.8.13',
  complexity: 'O(N) where N is the total number of Redis commands',
  tips: ['nondeterministic_output_order'],
  subcommands: [count, info, docs, help],
  run: ({ front }) => arrayReply(front.table.commands.map(describeCommand)),
};

/** SLOWLOG: the last commands that took long. */
import { arrayReply, bulkReply, integerReply, okReply, type Reply, simpleReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { readInteger } from '../numbers.ts';
import { ReplyError, unfitSubcommand, wrongArity } from '../redis-errors.ts';
import type { SlowCommand } from '../slow-log.ts';

const common = {
  flags: ['admin', 'loading', 'stale'],
  group: 'server',
  since: '2.2.12',
  tips: ['request_policy:all_nodes'],
} as const satisfies Partial<Command>;

const defaultCount = 10n;

const get: Command = {
  ...common,
  name: 'slowlog|get',
  arity: -2,
  summary: "Get the slow log's entries",
  complexity: 'O(N) where N is the number of entries returned',
  tips: [...common.tips, 'nondeterministic_output'],
  run({ args, front }) {
    if (args.length > 3) throw unfitSubcommand('slowlog', args[1]);
    const count = args.length > 2 ? readInteger(args[2]) : defaultCount;
    if (count === undefined || count < -1n) {
      throw new ReplyError('ERR count should be greater than or equal to -1');
    }
    return arrayReply(front.slowLog.newest(Number(count)).map(entryReply));
  },
};

function entryReply({ id, wallSeconds, micros, args, remote, name }: SlowCommand): Reply {
  const numbers = [id, wallSeconds, micros].map(integerReply);
  return arrayReply([...numbers, arrayReply(args.map(bulkReply)), bulkReply(remote), bulkReply(name)]);
}

const len: Command = {
  ...common,
  name: 'slowlog|len',
  arity: 2,
  summary: "Get the slow log's length",
  complexity: 'O(1)',
  tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
  run: ({ front }) => integerReply(front.slowLog.length),
};

const reset: Command = {
  ...common,
  name: 'slowlog|reset',
  arity: 2,
  summary: 'Clear all entries from the slow log',
  complexity: 'O(N) where N is the number of entries in the slowlog',
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  run({ front }) {
    front.slowLog.clear();
    return okReply;
  },
};

const helpLines = [
  'SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GET [<count>]',
  '    Return top <count> entries from the slowlog (default: 10, -1 mean all).',
  '    Entries are made of:',
  '    id, timestamp, time in microseconds, arguments array, client IP and port,',
  '    client name',
  'LEN',
  '    Return the length of the slowlog.',
  'RESET',
  '    Reset the slowlog.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'slowlog|help', arity: 2, flags: ['loading', 'stale'], group: 'server', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  since: '6.2.0',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** SLOWLOG GET | LEN | RESET | HELP */
export const slowlog: Command = {
  name: 'slowlog',
  arity: -2,
  flags: [],
  group: 'server',
  summary: 'A container for slow log commands',
  since: '2.2.12',
  complexity: 'Depends on subcommand.',
  subcommands: [get, len, reset, help],
  run: () => {
    throw wrongArity('slowlog');
  },
};

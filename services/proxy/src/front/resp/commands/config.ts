/** CONFIG: SION's settings in Redis's names, for clients that look; some can be set for the time that the proxy runs. */
import { matchesGlob } from '@sion/core';
import { arrayReply, bulkReply, mapReply, okReply, simpleReply } from '@sion/wire';
import type { Command, Front } from '../command.ts';
import { parameters, setParameters } from '../configuration.ts';
import { ReplyError, syntaxError, wrongArity } from '../redis-errors.ts';

const flags = ['admin', 'noscript', 'loading', 'stale'] as const;

const get: Command = {
  ...{ name: 'config|get', arity: -3, flags, group: 'server' },
  summary: 'Get the values of configuration parameters',
  since: '2.0.0',
  complexity: 'O(N) when N is the number of configuration parameters provided',
  run({ args, front }) {
    const wanted = new Map<string, string>();
    for (const argument of args.slice(2)) {
      for (const [name, value] of matching(argument.toString('latin1'), front)) wanted.set(name, value);
    }
    return mapReply([...wanted].map(([name, value]) => [name, bulkReply(value)] as const));
  },
};

/** What a pattern finds. As in Redis, a plain name comes back as the client wrote it. */
function matching(pattern: string, front: Front): readonly (readonly [string, string])[] {
  const lower = pattern.toLowerCase();
  if (/[[*?]/.test(pattern)) {
    const found = parameters.filter(({ name }) => matchesGlob(lower, name));
    return found.map((parameter) => [parameter.name, parameter.read(front)] as const);
  }
  return parameters.filter(({ name }) => name === lower).map((parameter) => [pattern, parameter.read(front)] as const);
}

const set: Command = {
  ...{ name: 'config|set', arity: -4, flags, group: 'server' },
  summary: 'Set configuration parameters to the given values',
  since: '2.0.0',
  complexity: 'O(N) when N is the number of configuration parameters provided',
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  run({ args, front }) {
    if (args.length % 2 !== 0) throw syntaxError();
    setParameters(front, args.slice(2));
    return okReply;
  },
};

const resetStat: Command = {
  ...{ name: 'config|resetstat', arity: 2, flags, group: 'server', complexity: 'O(1)' },
  summary: 'Reset the stats returned by INFO',
  since: '2.0.0',
  run({ front }) {
    front.traffic.reset(front.status.status().totals);
    return okReply;
  },
};

const rewrite: Command = {
  ...{ name: 'config|rewrite', arity: 2, flags, group: 'server', complexity: 'O(1)' },
  summary: 'Rewrite the configuration file with the in memory configuration',
  since: '2.8.0',
  run() {
    throw new ReplyError('ERR The server is running without a config file');
  },
};

const helpLines = [
  'CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'SET <directive> <value>',
  '    Set the configuration <directive> to <value>.',
  'RESETSTAT',
  '    Reset statistics reported by the INFO command.',
  'REWRITE',
  '    Rewrite the configuration file.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'config|help', arity: 2, flags: ['loading', 'stale'], group: 'server', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  since: '5.0.0',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** CONFIG GET | SET | RESETSTAT | REWRITE | HELP */
export const config: Command = {
  name: 'config',
  arity: -2,
  flags: [],
  group: 'server',
  summary: 'A container for server configuration commands',
  since: '2.0.0',
  complexity: 'Depends on subcommand.',
  subcommands: [get, set, resetStat, rewrite, help],
  run: () => {
    throw wrongArity('config');
  },
};

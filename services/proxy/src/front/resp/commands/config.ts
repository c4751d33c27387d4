/** CONFIG: SION's settings in Redis's names, for clients that look; to read only. */
import { matchesGlob } from '@sion/core';
import { arrayReply, bulkReply, mapReply, simpleReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { configuration } from '../configuration.ts';
import { wrongArity } from '../redis-errors.ts';

const flags = ['admin', 'noscript', 'loading', 'stale'] as const;

const get: Command = {
  ...{ name: 'config|get', arity: -3, flags, group: 'server' },
  summary: 'Get the values of configuration parameters',
  since: '2.0.0',
  complexity: 'O(N) when N is the number of configuration parameters provided',
  run({ args, front }) {
    const parameters = configuration(front);
    const wanted = new Map<string, string>();
    for (const argument of args.slice(2)) {
      for (const [name, value] of matching(argument.toString('latin1'), parameters)) wanted.set(name, value);
    }
    return mapReply([...wanted].map(([name, value]) => [name, bulkReply(value)] as const));
  },
};

/** What a pattern finds. As in Redis, a plain name comes back as the client wrote it. */
function matching(pattern: string, parameters: ReturnType<typeof configuration>) {
  const lower = pattern.toLowerCase();
  if (/[[*?]/.test(pattern)) return parameters.filter(([name]) => matchesGlob(lower, name));
  return parameters.filter(([name]) => name === lower).map(([, value]) => [pattern, value] as const);
}

const helpLines = [
  'CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'config|help', arity: 2, flags: ['loading', 'stale'], group: 'server', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  since: '5.0.0',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** CONFIG GET | HELP: settings are SION's own (SION_…); here they are told in Redis's names. */
export const config: Command = {
  name: 'config',
  arity: -2,
  flags: [],
  group: 'server',
  summary: 'A container for server configuration commands',
  since: '2.0.0',
  complexity: 'Depends on subcommand.',
  subcommands: [get, help],
  run: () => {
    throw wrongArity('config');
  },
};

/** SION: commands that Redis does not have. */
import { arrayReply, bulkReply, okReply, simpleReply } from '@sion/wire';
import { isDurability } from '../../../objects/durability.ts';
import type { Command } from '../command.ts';
import { ReplyError, wrongArity } from '../redis-errors.ts';

const flags = ['loading', 'stale', 'fast'] as const;

const durability: Command = {
  ...{ name: 'sion|durability', arity: -2, flags, group: 'connection', since: '7.0.0', complexity: 'O(1)' },
  summary: 'Choose when writes of this connection are acknowledged, or tell what was chosen',
  run({ args, client }) {
    if (args.length > 3) throw wrongArity('sion|durability');
    if (args.length === 2) return bulkReply(client.durability);
    const mode = args[2]?.toString('latin1') ?? '';
    const wanted = mode.toLowerCase();
    if (!isDurability(wanted)) {
      throw new ReplyError(`ERR durability '${mode}' is unknown; use SION DURABILITY store, journal or memory`);
    }
    client.durability = wanted;
    return okReply;
  },
};

const helpLines = [
  'SION <subcommand> [<arg>]. Subcommands are:',
  'DURABILITY [store|journal|memory]',
  '    Acknowledge writes of this connection once the store has confirmed them, once they are durable in the',
  '    journal of the proxy, or once functions hold them, and nothing else does (a cache). Without a mode: tell the present one.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'sion|help', arity: 2, flags, group: 'connection', since: '7.0.0', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** SION DURABILITY [mode] | HELP: what Redis has no command for. */
export const sion: Command = {
  name: 'sion',
  arity: -2,
  flags: [],
  group: 'connection',
  summary: 'A container for commands of SION itself',
  since: '7.0.0',
  complexity: 'Depends on subcommand.',
  subcommands: [durability, help],
  run: () => {
    throw wrongArity('sion');
  },
};

/**
 * What COMMAND INFO and COMMAND DOCS say of each command, from SION's own table: a new command is compared without being
 * named here. Of containers only the parts are compared, for each server has an order of its own.
 */
import { type Command, commands } from '@sion/proxy';
import { type Conversation, differs, kind } from './line.ts';

/** What Redis 7.0 does not have. */
const unknownToRedis = ['sion', 'client|setinfo', 'client|no-touch'];

/** Redis tells of lists and threads there, or of what it costs in one process's memory. */
const ownWords = [
  ...['del', 'unlink', 'append', 'setrange', 'getrange', 'substr', 'copy', 'rename', 'renamenx'],
  ...['scan', 'dbsize', 'randomkey'],
];

function describe(command: Command): Conversation {
  if (unknownToRedis.includes(command.name)) return [];
  const lines = [`COMMAND INFO ${command.name}`, `COMMAND DOCS ${command.name}`];
  if (ownWords.includes(command.name)) {
    return [
      `COMMAND INFO ${command.name}`,
      differs(`COMMAND DOCS ${command.name}`, 'of what it costs it tells what is true here'),
    ];
  }
  if (command.subcommands === undefined) return lines;
  const parts = command.subcommands.flatMap(describe);
  return [...lines.map((line) => kind(line, 'the order of subcommands')), ...parts];
}

export const descriptions: Conversation = commands.flatMap(describe);

/** Commands as COMMAND INFO and COMMAND DOCS describe them, in Redis 7.0's shape. */
import { arrayReply, bulkReply, integerReply, mapReply, type Reply, simpleReply } from '@sion/wire';
import type { Command, KeyPositions } from './command.ts';

/** One element of COMMAND's reply. */
export function describeCommand(command: Command): Reply {
  const { keys } = command;
  return arrayReply([
    bulkReply(command.name),
    integerReply(command.arity),
    setOf(command.flags),
    integerReply(keys?.first ?? 0),
    integerReply(keys?.last ?? 0),
    integerReply(keys?.step ?? 0),
    setOf(categoriesOf(command).map((category) => `@${category}`)),
    { kind: 'set', items: (command.tips ?? []).map(bulkReply) },
    { kind: 'set', items: keys === undefined ? [] : [describeKeys(keys)] },
    { kind: 'set', items: (command.subcommands ?? []).map(describeCommand) },
  ]);
}

/** The value of a command in COMMAND DOCS's reply. */
export function documentCommand(command: Command): Reply {
  const subcommands = command.subcommands ?? [];
  return mapReply([
    ['summary', bulkReply(command.summary)],
    ['since', bulkReply(command.since)],
    ['group', bulkReply(command.group)],
    ...(command.complexity === undefined ? [] : [['complexity', bulkReply(command.complexity)] as const]),
    ...(subcommands.length === 0
      ? []
      : [['subcommands', mapReply(subcommands.map((each) => [each.name, documentCommand(each)] as const))] as const]),
  ]);
}

function setOf(names: readonly string[]): Reply {
  return { kind: 'set', items: names.map(simpleReply) };
}

/** Where keys are, as Redis's key specifications say it: `last` counts from the first key there. */
function describeKeys(keys: KeyPositions): Reply {
  const range = mapReply([
    ['lastkey', integerReply(keys.last < 0 ? keys.last : keys.last - keys.first)],
    ['keystep', integerReply(keys.step)],
    ['limit', integerReply(0)],
  ]);
  return mapReply([
    ...(keys.notes === undefined ? [] : [['notes', bulkReply(keys.notes)] as const]),
    ['flags', setOf(keys.flags)],
    ['begin_search', search('index', mapReply([['index', integerReply(keys.first)]]))],
    ['find_keys', search('range', range)],
  ]);
}

function search(type: string, spec: Reply): Reply {
  return mapReply([
    ['type', bulkReply(type)],
    ['spec', spec],
  ]);
}

/** ACL categories, in Redis's order; they follow from group and flags. */
function categoriesOf(command: Command): readonly string[] {
  const { flags, group } = command;
  const isAdmin = flags.includes('admin');
  const isFast = flags.includes('fast');
  const categories: readonly (readonly [string, boolean])[] = [
    ['keyspace', group === 'generic'],
    ['read', flags.includes('readonly')],
    ['write', flags.includes('write')],
    ['string', group === 'string'],
    ['admin', isAdmin],
    ['fast', isFast],
    ['slow', !isFast],
    ['dangerous', isAdmin || command.name === 'info'],
    ['connection', hasConnectionCategory(command)],
  ];
  return categories.flatMap(([name, applies]) => (applies ? [name] : []));
}

/** Redis gives containers of the connection group none, and COMMAND one although it is of the server group. */
function hasConnectionCategory({ name, group, subcommands }: Command): boolean {
  if (name === 'command' || name.startsWith('command|')) return true;
  return group === 'connection' && subcommands === undefined;
}

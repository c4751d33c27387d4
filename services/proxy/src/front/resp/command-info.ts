/** Commands as COMMAND INFO and COMMAND DOCS describe them, in Redis 7.0's shape. */
import { arrayReply, bulkReply, integerReply, mapReply, type Reply, simpleReply } from '@sion/wire';
import type { Command, KeyPositions } from './command.ts';
import type { CommandArgument } from './documents/argument.ts';
import { documentOf } from './documents/index.ts';

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
    { kind: 'set', items: keys === undefined ? [] : (keys.specifications ?? [keys]).map(describeKeys) },
    { kind: 'set', items: (command.subcommands ?? []).map(describeCommand) },
  ]);
}

/** The value of a command in COMMAND DOCS's reply. */
export function documentCommand(command: Command): Reply {
  const subcommands = command.subcommands ?? [];
  const { docFlags, deprecatedSince, replacedBy, history, arguments: args } = documentOf(command.name);
  return mapReply([
    ['summary', bulkReply(command.summary)],
    ['since', bulkReply(command.since)],
    ['group', bulkReply(command.group)],
    ...(command.complexity === undefined ? [] : [['complexity', bulkReply(command.complexity)] as const]),
    ...(docFlags === undefined ? [] : [['doc_flags', setOf(docFlags)] as const]),
    ...texts({ deprecated_since: deprecatedSince, replaced_by: replacedBy }),
    ...(history === undefined ? [] : [['history', historyReply(history)] as const]),
    ...(args === undefined ? [] : [['arguments', arrayReply(args.map(documentArgument))] as const]),
    ...(subcommands.length === 0
      ? []
      : [['subcommands', mapReply(subcommands.map((each) => [each.name, documentCommand(each)] as const))] as const]),
  ]);
}

function historyReply(history: readonly (readonly [string, string])[]): Reply {
  return { kind: 'set', items: history.map((entry) => arrayReply(entry.map(bulkReply))) };
}

function documentArgument(argument: CommandArgument): Reply {
  const { name, type, keySpecIndex, token, since, deprecatedSince, flags, arguments: parts } = argument;
  return mapReply([
    ...texts({ name, type }),
    ...(keySpecIndex === undefined ? [] : [['key_spec_index', integerReply(keySpecIndex)] as const]),
    ...texts({ token, since, deprecated_since: deprecatedSince }),
    ...(flags === undefined ? [] : [['flags', setOf(flags)] as const]),
    ...(parts === undefined ? [] : [['arguments', arrayReply(parts.map(documentArgument))] as const]),
  ]);
}

/** Those that are there. */
function texts(fields: Readonly<Record<string, string | undefined>>): readonly (readonly [string, Reply])[] {
  return Object.entries(fields).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, bulkReply(text)] as const],
  );
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

/** ACL categories, in Redis's order; most follow from group and flags. */
export function categoriesOf(command: Command): readonly string[] {
  const { flags, group } = command;
  const isAdmin = flags.includes('admin');
  const isFast = flags.includes('fast');
  const categories: readonly (readonly [string, boolean])[] = [
    ['keyspace', isOnKeyspace(command) || has(command, 'keyspace')],
    ['read', flags.includes('readonly')],
    ['write', flags.includes('write')],
    ['string', group === 'string'],
    ['admin', isAdmin],
    ['fast', isFast],
    ['slow', !isFast],
    ['blocking', flags.includes('blocking')],
    ['dangerous', isAdmin || has(command, 'dangerous')],
    ['connection', hasConnectionCategory(command) || has(command, 'connection')],
  ];
  return categories.flatMap(([name, applies]) => (applies ? [name] : []));
}

/** WAIT is of the generic group, and on no keys; what Redis gives containers, only their parts have here. */
function isOnKeyspace({ name, group, subcommands }: Command): boolean {
  return group === 'generic' && subcommands === undefined && name !== 'wait';
}

function has({ categories = [] }: Command, category: NonNullable<Command['categories']>[number]): boolean {
  return categories.includes(category);
}

/** Redis gives containers of the connection group none, and COMMAND one although it is of the server group. */
function hasConnectionCategory({ name, group, subcommands }: Command): boolean {
  if (name === 'command' || name.startsWith('command|')) return true;
  return group === 'connection' && subcommands === undefined;
}
